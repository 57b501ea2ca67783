# Messages that the function sends to itself for later: they stay in the queue until an invocation has processed them.
resource "aws_sqs_queue" "deferred" {
  count = length(local.deferred)

  name                              = local.deferred_name
  message_retention_seconds         = local.queue_seconds
  visibility_timeout_seconds        = 6 * var.timeout_seconds # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 3600
}

resource "aws_sqs_queue_policy" "deferred" {
  count = length(local.deferred)

  queue_url = aws_sqs_queue.deferred[count.index].url
  policy    = data.aws_iam_policy_document.deferred_queue[count.index].json
}

resource "aws_lambda_event_source_mapping" "deferred" {
  count = length(local.deferred)

  event_source_arn        = aws_sqs_queue.deferred[count.index].arn
  function_name           = aws_lambda_function.this.arn
  batch_size              = local.deferred[count.index].batch_size
  function_response_types = ["ReportBatchItemFailures"]

  # Two invocations, the least, so that they take no concurrency from the callers.
  scaling_config {
    maximum_concurrency = 2
  }

  # Lambda refuses a mapping whose function may not read the queue.
  depends_on = [aws_iam_role_policy.this]
}
