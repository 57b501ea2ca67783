output "state_machine_arn" {
  description = "ARN of the state machine of visitors."
  value       = aws_sfn_state_machine.this.arn
}

output "alarms" {
  description = "The alarms by name."
  value       = module.alarms.alarms
}

output "definition" {
  description = "Rendered definition of the state machine, for linters."
  value       = local.definition
}
