# A role per environment for terraform plan: it reads the environment's state and the settings of its resources, but no
# data. It writes nothing but plans, not even the state's lock, so a plan runs with -lock=false.

locals {
  # Actions that read the settings of the root's resources; tests/contract/infrastructure has the recorded calls.
  reads = [
    "athena:GetNamedQuery",
    "athena:GetPreparedStatement",
    "athena:GetWorkGroup",
    "athena:ListTagsForResource",
    "budgets:ListTagsForResource",
    "budgets:ViewBudget",
    "cloudwatch:GetDashboard",
    "cloudwatch:ListTagsForResource",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:ListTagsOfResource",
    "firehose:DescribeDeliveryStream",
    "firehose:ListTagsForDeliveryStream",
    "glue:GetDatabase",
    "glue:GetJob",
    "glue:GetPartitionIndexes",
    "glue:GetTable",
    "glue:GetTags",
    "kinesis:DescribeStreamSummary",
    "kinesis:ListTagsForStream",
    "lambda:GetAlias",
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:GetFunctionEventInvokeConfig",
    "lambda:GetFunctionRecursionConfig",
    "lambda:GetPolicy",
    "lambda:ListVersionsByFunction",
    "logs:DescribeLogStreams",
    "logs:ListTagsForResource",
    "s3:Get*Configuration",
    "s3:GetBucket*",
    "s3:ListBucket",
    "sagemaker:DescribeEndpoint*",
    "sagemaker:DescribeModel",
    "sagemaker:ListTags",
    "scheduler:GetSchedule",
    "sns:GetTopicAttributes",
    "sns:ListTagsForResource",
    "sqs:GetQueueAttributes",
    "sqs:ListQueueTags",
    "ssm:GetParametersByPath",
    "states:DescribeStateMachine",
    "states:ListStateMachineVersions",
    "states:ListTagsForResource",
    "wafv2:GetLoggingConfiguration",
    "wafv2:GetWebACL",
    "wafv2:GetWebACLForResource",
    "wafv2:ListTagsForResource",
  ]

  # Read actions without a resource level, or whose resource does not contain the environment.
  account_reads = [
    "cloudwatch:DescribeAlarms",
    "glue:GetSecurityConfiguration",
    "kinesis:DescribeLimits",
    "kms:ListAliases",
    "logs:DescribeLogGroups",
    "sns:GetSubscriptionAttributes",
    "states:ValidateStateMachineDefinition",
  ]

  # Settings that are encrypted with the environment's key, with the encryption context of their service:
  # https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html,
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html,
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
  encrypted_settings = {
    ReadStateMachines = { key = "aws:states:stateMachineArn", resource = "states:${local.here}:stateMachine:" }
    ReadEnvironments  = { key = "aws:lambda:FunctionArn", resource = "lambda:${local.here}:function:" }
    ReadSchedules     = { key = "aws:scheduler:schedule:arn", resource = "scheduler:${local.here}:schedule/default/" }
  }
}

data "aws_iam_policy_document" "plan" {
  #checkov:skip=CKV_AWS_356:Only for read actions without a resource level
  for_each = local.prefixes

  statement {
    sid       = "FindTheState"
    actions   = ["s3:ListBucket"]
    resources = [local.state_arn]
  }

  statement {
    sid       = "ReadTheState"
    actions   = ["s3:GetObject"]
    resources = [local.state_keys[each.key], local.releases_arns[each.key]]
  }

  # Not read: the apply compares a plan with the hash that its job returned.
  statement {
    sid       = "StorePlans"
    actions   = ["s3:PutObject"]
    resources = [local.plans_arns[each.key]]
  }

  statement {
    sid       = "UseTheStatesKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [local.keys_arn]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values   = [local.state_alias]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "ReadSettings"
    actions   = local.reads
    resources = concat(local.named_arns[each.key], ["arn:${local.partition}:glue:${local.here}:catalog", "${local.apis_arn}/restapis/*/stages/*"])
  }

  statement {
    sid       = "ReadSettingsWithoutResourceLevel"
    actions   = local.account_reads
    resources = ["*"] # none of these actions takes a resource with the environment's name
  }

  statement {
    sid       = "ReadRoles"
    actions   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
    resources = ["${local.roles_arn}/${each.value}-*"]
  }

  statement {
    sid       = "ReadArchives"
    actions   = ["s3:GetObject", "s3:GetObjectTagging"]
    resources = local.archives_arns[each.key]
  }

  # Event source mappings have generated ids.
  statement {
    sid       = "ReadMappings"
    actions   = ["lambda:GetEventSourceMapping"]
    resources = ["arn:${local.partition}:lambda:${local.here}:event-source-mapping:*"]

    condition {
      test     = "ArnLike"
      variable = "lambda:FunctionArn"
      values   = ["arn:${local.partition}:lambda:${local.here}:function:${each.value}-*"]
    }
  }

  # Resources with generated ids are identified by tags; API Gateway's children inherit those of their API or usage plan:
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
  statement {
    sid     = "ReadTaggedResources"
    actions = ["apigateway:GET", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "lambda:ListTags", "logs:ListTagsForResource"]
    resources = [
      local.api_logs_arn,
      "${local.apis_arn}/apikeys/*",
      "${local.apis_arn}/restapis/*",
      "${local.apis_arn}/usageplans/*",
      "arn:${local.partition}:lambda:${local.here}:event-source-mapping:*",
      local.keys_arn,
    ]

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  dynamic "statement" {
    for_each = local.encrypted_settings

    content {
      sid       = statement.key
      actions   = ["kms:Decrypt"]
      resources = [local.keys_arn]

      condition {
        test     = "ArnLike"
        variable = "kms:EncryptionContext:${statement.value.key}"
        values   = ["arn:${local.partition}:${statement.value.resource}${each.value}-*"]
      }

      dynamic "condition" {
        for_each = local.tags[each.key]

        content {
          test     = "StringEquals"
          variable = "aws:ResourceTag/${condition.key}"
          values   = [condition.value]
        }
      }
    }
  }

  statement {
    sid       = "DecryptArchives"
    actions   = ["kms:Decrypt"]
    resources = [local.keys_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid    = "DenyStoredData"
    effect = "Deny"
    actions = [
      "athena:GetQueryResults",
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PartiQL*",
      "dynamodb:Query",
      "dynamodb:Scan",
      "kinesis:GetRecords",
      "logs:FilterLogEvents",
      "logs:GetLogEvents",
      "secretsmanager:GetSecretValue",
      "sqs:ReceiveMessage",
    ]
    resources = ["*"]
  }

  statement {
    sid           = "DenyOtherParameters"
    effect        = "Deny"
    actions       = ["ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters"]
    not_resources = [local.distribution_key_names[each.key]]
  }

  statement {
    sid           = "DenyOtherObjects"
    effect        = "Deny"
    actions       = ["s3:GetObject*"]
    not_resources = concat([local.state_keys[each.key], local.releases_arns[each.key], local.page_settings_arns[each.key]], local.archives_arns[each.key])
  }
}

resource "aws_iam_role" "plan" {
  for_each = var.environments

  name                 = "${var.project}-plan-${each.key}"
  description          = "Reads ${local.prefixes[each.key]}, for terraform plan in GitHub Actions"
  assume_role_policy   = data.aws_iam_policy_document.github_trust["plan-${each.key}"].json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "plan" {
  for_each = var.environments

  name   = "plan"
  role   = aws_iam_role.plan[each.key].name
  policy = data.aws_iam_policy_document.plan[each.key].json
}
