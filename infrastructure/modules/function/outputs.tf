output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "invoke_arn" {
  description = "ARN with which API Gateway invokes the function, by its alias if it has one."
  value       = try(aws_lambda_alias.this[0].invoke_arn, aws_lambda_function.this.invoke_arn)
}

output "alias" {
  description = "Alias that callers invoke; null without one."
  value       = one(aws_lambda_alias.this[*].name)
}

output "version" {
  description = "Version with this code and configuration, to which a rollout moves the alias; null without an alias."
  value       = var.alias == null ? null : aws_lambda_function.this.version
}

output "timeout_seconds" {
  description = "Timeout of an invocation in seconds."
  value       = aws_lambda_function.this.timeout
}

output "alarm_names" {
  description = "Names of the function's alarms."
  value       = values(module.alarms.alarms)[*].alarm_name
}
