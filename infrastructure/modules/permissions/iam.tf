# Permissions of each function, one document per function; the function module adds logs, traces and queues.

data "aws_iam_policy_document" "authorise" {
  statement {
    sid       = "ReadTheKeys"
    actions   = ["ssm:GetParametersByPath"]
    resources = [local.keys_arn]
  }

  statement {
    sid       = "DecryptTheKeys"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_ssm]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:PARAMETER_ARN"
      values   = ["${local.keys_arn}/*"]
    }
  }
}

data "aws_iam_policy_document" "collect" {
  statement {
    sid       = "PutEventsIntoTheStream"
    actions   = ["kinesis:PutRecords"]
    resources = [var.stream_arn]
  }

  statement {
    sid       = "WriteBadRows"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["bad-rows"]}/collect/*"]
  }

  statement {
    sid       = "WriteItemsAndUsersIntoTheLake"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["lake"]}/raw/items/*", "${var.bucket_arns["lake"]}/raw/users/*"]
  }

  statement {
    sid       = "ReadUploads"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns["uploads"]}/*"]
  }

  # A presigned address has the permissions of its signer.
  statement {
    sid       = "SignAddressesOfUploads"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["uploads"]}/incoming/*"]
  }

  statement {
    sid       = "WriteTheProgressOfUploads"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["uploads"]}/reports/*"]
  }

  statement {
    sid       = "ListUploadsToDetectMissingOnes"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arns["uploads"]]
  }

  statement {
    sid       = "WriteItemsAndUsersIntoTheTable"
    actions   = ["dynamodb:PutItem", "dynamodb:UpdateItem"] # the first in transactions, which have no action of their own; the second adds categories
    resources = [var.table_arns["entities"]]
  }

  statement {
    sid       = "ContinueAnUploadInAnotherInvocation"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.collect_arn]
  }

  statement {
    sid       = "EncryptItsData"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_dynamodb, local.via_kinesis, local.via_s3]
    }
  }
}

data "aws_iam_policy_document" "forward" {
  #checkov:skip=CKV_AWS_111:Personalize has no resource level for PutEvents
  #checkov:skip=CKV_AWS_356:As above
  statement {
    sid       = "PutEventsIntoTheTracker"
    actions   = ["personalize:PutEvents"]
    resources = ["*"] # no resource level: https://docs.aws.amazon.com/personalize/latest/dg/recording-item-interaction-events.html
  }

  statement {
    sid       = "ReadTheTrackingId"
    actions   = ["ssm:GetParameter"]
    resources = [local.parameter_arn]
  }

  statement {
    sid       = "WriteTheHistoryOfUsers"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"] # it reads what an earlier delivery has forwarded
    resources = [var.table_arns["history"]]
  }

  statement {
    sid       = "WriteBadRows"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["bad-rows"]}/forward/*"]
  }

  statement {
    sid       = "EncryptItsData"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_dynamodb, local.via_s3]
    }
  }
}

data "aws_iam_policy_document" "lake" {
  statement {
    sid       = "WriteBadRows"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["bad-rows"]}/lake/*"]
  }

  statement {
    sid       = "EncryptBadRows"
    actions   = ["kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_s3]
    }
  }
}

data "aws_iam_policy_document" "recommend" {
  statement {
    sid     = "QueryTheCampaigns"
    actions = ["personalize:GetPersonalizedRanking", "personalize:GetRecommendations"]
    # A request with a filter also needs the permission for the filter.
    resources = concat(values(var.campaign_arns), [local.filter_arns])
  }

  dynamic "statement" {
    for_each = var.custom_endpoint_arn[*]

    content {
      sid       = "InvokeTheCustomModel"
      actions   = ["sagemaker:InvokeEndpoint"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "DescribeTheModels"
    actions   = ["personalize:DescribeCampaign", "personalize:GetSolutionMetrics"]
    resources = concat(values(var.campaign_arns), [local.solution_arns])
  }

  statement {
    sid       = "ListTheModels"
    actions   = ["personalize:ListSolutions", "personalize:ListSolutionVersions"]
    resources = ["*"] # no resource level: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
  }

  statement {
    sid       = "StartExecutionsForVisitors"
    actions   = ["states:StartExecution"]
    resources = [var.visitors_arn]
  }

  statement {
    sid       = "ReadExecutionsForVisitors"
    actions   = ["states:DescribeExecution"]
    resources = [local.visitors_execution_arn]
  }

  # As of trainings: executions are decrypted with the caller's permissions.
  statement {
    sid       = "DecryptExecutionsForVisitors"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_states]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:states:stateMachineArn"
      values   = [var.visitors_arn]
    }
  }

  statement {
    sid       = "ReadThePublishedFilters"
    actions   = ["ssm:GetParameter"]
    resources = [local.filters_arn]
  }

  statement {
    sid       = "ReadTheHistoryOfUsers"
    actions   = ["dynamodb:Query"]
    resources = [var.table_arns["history"]]
  }

  statement {
    sid       = "ReadItemsAndUsers"
    actions   = ["dynamodb:BatchGetItem"]
    resources = [var.table_arns["entities"]]
  }

  statement {
    sid       = "ListProducts"
    actions   = ["dynamodb:Query", "dynamodb:Scan"]
    resources = ["${var.table_arns["entities"]}/index/products"]
  }

  statement {
    sid       = "ReadAndWriteTheLastGoodAnswers"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem"]
    resources = [var.table_arns["answers"]]
  }

  statement {
    sid       = "ReadThePopularItemsByFact"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns["datasets"]}/popular-by-fact.json"] # as the job of the data sets writes it
  }

  # Firehose encrypts them by a grant of its own on the key.
  statement {
    sid       = "WriteServedLists"
    actions   = ["firehose:DescribeDeliveryStream", "firehose:PutRecord"] # the first opens a connection before the first answer
    resources = [var.served_lists_stream_arn]
  }

  statement {
    sid       = "DecryptTheTables"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_dynamodb]
    }
  }

  statement {
    sid       = "DecryptThePopularItemsByFact"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_s3]
    }
  }
}

data "aws_iam_policy_document" "train" {
  statement {
    sid       = "StartATrainingUnlessOneRuns"
    actions   = ["states:ListExecutions", "states:StartExecution"]
    resources = [var.state_machine_arn]
  }

  statement {
    sid       = "ReadTheProgressOfTrainings"
    actions   = ["states:DescribeExecution", "states:GetExecutionHistory"]
    resources = [local.execution_arn]
  }

  # https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html: executions and their history are
  # decrypted with the caller's permissions; the state machine's role encrypts the input of a new execution.
  statement {
    sid       = "DecryptTheProgressOfTrainings"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_states]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:states:stateMachineArn"
      values   = [var.state_machine_arn]
    }
  }
}
