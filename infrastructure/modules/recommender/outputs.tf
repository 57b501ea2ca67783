output "state_machine_arn" {
  description = "ARN of the training state machine."
  value       = aws_sfn_state_machine.this.arn
}

output "state_machine_name" {
  description = "Name of the training state machine."
  value       = aws_sfn_state_machine.this.name
}

output "personalize_role_arn" {
  description = "ARN of the role with which Personalize imports the data sets."
  value       = aws_iam_role.personalize.arn
}

output "definition" {
  description = "Rendered definition of the state machine, for linters."
  value       = local.definition
}
