output "topic_arn" {
  description = "SNS topic that alarms are sent to."
  value       = aws_sns_topic.this.arn
}

output "dashboard_url" {
  description = "URL of the dashboard."
  value       = "${local.console_url}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = sort(values(module.alarms.alarms)[*].alarm_name)
}
