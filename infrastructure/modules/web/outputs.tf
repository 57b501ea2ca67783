output "url" {
  description = "Address of the pages on AWS, without a trailing slash."
  value       = "${local.protocol}://${local.domain}"
}

output "domain_name" {
  description = "CloudFront's own domain name of the distribution."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "distribution_id" {
  description = "Id of the distribution, for invalidations."
  value       = aws_cloudfront_distribution.this.id
}

output "bucket_name" {
  description = "Bucket of the pages, available once it accepts objects."
  value       = aws_s3_bucket.pages.id
}
