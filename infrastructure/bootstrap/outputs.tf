output "state_bucket" {
  description = "Bucket of the Terraform states, for terraform init -backend-config=bucket=<state_bucket>."
  value       = aws_s3_bucket.state.id
}

output "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of every role, for TF_VAR_permissions_boundary_arn."
  value       = aws_iam_policy.boundary.arn
}

output "plan_role_arn" {
  description = "ARN of the role for terraform plan."
  value       = aws_iam_role.plan.arn
}

output "apply_role_arns" {
  description = "ARNs of the roles for terraform apply, by environment."
  value       = { for environment, role in aws_iam_role.apply : environment => role.arn }
}

output "backend" {
  description = "Backend block of this root's own state, for backend_override.tf before init -migrate-state."
  value       = <<-EOT
    terraform {
      backend "s3" {
        bucket       = "${local.state_bucket}"
        key          = "${var.project}/bootstrap.tfstate"
        region       = "${var.region}"
        encrypt      = true
        use_lockfile = true
      }
    }
  EOT
}
