resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_s3_object" "archive" {
  bucket = var.archive_bucket
  # The key contains a hash of the content, so that each version's archive can be identified and is kept.
  key         = "lambda/${var.name}/${substr(filesha256(var.archive), 0, 12)}.zip"
  source      = var.archive
  source_hash = filesha256(var.archive)
  kms_key_id  = var.key_arn
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:Reserved concurrency is a setting of the environment, since a new account has none to reserve
  #checkov:skip=CKV_AWS_116:Functions that are invoked asynchronously have an on-failure destination, which has more context than a dead-letter queue
  #checkov:skip=CKV_AWS_117:The function calls AWS services only, over their public TLS endpoints; in a VPC each would need a paid endpoint
  #checkov:skip=CKV_AWS_272:Archives are not signed: their names contain the hash of a build that can be repeated, and signing would trust the same pipeline
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  s3_bucket                      = aws_s3_object.archive.bucket
  s3_key                         = aws_s3_object.archive.key
  source_code_hash               = filebase64sha256(var.archive)
  handler                        = var.handler
  runtime                        = var.runtime
  architectures                  = [var.architecture]
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)
  kms_key_arn                    = var.key_arn
  publish                        = var.alias != null

  environment {
    variables = merge(var.environment, { for index, settings in local.deferred : settings.variable => aws_sqs_queue.deferred[index].url })
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = var.log_level == "WARNING" ? "WARN" : var.log_level
    system_log_level      = var.log_level == "DEBUG" ? "DEBUG" : "INFO" # INFO has the report of each invocation
  }

  tracing_config {
    mode = "Active"
  }

  # A log group created by Lambda would have neither retention nor encryption; without the policy the first call fails.
  depends_on = [aws_iam_role_policy.this]
}
