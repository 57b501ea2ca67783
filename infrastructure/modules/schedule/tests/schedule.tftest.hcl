# The real provider without a network.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  partition         = "aws"
  region            = "eu-central-1"
  account_id        = "123456789012"
  prefix            = "rivulet-test"
  name              = "rivulet-test-train"
  state_machine_arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"
  key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/none"
  schedules         = { train = { expression = "cron(0 2 * * ? *)", description = "Trains", input = {} } }
  alarm             = { name = "training-not-started", runbook = "training-overdue", topic_arn = "arn:aws:sns:eu-central-1:123456789012:alarms", runbooks_url = "https://example.com/runbooks" }
}

run "it_may_start_this_state_machine_only" {
  command = plan

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource if contains(flatten([statement.Action]), "states:StartExecution")
    ]) == [var.state_machine_arn]
    error_message = "The schedule may start other state machines."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource if contains(flatten([statement.Action]), "sqs:SendMessage")
    ]) == ["arn:aws:sqs:eu-central-1:123456789012:${aws_sqs_queue.this.name}"]
    error_message = "An execution that cannot be started is not reported to the schedule's queue."
  }

  assert {
    condition     = aws_scheduler_schedule.this["train"].name == "rivulet-test-train" && length(one(aws_scheduler_schedule.this["train"].target).dead_letter_config) == 1 && aws_sqs_queue.this.kms_master_key_id == var.key_arn
    error_message = "An execution that cannot be started leaves no trace, or an unencrypted one."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_sqs_queue_policy.this.policy).Statement : jsonencode([statement.Effect, statement.Action, statement.Principal, statement.Condition])
    ] == [jsonencode(["Deny", "sqs:*", "*", { Bool = { "aws:SecureTransport" = "false" } }])]
    error_message = "The queue accepts requests without TLS."
  }
}

run "an_expression_without_a_form_is_refused" {
  command = plan

  variables {
    schedules = { train = { expression = "daily", description = "Trains", input = {} } }
  }

  expect_failures = [var.schedules]
}

run "a_cron_without_a_year_is_refused" {
  command = plan

  variables {
    schedules = { train = { expression = "cron(0 2 * * *)", description = "Trains", input = {} } }
  }

  expect_failures = [var.schedules]
}

run "a_cron_with_both_days_is_refused" {
  command = plan

  variables {
    schedules = { train = { expression = "cron(0 2 * * * *)", description = "Trains", input = {} } }
  }

  expect_failures = [var.schedules]
}
