# The pages, which are public: the bucket is reached through the distribution alone. Encrypted with S3's own key, since
# CloudFront would otherwise need the environment's key, which protects personal data.

resource "aws_s3_bucket" "pages" {
  #checkov:skip=CKV_AWS_18:The distribution is the bucket's only reader, and logs its requests
  #checkov:skip=CKV_AWS_144:A deployment uploads the pages again
  #checkov:skip=CKV_AWS_145:The pages are public
  #checkov:skip=CKV2_AWS_62:Nothing reacts to single objects
  bucket        = local.bucket_name
  force_destroy = !var.deletion_protected
}

resource "aws_s3_bucket_public_access_block" "pages" {
  bucket                  = aws_s3_bucket.pages.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "pages" {
  bucket = aws_s3_bucket.pages.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# An earlier version of a page can be restored.
resource "aws_s3_bucket_versioning" "pages" {
  bucket = aws_s3_bucket.pages.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "pages" {
  bucket = aws_s3_bucket.pages.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "pages" {
  count = var.emulated ? 0 : 1

  bucket = aws_s3_bucket.pages.id

  rule {
    id     = "old-versions-and-broken-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  # S3 rejects rules for old versions on a bucket without versioning.
  depends_on = [aws_s3_bucket_versioning.pages]
}

data "aws_iam_policy_document" "pages" {
  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "DenyOlderTlsThan12"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }

  # Without s3:ListBucket a missing object is answered with 403, like every other one that must not be read.
  statement {
    sid       = "ReadByTheDistribution"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket_arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.this.arn]
    }
  }
}

resource "aws_s3_bucket_policy" "pages" {
  bucket = aws_s3_bucket.pages.id
  policy = data.aws_iam_policy_document.pages.json

  # Both change the bucket's access settings, and S3 rejects concurrent changes.
  depends_on = [aws_s3_bucket_public_access_block.pages]
}

# What the pages read at run time; the other objects are uploaded by python -m deployment.pages.
resource "aws_s3_object" "config" {
  #checkov:skip=CKV_AWS_186:The pages are public
  bucket        = aws_s3_bucket.pages.id
  key           = "config.json"
  content_type  = "application/json"
  cache_control = "no-cache"

  content = jsonencode({
    api                 = "/${var.api.stage_name}"
    environment         = var.environment
    demonstration_users = var.demonstration_users
  })

  depends_on = [aws_s3_bucket_versioning.pages, aws_s3_bucket_server_side_encryption_configuration.pages]
}
