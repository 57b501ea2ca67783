data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:In a key policy "*" is this key alone, and the account's own policies grant its use
  #checkov:skip=CKV_AWS_111:As above
  #checkov:skip=CKV_AWS_356:As above
  statement {
    sid       = "DelegateToTheAccountsPolicies"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_arn]
    }
  }

  statement {
    sid       = "EncryptLogGroupsOfThisEnvironment"
    actions   = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [
        "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:*${var.prefix}*",
        # The rest of this name is the API's generated id.
        "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:API-Gateway-Execution-Logs_*",
      ]
    }
  }

  statement {
    sid       = "EncryptMessagesOfAlarms"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }

  # https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html: the import of encrypted
  # data sets requires these actions in the key policy; the policy of the import role is not enough.
  statement {
    sid       = "ImportAndTrainWithPersonalize"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["personalize.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }

  # https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html: an encrypted state machine sends its
  # log encrypted, and CloudWatch's delivery decrypts it.
  statement {
    sid       = "DeliverLogsOfTheStateMachine"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SourceArn"
      values   = ["arn:${var.partition}:logs:${var.region}:${var.account_id}:*"]
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  for_each = var.buckets

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arns[each.key], "${local.bucket_arns[each.key]}/*"]

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
    resources = [local.bucket_arns[each.key], "${local.bucket_arns[each.key]}/*"]

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

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
  dynamic "statement" {
    for_each = each.value.receives_access_logs ? [local.logged_buckets] : []

    content {
      sid       = "WriteAccessLogsOfThisEnvironment"
      actions   = ["s3:PutObject"]
      resources = ["${local.bucket_arns[each.key]}/s3/*"]

      principals {
        type        = "Service"
        identifiers = ["logging.s3.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account_id]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [for purpose in statement.value : local.bucket_arns[purpose]]
      }
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
  dynamic "statement" {
    for_each = each.value.receives_access_logs ? [local.bucket_arns[each.key]] : []

    content {
      sid       = "WriteAccessLogsOfCloudFront"
      actions   = ["s3:PutObject"]
      resources = ["${statement.value}/AWSLogs/${var.account_id}/*"]

      principals {
        type        = "Service"
        identifiers = ["delivery.logs.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "s3:x-amz-acl"
        values   = ["bucket-owner-full-control"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account_id]
      }

      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = ["arn:${var.partition}:logs:us-east-1:${var.account_id}:delivery-source:${var.prefix}-*"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(each.value.readers) > 0 ? [each.value.readers] : []

    content {
      sid       = "ServicesReadOnThisAccountsBehalf"
      actions   = ["s3:GetObject", "s3:ListBucket"]
      resources = [local.bucket_arns[each.key], "${local.bucket_arns[each.key]}/*"]

      principals {
        type        = "Service"
        identifiers = sort(statement.value)
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account_id]
      }
    }
  }
}
