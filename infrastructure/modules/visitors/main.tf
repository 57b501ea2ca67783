resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_285:The log has every state; the data of executions would be what visitors state and choose
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
    include_execution_data = false # what visitors state and choose
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # Step Functions rejects a state machine whose role may not write the log yet.
  depends_on = [aws_iam_role_policy.this]
}

module "alarms" {
  source = "../alarms"

  prefix       = var.prefix
  topic_arn    = var.alarm_topic_arn
  runbooks_url = var.runbooks_url

  alarms = {
    for name, reason in {
      failed    = { metric = "ExecutionsFailed", description = "An execution for a visitor failed: its caller got no recommendations. The execution has the cause." }
      timed-out = { metric = "ExecutionsTimedOut", description = "An execution for a visitor exceeded its timeout of ${local.timeout_seconds} seconds: its caller got no recommendations." }
      } : "visitors-${name}" => {
      kind        = "count"
      namespace   = "AWS/States"
      metric      = reason.metric
      dimensions  = { StateMachineArn = local.state_machine_arn }
      runbook     = "visitors"
      description = reason.description
    }
  }
}
