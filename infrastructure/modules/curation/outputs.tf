output "state_machine_arn" {
  description = "ARN of the state machine that curates the lake."
  value       = aws_sfn_state_machine.this.arn
}

output "alarms" {
  description = "The alarms by name."
  value       = merge(module.alarms.alarms, [for schedule in module.schedule : schedule.alarms]...)
}

output "definition" {
  description = "Rendered definition of the state machine, for linters."
  value       = local.definition
}
