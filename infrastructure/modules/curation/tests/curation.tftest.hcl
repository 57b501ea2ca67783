# The real provider without a network.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target          = aws_sfn_state_machine.this
  override_during = plan
  values = {
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-curate"
  }
}

variables {
  partition          = "aws"
  region             = "eu-central-1"
  account_id         = "123456789012"
  prefix             = "rivulet-test"
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/none"
  glue_job_name      = "rivulet-test-curate"
  timeout_minutes    = 60
  alarm_topic_arn    = "arn:aws:sns:eu-central-1:123456789012:alarms"
  runbooks_url       = "https://example.com/runbooks"
  log_retention_days = 30
}

run "nothing_is_scheduled_and_expected_by_default" {
  command = plan

  assert {
    condition     = length(module.schedule) == 0 && toset(keys(output.alarms)) == toset(["curation-failed", "curation-timed-out"])
    error_message = "A run that is billed is scheduled by default, or expected."
  }
}

run "it_runs_its_own_job_only" {
  command = plan

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource if contains(flatten([statement.Action]), "glue:StartJobRun")
    ]) == ["arn:aws:glue:eu-central-1:123456789012:job/rivulet-test-curate"]
    error_message = "The state machine may run other jobs."
  }

  assert {
    condition     = one(values(jsondecode(aws_sfn_state_machine.this.definition).States)).Arguments.JobName == "rivulet-test-curate" && jsondecode(aws_sfn_state_machine.this.definition).TimeoutSeconds == 3600
    error_message = "The state machine runs another job, or has another timeout."
  }
}

run "each_schedule_gives_the_hours_that_it_reads" {
  command = plan

  variables {
    schedules = {
      daytime = { expression = "cron(20 * * * ? *)", hours = 3 }
      nightly = { expression = "cron(40 0 * * ? *)", hours = 50 }
    }
  }

  assert {
    condition     = module.schedule[0].inputs == { "rivulet-test-curate-daytime" = { hours = "3" }, "rivulet-test-curate-nightly" = { hours = "50" } }
    error_message = "A schedule starts an execution without its window."
  }

  assert {
    condition     = toset(keys(output.alarms)) == toset(["curation-failed", "curation-not-started", "curation-overdue", "curation-timed-out"])
    error_message = "A curation that does not run raises no alarm."
  }
}

run "schedules_that_never_read_late_files_are_refused" {
  command = plan

  variables {
    schedules = { daytime = { expression = "cron(20 * * * ? *)", hours = 3 } }
  }

  expect_failures = [var.schedules]
}
