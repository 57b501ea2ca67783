output "key_arn" {
  description = "ARN of the KMS key that encrypts all data of the environment."
  value       = aws_kms_key.this.arn
}

output "bucket_names" {
  description = "Names of the buckets by purpose, available once each accepts objects."
  value       = { for purpose, bucket in aws_s3_bucket.this : purpose => bucket.id }
}

output "bucket_arns" {
  description = "ARNs of the buckets by purpose, composed from names so that policies are known at plan."
  value       = local.bucket_arns
}

output "table_names" {
  description = "Names of the tables by purpose."
  value       = { for purpose, table in aws_dynamodb_table.this : purpose => table.name }
}

output "table_arns" {
  description = "ARNs of the tables by purpose, composed from names so that policies are known at plan."
  value       = local.table_arns
}
