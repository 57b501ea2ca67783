# The real provider without a network; topic.tftest.hcl reads the topic's policy.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target          = aws_sns_topic.this
  override_during = plan
  values = {
    arn = "arn:aws:sns:eu-central-1:123456789012:rivulet-test-alarms"
  }
}

override_resource {
  target          = module.alarms.aws_cloudwatch_metric_alarm.this
  override_during = plan
  values = {
    arn = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:a"
  }
}

variables {
  partition            = "aws"
  region               = "eu-central-1"
  account_id           = "123456789012"
  prefix               = "rivulet-test"
  key_arn              = "arn:aws:kms:eu-central-1:123456789012:key/none"
  functions            = { collect = "rivulet-test-collect", train = "rivulet-test-train" }
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

run "one_unaccounted_event_raises_an_alarm_immediately" {
  command = plan

  assert {
    condition = alltrue([
      module.alarms.alarms["collect-unaccounted"].threshold == 0,
      module.alarms.alarms["collect-unaccounted"].evaluation_periods == 1,
      module.alarms.alarms["collect-unaccounted"].dimensions == tomap({ service = "collect" }),
    ])
    error_message = "An unaccounted event raises no alarm, or a delayed one."
  }

  assert {
    condition     = module.alarms.alarms["stream-unread"].threshold == 900000 && module.alarms.alarms["lake-lag"].threshold == 900
    error_message = "The threshold is not in milliseconds for Kinesis and seconds for Firehose."
  }
}

run "every_alarm_notifies_the_topic_and_has_a_description" {
  command = plan

  assert {
    condition = alltrue([
      for alarm in values(module.alarms.alarms) :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:rivulet-test-alarms"]) && length(alarm.alarm_description) > 20
    ])
    error_message = "An alarm does not notify the topic, or has no description."
  }

  assert {
    condition = {
      for name, alarm in module.alarms.alarms : name => "${alarm.evaluation_periods} x ${alarm.period} s" if alarm.treat_missing_data == "breaching"
    } == { no-events = "6 x 300 s", no-files = "12 x 300 s", no-requests = "6 x 300 s", training-overdue = "48 x 3600 s" }
    error_message = "Silence raises no alarm, or another than it should."
  }
}

run "an_environment_without_constant_traffic_has_no_signs_of_life" {
  command = plan

  variables {
    signs_of_life = null
    campaign_arns = {}
  }

  assert {
    condition     = alltrue([for alarm in module.alarms.alarms : alarm.treat_missing_data == "notBreaching"])
    error_message = "Silence raises an alarm."
  }

  assert {
    condition     = length(setintersection(keys(module.alarms.alarms), ["campaigns-failed", "stand-ins"])) == 0
    error_message = "There is an alarm on campaigns that do not exist."
  }
}

run "a_training_is_not_expected_without_a_schedule" {
  command = plan

  variables {
    signs_of_life = { events_minutes = 30, files_minutes = 60, requests_minutes = 30, training_days = null }
  }

  assert {
    condition     = !contains(keys(module.alarms.alarms), "training-overdue")
    error_message = "The absence of a training raises an alarm."
  }
}

run "the_dashboard_shows_every_function_without_overlapping_charts" {
  command = plan

  assert {
    condition = alltrue([
      for name in values(var.functions) : anytrue([
        for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : contains(flatten(try(widget.properties.metrics, [])), name)
      ])
    ])
    error_message = "A function is missing on the dashboard."
  }

  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x},${widget.y}"])) == length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    error_message = "Two charts overlap."
  }

  assert {
    condition     = alltrue(flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [for metric in try(widget.properties.metrics, []) : can(metric[3]) || can(metric[0].expression)]]))
    error_message = "A metric on a chart has no dimension."
  }
}

run "the_dashboard_shows_every_outcome_of_every_stage_and_alarms_watch_what_has_none" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for stage, names in local.outcomes : [
        for name in names : anytrue([
          for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets :
          contains(try(widget.properties.metrics, []), ["Rivulet", name, "service", stage])
        ])
      ]
    ]))
    error_message = "An outcome is missing on the dashboard."
  }

  assert {
    condition     = toset([for stage in keys(local.outcomes) : "${stage}-unaccounted"]) == toset([for name in keys(module.alarms.alarms) : name if endswith(name, "-unaccounted")])
    error_message = "A stage without an alarm on unaccounted events, or an alarm on no stage."
  }
}

run "no_budget_and_no_subscriptions_by_default" {
  command = plan

  assert {
    condition     = length(aws_budgets_budget.this) + length(aws_sns_topic_subscription.email) == 0
    error_message = "A budget or a subscription exists by default."
  }
}

run "a_budget_notifies_the_topic_before_it_is_exceeded" {
  command = plan

  variables {
    monthly_budget_usd = 500
    alarm_emails       = ["on-call@example.com"]
  }

  assert {
    condition     = length(aws_budgets_budget.this[0].notification) == 2 && one(aws_budgets_budget.this[0].cost_filter).values == tolist(["user:Stack$rivulet-test"])
    error_message = "The budget does not notify in time, or includes costs of other environments."
  }
}
