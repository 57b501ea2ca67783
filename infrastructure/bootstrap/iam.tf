locals {
  # Actions that read the settings of the root's resources, but not their data.
  reads = [
    "apigateway:GET",
    "athena:Get*",
    "athena:List*",
    "budgets:ViewBudget",
    "budgets:ListTagsForResource",
    "cloudwatch:Describe*",
    "cloudwatch:GetDashboard",
    "cloudwatch:List*",
    "dynamodb:Describe*",
    "dynamodb:List*",
    "firehose:Describe*",
    "firehose:List*",
    "glue:GetDatabase",
    "glue:GetJob",
    "glue:GetSecurityConfiguration",
    "glue:GetTable",
    "glue:GetTags",
    "iam:Get*",
    "iam:List*",
    "kinesis:Describe*",
    "kinesis:List*",
    "kms:Describe*",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:List*",
    "lambda:Get*",
    "lambda:List*",
    "logs:Describe*",
    "logs:List*",
    "s3:GetBucket*",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetAccelerateConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "sagemaker:Describe*",
    "sagemaker:List*",
    "scheduler:Get*",
    "scheduler:List*",
    "sns:Get*",
    "sns:List*",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListQueueTags",
    "states:Describe*",
    "states:List*",
    "states:ValidateStateMachineDefinition",
    "wafv2:Get*",
    "wafv2:List*",
  ]

  # Actions that create, change and delete the root's resources. Their names begin with the environment's prefix;
  # resources with generated ids are limited by conditions on tags or by the account.
  writes = [
    "apigateway:*",
    "athena:*",
    "budgets:*",
    "cloudwatch:*",
    "dynamodb:*",
    "firehose:*",
    "glue:*",
    "kinesis:*",
    "kms:*",
    "lambda:*",
    "logs:*",
    "s3:*",
    "sagemaker:*",
    "scheduler:*",
    "sns:*",
    "sqs:*",
    "states:*",
    "wafv2:*",
  ]
}

data "aws_iam_policy_document" "state_access" {
  statement {
    sid       = "FindTheState"
    actions   = ["s3:ListBucket"]
    resources = [local.state_arn]
  }

  statement {
    sid       = "ReadTheState"
    actions   = ["s3:GetObject"]
    resources = ["${local.state_arn}/${var.project}/*"]
  }

  statement {
    sid       = "LockTheState"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = ["${local.state_arn}/${var.project}/*.tflock"]
  }

  statement {
    sid       = "DecryptTheState"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["arn:${local.partition}:kms:${var.region}:${var.account_id}:key/*"]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values   = ["alias/${var.project}-terraform"]
    }
  }
}

data "aws_iam_policy_document" "plan" {
  #checkov:skip=CKV_AWS_356:A plan reads the settings of all resources, but no data
  source_policy_documents = [data.aws_iam_policy_document.state_access.json]

  statement {
    sid       = "ReadSettings"
    actions   = local.reads
    resources = ["*"]
  }

  statement {
    sid    = "DenyReadingData"
    effect = "Deny"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PartiQL*",
      "dynamodb:Query",
      "dynamodb:Scan",
      "kinesis:GetRecords",
      "secretsmanager:GetSecretValue",
      "sqs:ReceiveMessage",
    ]
    resources = ["*"]
  }

  statement {
    sid           = "DenyReadingObjectsExceptTheState"
    effect        = "Deny"
    actions       = ["s3:GetObject"]
    not_resources = ["${local.state_arn}/${var.project}/*", "arn:${local.partition}:s3:::${var.project}-*-artifacts/*"]
  }
}

data "aws_iam_policy_document" "apply" {
  #checkov:skip=CKV_AWS_107:A role that may change an environment may also read it; the session lasts an hour, and one GitHub environment is trusted
  #checkov:skip=CKV_AWS_108:As above
  #checkov:skip=CKV_AWS_109:As above
  #checkov:skip=CKV_AWS_110:Roles can only be created with the boundary, which cannot be changed or removed
  #checkov:skip=CKV_AWS_111:As above
  #checkov:skip=CKV_AWS_286:As above
  #checkov:skip=CKV_AWS_287:As above
  #checkov:skip=CKV_AWS_288:As above
  #checkov:skip=CKV_AWS_289:As above
  #checkov:skip=CKV_AWS_290:As above
  #checkov:skip=CKV_AWS_355:As above
  #checkov:skip=CKV_AWS_356:As above
  #checkov:skip=CKV2_AWS_40:As above
  for_each = var.environments

  source_policy_documents = [data.aws_iam_policy_document.state_access.json]

  statement {
    sid       = "WriteTheStateOfThisEnvironment"
    actions   = ["s3:PutObject"]
    resources = ["${local.state_arn}/${var.project}/${each.key}.tfstate"]
  }

  statement {
    sid       = "ChangeTheRootsResources"
    actions   = concat(local.writes, ["iam:Get*", "iam:List*"])
    resources = ["*"] # many of these have generated ids, or are created under new names
  }

  statement {
    sid       = "CreateRolesWithTheBoundaryOnly"
    actions   = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = ["arn:${local.partition}:iam::${var.account_id}:role/${var.project}-${each.key}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary_arn]
    }
  }

  statement {
    sid = "ChangeAndDeleteItsRoles"
    actions = [
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = ["arn:${local.partition}:iam::${var.account_id}:role/${var.project}-${each.key}-*"]
  }

  statement {
    sid       = "PassItsRolesToServices"
    actions   = ["iam:PassRole"]
    resources = ["arn:${local.partition}:iam::${var.account_id}:role/${var.project}-${each.key}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "firehose.amazonaws.com",
        "glue.amazonaws.com",
        "lambda.amazonaws.com",
        "sagemaker.amazonaws.com",
        "scheduler.amazonaws.com",
        "states.amazonaws.com",
      ]
    }
  }

  statement {
    sid    = "DenyChangingTheStateBucket"
    effect = "Deny"
    actions = [
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:DeleteObjectVersion",
      "s3:PutBucketPolicy",
      "s3:PutBucketVersioning",
      "s3:PutEncryptionConfiguration",
      "s3:PutLifecycleConfiguration",
    ]
    resources = [local.state_arn, "${local.state_arn}/*"]
  }
}
