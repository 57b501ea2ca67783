locals {
  name          = "${var.prefix}-canary"
  function_arn  = "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${local.name}"
  parameter_arn = "arn:${var.partition}:ssm:${var.region}:${var.account_id}:parameter${var.api_key_parameter}"
}
