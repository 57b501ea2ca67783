data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "AssumedByGlue"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

data "aws_iam_policy_document" "this" {
  for_each = local.jobs

  #checkov:skip=CKV_AWS_111:CloudWatch metrics have no resource level; the namespace is fixed
  #checkov:skip=CKV_AWS_356:As above
  statement {
    sid       = "ReadItsCode"
    actions   = ["s3:GetObject"]
    resources = ["${local.artifacts_arn}/glue/*"]
  }

  statement {
    sid       = "WriteTemporaryFiles"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = ["${local.artifacts_arn}/glue/temporary/*"]
  }

  statement {
    sid       = "ReadTheLake"
    actions   = ["s3:GetObject"]
    resources = ["${local.lake_arn}/raw/*"]
  }

  statement {
    sid       = "WriteItsResults"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = [each.value.writes_to]
  }

  statement {
    sid       = "ListItsBuckets"
    actions   = ["s3:ListBucket"]
    resources = distinct([local.artifacts_arn, each.value.bucket, local.lake_arn])
  }

  statement {
    sid       = "WriteItsOwnLog"
    actions   = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${each.value.log_group_prefix}/*"]
  }

  statement {
    sid       = "WriteSparksMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # CloudWatch metrics have no resource level

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Glue"]
    }
  }

  statement {
    sid       = "ReadItsOwnSettings"
    actions   = ["glue:GetSecurityConfiguration"]
    resources = ["*"] # security configurations have no resource level
  }

  statement {
    sid       = "DecryptTheLakeAndEncryptItsResults"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }
}

resource "aws_iam_role" "this" {
  for_each = local.jobs

  name                 = each.value.name
  description          = "Role of the Spark job ${each.value.name}"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  for_each = local.jobs

  name   = "job"
  role   = aws_iam_role.this[each.key].name
  policy = data.aws_iam_policy_document.this[each.key].json
}
