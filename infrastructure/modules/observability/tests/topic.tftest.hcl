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
  functions            = {}
  metrics_namespace    = "Rivulet"
  stream_name          = "rivulet-test-events"
  delivery_stream_name = "rivulet-test-lake"
  served_lists_stream  = "rivulet-test-served-lists"
  workgroup_name       = "rivulet-test"
  state_machine_arn    = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"
  api                  = { name = "rivulet-test", stage = "v1" }
  tables               = { history = "rivulet-test-history", answers = "rivulet-test-answers" }
  campaign_arns        = { popular = "arn:aws:personalize:eu-central-1:123456789012:campaign/rivulet-test-popular", ranking = "arn:aws:personalize:eu-central-1:123456789012:campaign/rivulet-test-ranking" }
  runbooks_url         = "deployment/runbooks"
  signs_of_life        = { events_minutes = 30, files_minutes = 60, requests_minutes = 30, training_days = 2 }

  thresholds = {
    lake_lag_seconds = 900, bad_events = 100, failed_requests = 5, latency_milliseconds = 1000, failed_calls_percent = 50
    stand_in_percent = 5, update_seconds = 30, model_age_days = 14, accuracy_drop_percent = 10, lost_lists_percent = 5, scanned_gigabytes = 100
  }
}

run "only_alarms_and_budgets_of_this_account_may_publish" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.topic.json).Statement :
      "${join(" ", sort(statement.Principal.Service))} for ${statement.Condition.StringEquals["aws:SourceAccount"]}" if statement.Effect == "Allow"
    ] == ["budgets.amazonaws.com cloudwatch.amazonaws.com for 123456789012"]
    error_message = "Others may publish alarms."
  }
}

run "the_assertion_above_detects_another_account" {
  command = plan

  variables {
    account_id = "999999999999"
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.topic.json).Statement : statement.Condition.StringEquals["aws:SourceAccount"] if statement.Effect == "Allow"
    ] != ["123456789012"]
    error_message = "Another account is not detected."
  }
}
