locals {
  bucket_names = { for purpose, bucket in var.buckets : purpose => "${var.prefix}-${var.account_id}-${purpose}" }
  bucket_arns  = { for purpose, name in local.bucket_names : purpose => "arn:${var.partition}:s3:::${name}" }
  table_names  = { for purpose, table in var.tables : purpose => "${var.prefix}-${purpose}" }
  table_arns = {
    for purpose, name in local.table_names :
    purpose => "arn:${var.partition}:dynamodb:${var.region}:${var.account_id}:table/${name}"
  }
  # The bucket for the access logs of the others, if there is one.
  log_buckets    = [for purpose, bucket in var.buckets : purpose if bucket.receives_access_logs]
  logged_buckets = length(local.log_buckets) == 0 ? toset([]) : setsubtract(keys(var.buckets), local.log_buckets)

  account_arn = "arn:${var.partition}:iam::${var.account_id}:root"
}
