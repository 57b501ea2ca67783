output "role_arns" {
  description = "ARNs of the roles that exist, by operator and analyst."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}
