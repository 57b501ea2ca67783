resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:An environment is in one region, and a second one would double its cost; old versions protect from deletion
  #checkov:skip=CKV_AWS_145:Every bucket has the environment's key but the one for access logs, which S3 cannot deliver with a key
  #checkov:skip=CKV2_AWS_62:Nothing reacts to single objects; the jobs read by partition
  for_each = local.bucket_names

  bucket        = each.value
  force_destroy = !var.deletion_protected
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = setsubtract(keys(var.buckets), local.log_buckets)

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    # Bucket keys reduce the calls to KMS, which would otherwise cost one call per object.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

# S3 delivers access logs to buckets without a key of KMS only:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  for_each = toset(local.log_buckets)

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = local.logged_buckets

  bucket        = aws_s3_bucket.this[each.key].id
  target_bucket = aws_s3_bucket.this[one(local.log_buckets)].id
  target_prefix = "s3/"

  target_object_key_format {
    partitioned_prefix {
      partition_date_source = "DeliveryTime"
    }
  }

  # S3 refuses a target that it may not write to.
  depends_on = [aws_s3_bucket_policy.this]
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  # Both change the bucket's access settings, and S3 rejects concurrent changes.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = var.lifecycle_enabled ? var.buckets : {}

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "old-versions-and-broken-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = each.value.noncurrent_days
    }
  }

  dynamic "rule" {
    for_each = each.value.zones

    content {
      id     = rule.key == "" ? "all" : replace(trimsuffix(rule.key, "/"), "/", "-")
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      dynamic "transition" {
        for_each = rule.value.infrequent_days[*]

        content {
          days          = transition.value
          storage_class = "STANDARD_IA"
        }
      }

      dynamic "expiration" {
        for_each = rule.value.expiration_days[*]

        content {
          days = expiration.value
        }
      }
    }
  }

  # S3 rejects rules for old versions on a bucket without versioning.
  depends_on = [aws_s3_bucket_versioning.this]
}
