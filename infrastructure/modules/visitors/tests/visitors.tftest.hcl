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
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-visitors"
  }
}

variables {
  partition             = "aws"
  region                = "eu-central-1"
  account_id            = "123456789012"
  prefix                = "rivulet-test"
  key_arn               = "arn:aws:kms:eu-central-1:123456789012:key/none"
  campaign_arn          = "arn:aws:personalize:eu-central-1:123456789012:campaign/rivulet-test-user-personalization"
  tracking_id_parameter = "/rivulet/test/tracking-id"
  event_type            = "Like"
  alarm_topic_arn       = "arn:aws:sns:eu-central-1:123456789012:alarms"
  runbooks_url          = "https://example.com/runbooks"
  log_retention_days    = 30
}

run "it_writes_and_asks_what_is_its_own_and_logs_no_visitor" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Action => flatten([statement.Resource])
      if startswith(flatten([statement.Action])[0], "personalize:")
      } == {
      "personalize:PutUsers"  = ["arn:aws:personalize:eu-central-1:123456789012:dataset/rivulet-test/USERS"]
      "personalize:PutEvents" = ["*"]
      "personalize:GetRecommendations" = [
        "arn:aws:personalize:eu-central-1:123456789012:filter/rivulet-test-*",
        "arn:aws:personalize:eu-central-1:123456789012:campaign/rivulet-test-user-personalization",
      ]
    }
    error_message = "The state machine may write users of, or ask, another environment."
  }

  assert {
    condition     = one(aws_sfn_state_machine.this.logging_configuration).level == "ALL" && one(aws_sfn_state_machine.this.logging_configuration).include_execution_data == false
    error_message = "The log contains what visitors state and choose."
  }

  assert {
    condition     = jsondecode(local.definition).States.Ask.Resource == "arn:aws:states:::aws-sdk:personalizeruntime:getRecommendations" && jsondecode(local.definition).States.PutUser.Arguments.DatasetArn == local.users_dataset_arn
    error_message = "The definition asks or writes otherwise."
  }

  assert {
    condition     = toset(keys(output.alarms)) == toset(["visitors-failed", "visitors-timed-out"])
    error_message = "A failed execution raises no alarm."
  }

  assert {
    condition     = jsondecode(local.definition).TimeoutSeconds > 4 * 63 + jsondecode(local.definition).States.WaitForEffect.Seconds
    error_message = "An execution can time out while one of its calls is retried."
  }
}
