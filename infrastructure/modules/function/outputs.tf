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
  value = concat(
    values(aws_cloudwatch_metric_alarm.function)[*].alarm_name,
    aws_cloudwatch_metric_alarm.iterator_age[*].alarm_name,
    values(aws_cloudwatch_metric_alarm.mapping)[*].alarm_name,
    aws_cloudwatch_metric_alarm.failed_events[*].alarm_name,
  )
}
