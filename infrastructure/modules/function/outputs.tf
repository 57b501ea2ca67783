output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "invoke_arn" {
  description = "ARN with which API Gateway invokes the function."
  value       = aws_lambda_function.this.invoke_arn
}

output "timeout_seconds" {
  description = "Timeout of an invocation in seconds."
  value       = aws_lambda_function.this.timeout
}

output "alarm_names" {
  description = "Names of the function's alarms."
  value       = values(module.alarms.alarms)[*].alarm_name
}
