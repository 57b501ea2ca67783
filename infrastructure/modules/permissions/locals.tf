locals {
  collect_arn   = "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${var.prefix}-collect"
  parameter_arn = "arn:${var.partition}:ssm:${var.region}:${var.account_id}:parameter${var.tracking_id_parameter}"
  filters_arn   = "arn:${var.partition}:ssm:${var.region}:${var.account_id}:parameter${var.filters_parameter}"
  keys_arn      = "arn:${var.partition}:ssm:${var.region}:${var.account_id}:parameter${var.keys_path}"
  solution_arns = "arn:${var.partition}:personalize:${var.region}:${var.account_id}:solution/${var.prefix}-*"
  filter_arns   = "arn:${var.partition}:personalize:${var.region}:${var.account_id}:filter/${var.prefix}-*"
  execution_arn = "${replace(var.state_machine_arn, ":stateMachine:", ":execution:")}:*"

  visitors_execution_arn = "${replace(var.visitors_arn, ":stateMachine:", ":execution:")}:*"

  via_ssm      = "ssm.${var.region}.amazonaws.com"
  via_states   = "states.${var.region}.amazonaws.com"
  via_s3       = "s3.${var.region}.amazonaws.com"
  via_kinesis  = "kinesis.${var.region}.amazonaws.com"
  via_dynamodb = "dynamodb.${var.region}.amazonaws.com"
}
