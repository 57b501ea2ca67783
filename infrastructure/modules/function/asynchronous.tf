resource "aws_sqs_queue" "failed" {
  count = length(local.asynchronous)

  name                              = local.queue_name
  message_retention_seconds         = local.queue_seconds
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 3600
}

resource "aws_sqs_queue_policy" "failed" {
  count = length(local.asynchronous)

  queue_url = aws_sqs_queue.failed[count.index].url
  policy    = data.aws_iam_policy_document.queue[count.index].json
}

resource "aws_lambda_function_event_invoke_config" "this" {
  count = length(local.asynchronous)

  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = local.asynchronous[count.index].retries
  maximum_event_age_in_seconds = local.asynchronous[count.index].event_age_seconds

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed[count.index].arn
    }
  }
}

# A chain of invocations is finite here, but Lambda would stop it as a recursive loop after 16 invocations.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
resource "aws_lambda_function_recursion_config" "this" {
  count = length(local.asynchronous)

  function_name  = aws_lambda_function.this.function_name
  recursive_loop = local.asynchronous[count.index].calls_itself ? "Allow" : "Terminate"
}
