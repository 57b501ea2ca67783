output "job_names" {
  description = "Names of the Glue jobs by purpose: datasets and curate."
  value       = { for purpose, job in aws_glue_job.this : purpose => job.name }
}

output "code_uris" {
  description = "S3 URIs of the jobs' scripts and of their package."
  value       = local.uris
}
