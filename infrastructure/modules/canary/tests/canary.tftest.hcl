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
  partition            = "aws"
  region               = "eu-central-1"
  account_id           = "123456789012"
  prefix               = "rivulet-test"
  key_arn              = "arn:aws:kms:eu-central-1:123456789012:key/none"
  api_url              = "https://api.example.com/v1"
  api_key_parameter    = "/rivulet/test/secrets/canary"
  asks_recommendations = true
  archives_directory   = "../../tests/archives/lambda"
  archive_bucket       = "rivulet-test-artifacts"
  runtime              = "python3.13"
  architecture         = "arm64"
  metrics_namespace    = "rivulet-test"
  alarm_topic_arn      = "arn:aws:sns:eu-central-1:123456789012:rivulet-test-alarms"
  runbooks_url         = "deployment/runbooks"
  log_retention_days   = 30
  log_level            = "INFO"
}

run "its_role_reads_its_own_key_only" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.function.json).Statement :
      "${statement.Action} ${statement.Resource} ${jsonencode(try(statement.Condition.StringEquals, null))}"
      ] == [
      "ssm:GetParameter arn:aws:ssm:eu-central-1:123456789012:parameter/rivulet/test/secrets/canary null",
      "kms:Decrypt arn:aws:kms:eu-central-1:123456789012:key/none {\"kms:EncryptionContext:PARAMETER_ARN\":\"arn:aws:ssm:eu-central-1:123456789012:parameter/rivulet/test/secrets/canary\"}",
    ]
    error_message = "The canary may read other keys, or not its own."
  }

  assert {
    condition     = [for statement in jsondecode(data.aws_iam_policy_document.schedule.json).Statement : "${statement.Action} ${statement.Resource}"] == ["lambda:InvokeFunction arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-canary", "kms:Decrypt arn:aws:kms:eu-central-1:123456789012:key/none"]
    error_message = "The schedule may invoke others, or not the canary."
  }
}

run "silence_alarms_and_a_late_call_is_not_made" {
  command = plan

  assert {
    condition     = contains(output.alarm_names, "rivulet-test-canary") && module.alarms.alarms["canary"].treat_missing_data == "breaching"
    error_message = "A canary that does not run raises no alarm."
  }

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "rate(5 minutes)" && aws_scheduler_schedule.this.target[0].retry_policy[0].maximum_retry_attempts == 0
    error_message = "The calls are not those that the alarm and no-requests count on."
  }
}
