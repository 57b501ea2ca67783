data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "AssumedByLambda"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "stream" {
  #checkov:skip=CKV_AWS_356:ListStreams has no resource level
  count = length(local.streams)

  statement {
    sid       = "ReadTheStream"
    actions   = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
    resources = [local.streams[count.index].arn]
  }

  statement {
    sid       = "ListStreams"
    actions   = ["kinesis:ListStreams"]
    resources = ["*"] # the action has no resource level, and the event source mapping requires it
  }

  statement {
    sid       = "DecryptTheStream"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["kinesis.${var.region}.amazonaws.com"]
    }
  }

  # https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html: the condition keeps the records from
  # a bucket of another account that has the name of a deleted one.
  statement {
    sid       = "WriteFailedRecords"
    actions   = ["s3:PutObject"]
    resources = ["${local.streams[count.index].failures_bucket_arn}/aws/lambda/*"]

    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [var.account_id]
    }
  }

  statement {
    sid       = "ListTheBucketOfFailedRecords"
    actions   = ["s3:ListBucket"]
    resources = [local.streams[count.index].failures_bucket_arn]

    condition {
      test     = "StringEquals"
      variable = "s3:ResourceAccount"
      values   = [var.account_id]
    }
  }

  statement {
    sid       = "EncryptFailedRecords"
    actions   = ["kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "asynchronous" {
  count = length(local.asynchronous)

  statement {
    sid       = "SendFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]
  }

  statement {
    sid       = "EncryptFailedEvents"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${var.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "queue" {
  count = length(local.asynchronous)

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.queue_arn]

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
}

data "aws_iam_policy_document" "deferred" {
  count = length(local.deferred)

  statement {
    sid       = "DeferAndProcessMessages"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]
    resources = [local.deferred_arn]
  }

  statement {
    sid       = "EncryptDeferredMessages"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${var.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "deferred_queue" {
  count = length(local.deferred)

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.deferred_arn]

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
}

data "aws_iam_policy_document" "this" {
  #checkov:skip=CKV_AWS_111:Traces have no resource level; the rest names its resources
  #checkov:skip=CKV_AWS_356:As above
  source_policy_documents = concat(
    compact([var.policy_json]),
    data.aws_iam_policy_document.stream[*].json,
    data.aws_iam_policy_document.asynchronous[*].json,
    data.aws_iam_policy_document.deferred[*].json,
  )

  statement {
    sid       = "WriteItsOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:*"]
  }

  statement {
    sid       = "WriteTraces"
    actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    resources = ["*"] # X-Ray has no resource level
  }

  statement {
    sid       = "ReadItsOwnEnvironment"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:lambda:FunctionArn"
      values   = [local.arn, "${local.arn}:*"] # with or without a version
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Role of the function ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "function"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.this.json
}
