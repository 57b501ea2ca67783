resource "aws_lambda_event_source_mapping" "this" {
  count = length(local.streams)

  event_source_arn                   = local.streams[count.index].arn
  function_name                      = aws_lambda_function.this.arn
  enabled                            = local.streams[count.index].enabled
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = local.streams[count.index].batch_size
  maximum_batching_window_in_seconds = local.streams[count.index].window_seconds
  parallelization_factor             = local.streams[count.index].parallelization_factor
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = local.streams[count.index].retries
  maximum_record_age_in_seconds      = local.streams[count.index].record_age_seconds

  metrics_config {
    metrics = ["EventCount"] # off by default; the alarms on failed and lost records need it
  }

  destination_config {
    on_failure {
      # A bucket stores the records; a queue would store only their positions, until the stream's retention ends.
      destination_arn = local.streams[count.index].failures_bucket_arn
    }
  }
}
