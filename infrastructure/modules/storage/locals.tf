locals {
  bucket_names = { for purpose, bucket in var.buckets : purpose => "${var.prefix}-${var.account_id}-${purpose}" }
  bucket_arns  = { for purpose, name in local.bucket_names : purpose => "arn:${var.partition}:s3:::${name}" }
  table_names  = { for purpose, table in var.tables : purpose => "${var.prefix}-${purpose}" }
  table_arns = {
    for purpose, name in local.table_names :
    purpose => "arn:${var.partition}:dynamodb:${var.region}:${var.account_id}:table/${name}"
  }
  account_arn = "arn:${var.partition}:iam::${var.account_id}:root"
}
