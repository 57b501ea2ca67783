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
    sid       = "ListExecutions"
    actions   = ["states:DescribeStateMachine", "states:ListExecutions"]
    resources = var.state_machine_arns
  }

  statement {
    sid       = "ReadExecutions"
    actions   = ["states:DescribeExecution", "states:DescribeStateMachineForExecution", "states:GetExecutionHistory"]
    resources = local.execution_arns
  }

  # The definition, the executions and their history are decrypted with the caller's permissions.
  statement {
    sid       = "DecryptExecutions"
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
      values   = var.state_machine_arns
    }
  }

  statement {
    sid       = "ReadRunsOfTheSparkJobs"
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
  #checkov:skip=CKV_AWS_356:Lists of work groups, data catalogues and engine versions have no resource level
  statement {
    sid = "QueryInTheWorkGroup"
    actions = [
      "athena:BatchGetNamedQuery",
      "athena:BatchGetPreparedStatement",
      "athena:BatchGetQueryExecution",
      "athena:GetNamedQuery",
      "athena:GetPreparedStatement",
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetQueryResultsStream", # the JDBC and ODBC drivers
      "athena:GetQueryRuntimeStatistics",
      "athena:GetWorkGroup",
      "athena:ListNamedQueries",
      "athena:ListPreparedStatements",
      "athena:ListQueryExecutions",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = ["arn:${var.partition}:athena:${var.region}:${var.account_id}:workgroup/${var.workgroup_name}"]
  }

  # Athena evaluates the catalogue's name in addition to the work group.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html
  statement {
    sid = "ReadTheCatalogThroughAthena"
    actions = [
      "athena:GetDataCatalog",
      "athena:GetDatabase",
      "athena:GetTableMetadata",
      "athena:ListDatabases",
      "athena:ListTableMetadata",
      "athena:StartQueryExecution",
    ]
    resources = ["arn:${var.partition}:athena:${var.region}:${var.account_id}:datacatalog/AwsDataCatalog"]
  }

  statement {
    sid       = "ListWhatTheConsoleOffers"
    actions   = ["athena:ListDataCatalogs", "athena:ListEngineVersions", "athena:ListWorkGroups"]
    resources = ["*"] # no resource level
  }

  statement {
    sid     = "ReadTheCatalog"
    actions = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = [
      "${local.glue_arn}:catalog",
      "${local.glue_arn}:database/${var.database_name}",
      "${local.glue_arn}:table/${var.database_name}/*",
    ]
  }

  # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
  statement {
    sid       = "LetAthenaFindTheDefaultDatabase"
    actions   = ["glue:GetDatabase", "glue:GetDatabases"]
    resources = ["${local.glue_arn}:database/default"]
  }

  statement {
    sid       = "ReadTheLake"
    actions   = ["s3:GetObject"]
    resources = ["${local.lake_arn}/curated/*", "${local.lake_arn}/raw/*"]
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
