data "aws_iam_policy_document" "trust" {
  for_each = local.principals

  statement {
    sid     = "AssumedByItsUsers"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = sort(each.value)
    }
  }
}

data "aws_iam_policy_document" "operator" {
  #checkov:skip=CKV_AWS_356:Metrics, alarms and results of log queries have no resource level
  statement {
    sid       = "ListTrainings"
    actions   = ["states:DescribeStateMachine", "states:ListExecutions"]
    resources = [var.state_machine_arn]
  }

  statement {
    sid       = "ReadTrainings"
    actions   = ["states:DescribeExecution", "states:DescribeStateMachineForExecution", "states:GetExecutionHistory"]
    resources = [local.execution_arn]
  }

  # The definition, the executions and their history are decrypted with the caller's permissions.
  statement {
    sid       = "DecryptTrainings"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["states.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:states:stateMachineArn"
      values   = [var.state_machine_arn]
    }
  }

  statement {
    sid       = "ReadRunsOfTheSparkJob"
    actions   = ["glue:GetJobRun", "glue:GetJobRuns"]
    resources = ["${local.glue_arn}:job/${var.prefix}-*"]
  }

  statement {
    sid       = "ReadLogs"
    actions   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"]
    resources = [local.log_group_arn]
  }

  statement {
    sid = "ReadMetricsAndAlarms"
    actions = [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "cloudwatch:ListMetrics",
      "logs:DescribeLogGroups",
      "logs:GetQueryResults",
    ]
    resources = ["*"] # no resource level
  }
}

data "aws_iam_policy_document" "analyst" {
  statement {
    sid = "QueryInTheWorkGroup"
    actions = [
      "athena:GetNamedQuery",
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetWorkGroup",
      "athena:ListNamedQueries",
      "athena:ListQueryExecutions",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = ["arn:${var.partition}:athena:${var.region}:${var.account_id}:workgroup/${var.workgroup_name}"]
  }

  statement {
    sid     = "ReadTheCatalog"
    actions = ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = [
      "${local.glue_arn}:catalog",
      "${local.glue_arn}:database/${var.database_name}",
      "${local.glue_arn}:table/${var.database_name}/*",
    ]
  }

  statement {
    sid       = "ReadTheLake"
    actions   = ["s3:GetObject"]
    resources = ["${local.lake_arn}/raw/*"]
  }

  statement {
    sid       = "ReadAndWriteResults"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.results_arn}/results/*"]
  }

  statement {
    sid       = "ListItsBuckets"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [local.lake_arn, local.results_arn]
  }

  statement {
    sid       = "DecryptTheLakeAndEncryptResults"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.principals

  name                 = "${var.prefix}-${each.key}"
  description          = "Read-only role of ${each.key}s of ${var.prefix}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  for_each = local.principals

  name   = each.key
  role   = aws_iam_role.this[each.key].name
  policy = local.policies[each.key]
}
