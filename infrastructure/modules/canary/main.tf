module "function" {
  source = "../function"

  name                     = local.name
  description              = "Calls the API every five minutes as a caller does, and counts what is answered as it must be"
  partition                = var.partition
  region                   = var.region
  account_id               = var.account_id
  archive                  = "${var.archives_directory}/canary.zip"
  archive_bucket           = var.archive_bucket
  handler                  = "backend.canary.handler.handler"
  runtime                  = var.runtime
  architecture             = var.architecture
  memory_mb                = 256
  timeout_seconds          = 45 # three calls of at most ten seconds, and the key
  policy_json              = data.aws_iam_policy_document.function.json
  key_arn                  = var.key_arn
  log_retention_days       = var.log_retention_days
  log_level                = var.log_level
  alarm_topic_arn          = var.alarm_topic_arn
  runbooks_url             = var.runbooks_url
  permissions_boundary_arn = var.permissions_boundary_arn

  environment = {
    API_URL                      = var.api_url
    API_KEY_PARAMETER            = var.api_key_parameter
    ASKS_RECOMMENDATIONS         = tostring(var.asks_recommendations)
    POWERTOOLS_SERVICE_NAME      = "canary"
    POWERTOOLS_METRICS_NAMESPACE = var.metrics_namespace
  }
}

resource "aws_scheduler_schedule" "this" {
  name                = local.name
  description         = "Invokes the canary of ${var.prefix}"
  schedule_expression = "rate(5 minutes)"
  kms_key_arn         = var.key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = local.function_arn
    role_arn = aws_iam_role.schedule.arn

    # A late call shows nothing: the alarm counts missing ones.
    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }

  depends_on = [module.function]
}

module "alarms" {
  source = "../alarms"

  prefix       = var.prefix
  topic_arn    = var.alarm_topic_arn
  runbooks_url = var.runbooks_url

  alarms = {
    canary = {
      kind        = "sign_of_life"
      namespace   = var.metrics_namespace
      metric      = "passed"
      dimensions  = { service = "canary" }
      threshold   = 1
      periods     = 3
      runbook     = "canary"
      description = "The canary has had no right answer of the API for 15 minutes, or does not run."
    }
  }
}
