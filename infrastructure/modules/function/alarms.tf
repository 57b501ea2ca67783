module "alarms" {
  source = "../alarms"

  prefix       = var.name
  topic_arn    = var.alarm_topic_arn
  runbooks_url = var.runbooks_url
  alarms = {
    for name, alarm in merge(local.function_alarms, local.stream_alarms, local.queue_alarms, local.deferred_alarms) :
    name => merge({ namespace = "AWS/Lambda", dimensions = { FunctionName = var.name }, period = 60 }, alarm)
  }
}

locals {
  function_alarms = {
    errors = merge({
      kind        = "count"
      metric      = "Errors"
      periods     = 5
      datapoints  = 2
      runbook     = "function"
      description = "${var.name} failed: see the traceback in ${local.log_group_name}."
    }, local.unexpected_errors...)
    throttles = {
      kind        = "count"
      metric      = "Throttles"
      periods     = 5
      datapoints  = 2
      runbook     = "function"
      description = "${var.name} was throttled: raise its reserved concurrency or the account's limit."
    }
    duration = {
      kind        = "gauge"
      beside      = "no-events"
      metric      = "Duration"
      statistic   = "Maximum"
      threshold   = var.timeout_seconds * 1000 * 0.9
      periods     = 5
      datapoints  = 2
      runbook     = "function"
      description = "${var.name} used more than nine tenths of its timeout of ${var.timeout_seconds} s."
    }
  }

  unexpected_errors = [for expected in var.expected_errors[*] : {
    namespace  = null
    metric     = null
    dimensions = null
    expression = "errors - FILL(expected, 0)"
    metrics = {
      errors   = { namespace = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = var.name } }
      expected = { namespace = expected.namespace, metric = expected.metric, dimensions = expected.dimensions }
    }
  }]

  # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
  stream_alarms = merge([for stream in local.streams : {
    iterator-age = {
      kind        = "gauge"
      beside      = "no-events"
      metric      = "IteratorAge"
      statistic   = "Maximum"
      threshold   = stream.alarm_age_seconds * 1000
      periods     = 5
      datapoints  = 3
      runbook     = "stream-behind"
      description = "${var.name} is ${stream.alarm_age_seconds} s behind the stream: raise the parallelization factor or the shards."
    }
    failed-records = {
      kind        = "count"
      metric      = "OnFailureDestinationDeliveredEventCount"
      dimensions  = { EventSourceMappingUUID = aws_lambda_event_source_mapping.this[0].uuid }
      runbook     = "failed-records"
      description = "Records of ${var.name} are in the failures bucket under aws/lambda/, since their retries or their age are exhausted."
    }
    lost-records = {
      kind        = "count"
      metric      = "DroppedEventCount"
      dimensions  = { EventSourceMappingUUID = aws_lambda_event_source_mapping.this[0].uuid }
      runbook     = "failed-records"
      description = "Records of ${var.name} were dropped, since the failures bucket did not accept them."
    }
  }]...)

  queue_alarms = merge([for settings in local.asynchronous : {
    failed-events = {
      kind        = "count"
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = local.queue_name }
      statistic   = "Maximum"
      runbook     = "dead-letters"
      description = "Permanently failed events of ${var.name} are in the queue ${local.queue_name}."
    }
    failed-events-expire = {
      kind        = "count"
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = local.queue_name }
      statistic   = "Maximum"
      threshold   = local.queue_seconds * 0.7
      runbook     = "dead-letters"
      description = "An event in the queue ${local.queue_name} is ten days old; SQS deletes it after 14."
    }
  }]...)

  # SQS leaves a message that was received three times out of the age, so the depth counts, too, those in flight included.
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
  deferred_alarms = merge([for settings in local.deferred : {
    "${settings.suffix}-waiting" = {
      kind       = "count"
      namespace  = null
      dimensions = null
      expression = "visible + hidden"
      metrics = {
        for id, metric in { visible = "ApproximateNumberOfMessagesVisible", hidden = "ApproximateNumberOfMessagesNotVisible" } :
        id => { namespace = "AWS/SQS", metric = metric, dimensions = { QueueName = local.deferred_name }, statistic = "Minimum" }
      }
      period      = 300
      periods     = 3
      runbook     = settings.runbook
      description = "${settings.contents} have waited in the queue ${local.deferred_name} for a quarter of an hour."
    }
    "${settings.suffix}-expire" = {
      kind        = "count"
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = local.deferred_name }
      statistic   = "Maximum"
      threshold   = local.queue_seconds * 0.7
      runbook     = settings.runbook
      description = "A message in the queue ${local.deferred_name} is ten days old; SQS deletes it after 14."
    }
  }]...)
}
