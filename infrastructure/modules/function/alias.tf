# Callers of the alias stay with a version until a rollout moves the alias to the one that an apply published.

resource "aws_lambda_alias" "this" {
  count = length(var.alias[*])

  name             = var.alias
  description      = "Version of ${var.name} that callers invoke"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  lifecycle {
    # Set at creation; afterwards `python -m deployment.release rollout` moves the alias.
    ignore_changes = [function_version, routing_config]
  }
}
