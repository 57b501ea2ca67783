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
  prefix       = "rivulet-test"
  topic_arn    = "arn:aws:sns:eu-central-1:123456789012:rivulet-test-alarms"
  runbooks_url = "https://example.com/runbooks"

  alarms = {
    errors = {
      kind = "count", description = "It failed.", runbook = "function", namespace = "AWS/Lambda", metric = "Errors",
    }
    no-events = {
      kind = "sign_of_life", threshold = 1, description = "Nothing arrives.", runbook = "no-events", namespace = "AWS/Kinesis", metric = "IncomingRecords",
    }
    lag = {
      kind   = "gauge", beside = "no-events", description = "It is late.", runbook = "stream-behind", namespace = "AWS/Lambda",
      metric = "IteratorAge", statistic = "p99", threshold = 60000, periods = 3, datapoints = 2,
    }
    share = {
      kind       = "count", description = "A share.", runbook = "stand-ins", threshold = 5, period = 60,
      expression = "100 * FILL(bad, 0) / total",
      metrics = {
        bad   = { namespace = "Rivulet", metric = "bad", dimensions = { service = "collect" } }
        total = { namespace = "Rivulet", metric = "received", dimensions = { service = "collect" } }
      }
    }
  }
}

run "silence_alarms_for_a_sign_of_life_only" {
  command = plan

  assert {
    condition = { for name, alarm in output.alarms : name => "${alarm.comparison_operator} ${alarm.threshold}, ${alarm.treat_missing_data}" } == {
      errors    = "GreaterThanThreshold 0, notBreaching"
      no-events = "LessThanThreshold 1, breaching"
      lag       = "GreaterThanThreshold 60000, notBreaching"
      share     = "GreaterThanThreshold 5, notBreaching"
    }
    error_message = "Missing data are not treated by the kind of the alarm."
  }

  assert {
    condition = alltrue([
      output.alarms["lag"].extended_statistic == "p99", output.alarms["lag"].statistic == null, output.alarms["errors"].statistic == "Sum",
      output.alarms["lag"].datapoints_to_alarm == 2, output.alarms["errors"].datapoints_to_alarm == 1,
      output.alarms["share"].period == null, [for query in output.alarms["share"].metric_query : query.id if query.return_data == true] == ["result"],
      length(output.alarms["share"].metric_query) == 3,
    ])
    error_message = "A statistic, or an expression over metrics, is not what the alarm has."
  }

  assert {
    condition     = alltrue([for alarm in output.alarms : alarm.alarm_actions == toset([var.topic_arn]) && endswith(alarm.alarm_description, ".md")]) && endswith(output.alarms["errors"].alarm_description, "Runbook: https://example.com/runbooks/function.md")
    error_message = "An alarm does not notify the topic, or links no runbook."
  }
}

run "a_gauge_without_a_sign_of_life_is_refused" {
  command = plan

  variables {
    alarms = { lag = { kind = "gauge", description = "It is late.", runbook = "stream-behind", namespace = "AWS/Lambda", metric = "IteratorAge" } }
  }

  expect_failures = [var.alarms]
}

run "a_longer_look_back_than_cloudwatch_has_is_refused" {
  command = plan

  variables {
    alarms = { slow = { kind = "count", description = "It failed.", runbook = "function", namespace = "AWS/Lambda", metric = "Errors", periods = 289 } }
  }

  expect_failures = [var.alarms]
}
