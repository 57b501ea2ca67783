output "job_name" {
  description = "Name of the Glue job."
  value       = aws_glue_job.this.name
}

output "code_uris" {
  description = "S3 URIs of the job's script and package."
  value       = local.uris
}
