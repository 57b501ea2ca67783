locals {
  glue_arn       = "arn:${var.partition}:glue:${var.region}:${var.account_id}"
  execution_arns = [for arn in var.state_machine_arns : "${replace(arn, ":stateMachine:", ":execution:")}:*"]
  log_group_arn  = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws*/${var.prefix}*"
  lake_arn       = "arn:${var.partition}:s3:::${var.buckets.lake}"
  results_arn    = "arn:${var.partition}:s3:::${var.buckets.athena}"

  policies = {
    operator = data.aws_iam_policy_document.operator.json
    analyst  = data.aws_iam_policy_document.analyst.json
  }
  principals = { for role, arns in { operator = var.operators, analyst = var.analysts } : role => arns if length(arns) > 0 }
}
