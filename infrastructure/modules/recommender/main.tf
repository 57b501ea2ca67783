resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_sfn_state_machine" "this" {
  name     = local.state_machine_name
  role_arn = aws_iam_role.workflow.arn

  # Without the template's line breaks, so that what AWS gives back compares equal.
  definition = jsonencode(jsondecode(local.definition))

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.key_arn
    kms_data_key_reuse_period_seconds = 300
  }

  logging_configuration {
    level = "ALL"
    # The input and output of the states name resources and counts, never people.
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # Created with a role that may not yet write the log, the state machine is refused.
  depends_on = [aws_iam_role_policy.workflow]
}
