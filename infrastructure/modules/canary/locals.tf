locals {
  name         = "${var.prefix}-canary"
  function_arn = "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${local.name}"

  # By which the function's role knows its key, since API Gateway generates ids; Stack is a default tag.
  purpose  = { Purpose = "canary" }
  key_tags = merge(local.purpose, { Stack = var.prefix })
}
