output "state_bucket" {
  description = "Bucket of the Terraform states, for terraform init -backend-config=bucket=<state_bucket>."
  value       = aws_s3_bucket.state.id
}

output "state_key_alias" {
  description = "Alias of the key that encrypts the states, as in environments/*.s3.tfbackend."
  value       = aws_kms_alias.state.name
}

output "permissions_boundary_arns" {
  description = "ARNs of the permissions boundaries of all roles, by environment, for TF_VAR_permissions_boundary_arn."
  value       = { for environment, boundary in aws_iam_policy.boundary : environment => boundary.arn }
}

output "plan_role_arns" {
  description = "ARNs of the roles for terraform plan, by environment."
  value       = { for environment, role in aws_iam_role.plan : environment => role.arn }
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
        kms_key_id   = "${local.state_alias}"
        use_lockfile = true
      }
    }
  EOT
}
