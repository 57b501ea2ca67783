output "job_name" {
  description = "Name of the Glue job."
  value       = aws_glue_job.this.name
}

output "code_uris" {
  description = "Where the job's script and package lie."
  value       = local.uris
}
