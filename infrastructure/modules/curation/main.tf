resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_sfn_state_machine" "this" {
  name     = local.state_machine_name
  role_arn = aws_iam_role.this.arn

  # Without the template's line breaks, so that AWS's stored definition compares equal.
  definition = jsonencode(jsondecode(local.definition))

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.key_arn
    kms_data_key_reuse_period_seconds = 300
  }

  logging_configuration {
    level                  = "ALL"
    include_execution_data = true # windows and names of runs, but no users
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # Step Functions rejects a state machine whose role may not write the log yet.
  depends_on = [aws_iam_role_policy.this]
}

module "schedule" {
  source = "../schedule"
  count  = length(var.schedules) > 0 ? 1 : 0

  partition                = var.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = var.prefix
  name                     = local.state_machine_name
  state_machine_arn        = local.state_machine_arn
  key_arn                  = var.key_arn
  permissions_boundary_arn = var.permissions_boundary_arn

  schedules = {
    for name, schedule in var.schedules : "curate-${name}" => {
      expression  = schedule.expression
      description = "Curates the events of ${var.prefix} that arrived within ${schedule.hours} hours"
      input       = { hours = tostring(schedule.hours) }
    }
  }

  alarm = {
    name         = "curation-not-started"
    runbook      = "curation"
    topic_arn    = var.alarm_topic_arn
    runbooks_url = var.runbooks_url
  }
}

module "alarms" {
  source = "../alarms"

  prefix       = var.prefix
  topic_arn    = var.alarm_topic_arn
  runbooks_url = var.runbooks_url

  alarms = merge(
    {
      for name, reason in {
        failed    = { metric = "ExecutionsFailed", description = "A curation failed: analysts see the tables of the one before. The execution shows the cause." }
        timed-out = { metric = "ExecutionsTimedOut", description = "A curation exceeded its timeout of ${var.timeout_minutes} minutes: analysts see the tables of the one before." }
        } : "curation-${name}" => {
        kind        = "count"
        namespace   = "AWS/States"
        metric      = reason.metric
        dimensions  = { StateMachineArn = local.state_machine_arn }
        runbook     = "curation"
        description = reason.description
      }
    },
    length(var.schedules) == 0 ? {} : {
      curation-overdue = {
        kind        = "sign_of_life"
        namespace   = "AWS/States"
        metric      = "ExecutionsSucceeded"
        dimensions  = { StateMachineArn = local.state_machine_arn }
        threshold   = 1
        period      = 3600
        periods     = local.overdue_hours
        runbook     = "curation"
        description = "No curation has succeeded for ${local.overdue_hours} hours: the curated tables are that far behind."
      }
    },
  )
}
