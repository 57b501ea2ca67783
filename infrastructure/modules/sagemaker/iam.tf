data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "SageMakerOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

data "aws_iam_policy_document" "this" {
  #checkov:skip=CKV_AWS_111:CloudWatch metrics and the token of ECR have no resource level; the namespace is fixed
  #checkov:skip=CKV_AWS_356:As above
  statement {
    sid       = "ReadTheDataSets"
    actions   = ["s3:GetObject"]
    resources = ["${local.datasets_arn}/*"]
  }

  statement {
    sid     = "WriteModelsAndCheckpoints"
    actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = [
      "${local.artifacts_arn}/checkpoints/${local.name}-*",
      "${local.artifacts_arn}/models/${local.name}/*",
    ]
  }

  statement {
    sid       = "ListItsBuckets"
    actions   = ["s3:ListBucket"]
    resources = [local.artifacts_arn, local.datasets_arn]
  }

  statement {
    sid       = "DecryptTheDataSetsAndEncryptTheModels"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }

  statement {
    sid       = "EncryptTheDisk"
    actions   = ["kms:CreateGrant"]
    resources = [var.key_arn]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  statement {
    sid       = "PullTheImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [local.repository_arn]
  }

  statement {
    sid       = "SignInToEcr"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # the token is for the whole account
  }

  statement {
    sid       = "WriteItsLog"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${local.log_groups}/TrainingJobs:*", "${local.log_groups}/Endpoints/${local.name}:*"]
  }

  statement {
    sid       = "WriteItsMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # CloudWatch metrics have no resource level

    condition {
      test     = "StringLike"
      variable = "cloudwatch:namespace"
      values   = ["/aws/sagemaker/*", "aws/sagemaker/*"]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = local.role_name
  description          = "Role with which SageMaker trains and serves custom models"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "models"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.this.json
}
