output "state_bucket" {
  description = "Bucket of the states: terraform init -backend-config=bucket=<it>."
  value       = aws_s3_bucket.state.id
}

output "permissions_boundary_arn" {
  description = "Boundary of every role: TF_VAR_permissions_boundary_arn."
  value       = aws_iam_policy.boundary.arn
}

output "plan_role_arn" {
  description = "Role that plans run with."
  value       = aws_iam_role.plan.arn
}

output "apply_role_arns" {
  description = "Roles that applies run with, by environment."
  value       = { for environment, role in aws_iam_role.apply : environment => role.arn }
}

output "backend" {
  description = "Back end of this root's own state, to be written to backend_override.tf before init -migrate-state."
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
