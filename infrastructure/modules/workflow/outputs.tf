output "trust" {
  description = "The trust policy of the role, as JSON."
  value       = data.aws_iam_policy_document.trust.json
}

output "permissions" {
  description = "The permissions that every state machine has, as JSON."
  value       = data.aws_iam_policy_document.permissions.json
}
