# The permissions boundaries: the maximum permissions of every role of an environment, regardless of its own policy.

resource "aws_iam_policy" "boundary" {
  for_each = var.environments

  name        = local.boundaries[each.key]
  description = "Bounds every role of ${local.prefixes[each.key]}"
  policy      = data.aws_iam_policy_document.boundary[each.key].json
}

data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_107:A boundary grants no permissions; each role's own policy names its resources
  #checkov:skip=CKV_AWS_108:As above
  #checkov:skip=CKV_AWS_109:As above
  #checkov:skip=CKV_AWS_111:As above
  #checkov:skip=CKV_AWS_356:As above
  for_each = local.prefixes

  statement {
    sid = "NamedResourcesOfThisEnvironment"
    actions = [
      "athena:*PreparedStatement*",
      "athena:*Quer*",
      "athena:GetWorkGroup",
      "cloudwatch:Get*",
      "dynamodb:BatchGetItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:Scan",
      "dynamodb:UpdateItem",
      "firehose:DescribeDeliveryStream",
      "firehose:PutRecord",
      "glue:*JobRun*",
      "glue:Get*",
      "kinesis:Describe*",
      "kinesis:Get*",
      "kinesis:ListShards",
      "kinesis:PutRecord*",
      "lambda:GetFunctionConfiguration",
      "lambda:InvokeFunction",
      "logs:*",
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetBucketLocation",
      "s3:GetObject",
      "s3:ListBucket*",
      "s3:PutObject",
      "sagemaker:*TrainingJob",
      "sagemaker:AddTags",
      "sagemaker:InvokeEndpoint",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
      "ssm:GetParameter",
      "ssm:GetParametersByPath",
      "ssm:PutParameter",
      "states:Describe*",
      "states:GetExecutionHistory",
      "states:List*",
      "states:StartExecution",
      "states:StopExecution",
    ]
    resources = concat(local.named_arns[each.key], ["arn:${local.partition}:glue:${local.here}:catalog"])
  }

  # The log group that SageMaker uses for all jobs of the account, and the rule with which Step Functions waits for a training job.
  statement {
    sid     = "ResourcesThatAwsNames"
    actions = ["events:DescribeRule", "events:PutRule", "events:PutTargets", "logs:*"]
    resources = [
      "arn:${local.partition}:events:${local.here}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule",
      "arn:${local.partition}:logs:${local.here}:log-group:/aws/sagemaker/TrainingJobs*",
    ]
  }

  # Analysts find tables by the account's catalogue, and Athena looks for the default database.
  statement {
    sid     = "CatalogueOfTheAccount"
    actions = ["athena:GetDataCatalog", "athena:GetDatabase", "athena:*TableMetadata", "athena:ListDatabases", "athena:StartQueryExecution", "glue:GetDatabase*"]
    resources = [
      "arn:${local.partition}:athena:${local.here}:datacatalog/AwsDataCatalog",
      "arn:${local.partition}:glue:${local.here}:database/default",
    ]
  }

  # Names of Personalize contain the environment, except for generated ids and import jobs, which are named by data set and run.
  statement {
    sid     = "PersonalizeOfThisEnvironment"
    actions = ["personalize:*"]
    resources = concat(
      [for resource in ["*/${each.value}-*", "*/${each.value}", "dataset/${each.value}/*", "dataset-import-job/*", "event-tracker/*"] : "arn:${local.partition}:personalize:${local.here}:${resource}"],
      ["arn:${local.partition}:personalize:::*"],
    )
  }

  # The variable campaign_arns may name any campaign of the account.
  statement {
    sid       = "AnswersOfCampaigns"
    actions   = ["personalize:GetPersonalizedRanking", "personalize:GetRecommendations"]
    resources = ["arn:${local.partition}:personalize:${local.here}:campaign/*"]
  }

  statement {
    sid = "ActionsWithoutResourceLevel"
    actions = [
      "athena:List*",
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetric*",
      "cloudwatch:ListMetrics",
      "cloudwatch:PutMetricData",
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetAuthorizationToken",
      "ecr:GetDownloadUrlForLayer",
      "glue:GetSecurityConfiguration",
      "kinesis:ListStreams",
      "logs:*LogDeliver*",
      "logs:*ResourcePolic*",
      "logs:DescribeLogGroups",
      "logs:GetQueryResults",
      "personalize:List*",
      "personalize:PutEvents",
      "xray:*",
    ]
    resources = ["*"]
  }

  statement {
    sid     = "PassTheRolesOfPersonalizeAndSageMaker"
    actions = ["iam:PassRole"]
    resources = [
      "${local.roles_arn}/${each.value}-personalize",
      "${local.roles_arn}/${each.value}-sagemaker",
    ]
  }

  statement {
    sid       = "UseTheEnvironmentsKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ListGrants"]
    resources = [local.keys_arn]

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
    sid       = "LetServicesUseTheEnvironmentsKey"
    actions   = ["kms:CreateGrant"]
    resources = [local.keys_arn]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
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
    sid       = "DenyTheState"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.state_arn, "${local.state_arn}/*"]
  }
}
