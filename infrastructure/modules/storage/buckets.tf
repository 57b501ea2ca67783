resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Access is recorded by CloudTrail data events of the account, which name the caller; access logs would need a bucket without KMS
  #checkov:skip=CKV_AWS_144:The lake can be filled again from its producers' copies; a second region would double its cost
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
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    # Bucket keys reduce the calls to KMS, which would otherwise cost one call per object.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
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
    for_each = each.value.expiration_days[*]

    content {
      id     = "expiry"
      status = "Enabled"

      filter {}

      expiration {
        days = rule.value
      }
    }
  }

  # S3 rejects rules for old versions on a bucket without versioning.
  depends_on = [aws_s3_bucket_versioning.this]
}
