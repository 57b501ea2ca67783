# The permissions boundary: the maximum permissions of every role, regardless of its own policy.

resource "aws_iam_policy" "boundary" {
  name        = local.boundary
  description = "Bounds every role that ${var.project} makes"
  policy      = data.aws_iam_policy_document.boundary.json
}

data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_107:A boundary grants no permissions; each role's own policy names its resources
  #checkov:skip=CKV_AWS_108:As above
  #checkov:skip=CKV_AWS_109:As above
  #checkov:skip=CKV_AWS_111:As above
  #checkov:skip=CKV_AWS_356:As above
  statement {
    sid = "DataOfThisProject"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "events:DescribeRule",
      "events:PutRule",
      "events:PutTargets",
      "glue:*JobRun*",
      "glue:GetTable*",
      "kinesis:Describe*",
      "kinesis:Get*",
      "kinesis:ListShards",
      "kinesis:PutRecord*",
      "lambda:GetFunctionConfiguration",
      "lambda:InvokeFunction",
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetBucketLocation",
      "s3:GetObject",
      "s3:ListBucket*",
      "s3:PutObject",
      "sagemaker:*TrainingJob",
      "sagemaker:AddTags",
      "sqs:SendMessage",
      "ssm:GetParameter",
      "ssm:PutParameter",
      "states:DescribeExecution",
      "states:GetExecutionHistory",
      "states:ListExecutions",
      "states:StartExecution",
    ]
    resources = [
      "arn:${local.partition}:dynamodb:${var.region}:${var.account_id}:table/${var.project}-*",
      "arn:${local.partition}:events:${var.region}:${var.account_id}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule",
      "arn:${local.partition}:glue:${var.region}:${var.account_id}:*",
      "arn:${local.partition}:kinesis:${var.region}:${var.account_id}:stream/${var.project}-*",
      "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function:${var.project}-*",
      "arn:${local.partition}:s3:::${var.project}-*",
      "arn:${local.partition}:sagemaker:${var.region}:${var.account_id}:training-job/${var.project}-*",
      "arn:${local.partition}:sqs:${var.region}:${var.account_id}:${var.project}-*",
      "arn:${local.partition}:ssm:${var.region}:${var.account_id}:parameter/${var.project}/*",
      "arn:${local.partition}:states:${var.region}:${var.account_id}:*:${var.project}-*",
    ]
  }

  statement {
    sid = "ServicesWithoutResourceNames"
    actions = [
      "cloudwatch:PutMetricData",
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetAuthorizationToken",
      "ecr:GetDownloadUrlForLayer",
      "glue:GetSecurityConfiguration",
      "kinesis:ListStreams",
      "kms:Decrypt",
      "kms:GenerateDataKey",
      "logs:*",
      "personalize:*",
      "xray:*",
    ]
    resources = ["*"]
  }

  statement {
    sid     = "PassTheRolesOfPersonalizeAndSageMaker"
    actions = ["iam:PassRole"]
    resources = [
      "arn:${local.partition}:iam::${var.account_id}:role/${var.project}-*-personalize",
      "arn:${local.partition}:iam::${var.account_id}:role/${var.project}-*-sagemaker",
    ]
  }

  statement {
    sid       = "LetSageMakerEncryptItsDisks"
    actions   = ["kms:CreateGrant"]
    resources = ["*"] # keys are identified by generated ids

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  statement {
    sid       = "DenyTheTerraformState"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.state_arn, "${local.state_arn}/*"]
  }
}
