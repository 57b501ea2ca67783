locals {
  # Metrics of AWS/Lambda with the threshold of each alarm.
  function_alarms = {
    errors = {
      metric      = "Errors"
      statistic   = "Sum"
      threshold   = 0
      description = "${var.name} failed: see the traceback in ${local.log_group_name}."
    }
    throttles = {
      metric      = "Throttles"
      statistic   = "Sum"
      threshold   = 0
      description = "${var.name} was throttled: raise its reserved concurrency or the account's limit."
    }
    duration = {
      metric      = "Duration"
      statistic   = "Maximum"
      threshold   = var.timeout_seconds * 1000 * 0.9
      description = "${var.name} used more than nine tenths of its timeout of ${var.timeout_seconds} s."
    }
  }
}

# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
locals {
  mapping_alarms = length(local.streams) == 0 ? {} : {
    failed-records = {
      metric      = "OnFailureDestinationDeliveredEventCount"
      description = "Records of ${var.name} are in the failures bucket under aws/lambda/, since their retries or their age are exhausted."
    }
    lost-records = {
      metric      = "DroppedEventCount"
      description = "Records of ${var.name} were dropped, since the failures bucket did not accept them."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "mapping" {
  for_each = local.mapping_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # a disabled mapping has no metrics
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  dimensions = {
    EventSourceMappingUUID = aws_lambda_event_source_mapping.this[0].uuid
  }
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.function_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching" # a function without invocations is healthy
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  dimensions = {
    FunctionName = var.name
  }
}

resource "aws_cloudwatch_metric_alarm" "iterator_age" {
  count = length(local.streams)

  alarm_name          = "${var.name}-iterator-age"
  alarm_description   = "${var.name} is ${local.streams[count.index].alarm_age_seconds} s behind the stream: raise the parallelization factor or the shards."
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.streams[count.index].alarm_age_seconds * 1000
  treat_missing_data  = "notBreaching" # an empty stream invokes nothing
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  dimensions = {
    FunctionName = var.name
  }
}

resource "aws_cloudwatch_metric_alarm" "failed_events" {
  count = length(local.asynchronous)

  alarm_name          = "${var.name}-failed-events"
  alarm_description   = "Permanently failed events of ${var.name} are in the queue ${local.queue_name}."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  dimensions = {
    QueueName = local.queue_name
  }
}
