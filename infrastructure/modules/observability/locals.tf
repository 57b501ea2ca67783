locals {
  topic_name     = "${var.prefix}-alarms"
  topic_arn      = "arn:${var.partition}:sns:${var.region}:${var.account_id}:${local.topic_name}"
  dashboard_name = var.prefix
  console_url    = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}"

  # Two of three periods of five minutes: one transient failure raises no alarm, and there is time left to react.
  alarms = merge(
    {
      stream-throttled = {
        namespace   = "AWS/Kinesis"
        metric      = "WriteProvisionedThroughputExceeded"
        dimensions  = { StreamName = var.stream_name }
        statistic   = "Sum"
        threshold   = 0
        description = "The stream throttled records, which producers must send again: add shards."
      }
      stream-unread = {
        namespace   = "AWS/Kinesis"
        metric      = "GetRecords.IteratorAgeMilliseconds"
        dimensions  = { StreamName = var.stream_name }
        statistic   = "Maximum"
        threshold   = var.thresholds.lake_lag_seconds * 1000
        description = "A consumer of the stream is more than ${var.thresholds.lake_lag_seconds} s behind."
      }
      lake-lag = {
        namespace   = "AWS/Firehose"
        metric      = "DeliveryToS3.DataFreshness"
        dimensions  = { DeliveryStreamName = var.delivery_stream_name }
        statistic   = "Maximum"
        threshold   = var.thresholds.lake_lag_seconds
        description = "The oldest undelivered event of Firehose is more than ${var.thresholds.lake_lag_seconds} s old."
      }
      training-failed = {
        namespace   = "AWS/States"
        metric      = "ExecutionsFailed"
        dimensions  = { StateMachineArn = var.state_machine_arn }
        statistic   = "Sum"
        threshold   = 0
        urgent      = true
        description = "A training failed; the deployed versions keep serving. The execution shows the failed step and the cause."
      }
      training-timed-out = {
        namespace   = "AWS/States"
        metric      = "ExecutionsTimedOut"
        dimensions  = { StateMachineArn = var.state_machine_arn }
        statistic   = "Sum"
        threshold   = 0
        urgent      = true
        description = "A training exceeded its timeout of a day; the deployed versions keep serving."
      }
      champion-outdated = {
        namespace   = var.metrics_namespace
        metric      = "champion_outdated"
        dimensions  = { service = "judge" }
        statistic   = "Sum"
        threshold   = 0
        urgent      = true
        description = "A champion was kept although recent events differ from those that it was trained on: see the verdict in the execution's output."
      }
      forward-held-back = {
        namespace   = var.metrics_namespace
        metric      = "held_back"
        dimensions  = { service = "forward" }
        statistic   = "Sum"
        threshold   = 0
        description = "The event tracker accepts nothing, so forward holds its events back: see the state of the dataset group and failed_calls. They are kept for as long as the event-source mapping retries."
      }
      api-failed = {
        namespace   = "AWS/ApiGateway"
        metric      = "5XXError"
        dimensions  = { ApiName = var.api.name, Stage = var.api.stage }
        statistic   = "Sum"
        threshold   = var.thresholds.failed_requests
        description = "More than ${var.thresholds.failed_requests} requests failed in five minutes."
      }
      api-slow = {
        namespace          = "AWS/ApiGateway"
        metric             = "Latency"
        dimensions         = { ApiName = var.api.name, Stage = var.api.stage }
        extended_statistic = "p99"
        threshold          = var.thresholds.latency_milliseconds
        description        = "One request in a hundred takes longer than ${var.thresholds.latency_milliseconds} ms."
      }
    },
    {
      for purpose in var.counting_functions : "${purpose}-bad" => {
        namespace   = var.metrics_namespace
        metric      = "bad"
        dimensions  = { service = purpose }
        statistic   = "Sum"
        threshold   = var.thresholds.bad_events
        description = "${purpose} refused more than ${var.thresholds.bad_events} events in five minutes: see the saved query bad-rows-by-reason."
      }
    },
    {
      for purpose in var.counting_functions : "${purpose}-unaccounted" => {
        namespace   = var.metrics_namespace
        metric      = "unaccounted"
        dimensions  = { service = purpose }
        statistic   = "Maximum"
        threshold   = 0
        urgent      = true
        description = "${purpose} received events without a counted outcome: they may be lost."
      }
    },
  )

  # Charts of the dashboard: a title and its metrics, as [namespace, metric, dimension, value, …].
  charts = [
    {
      title   = "Requests"
      stat    = "Sum"
      metrics = [for metric in ["Count", "4XXError", "5XXError"] : ["AWS/ApiGateway", metric, "ApiName", var.api.name, "Stage", var.api.stage]]
    },
    {
      title   = "Latency, 99th percentile (ms)"
      stat    = "p99"
      metrics = [for metric in ["Latency", "IntegrationLatency"] : ["AWS/ApiGateway", metric, "ApiName", var.api.name, "Stage", var.api.stage]]
    },
    {
      title   = "Records in the stream"
      stat    = "Sum"
      metrics = [for metric in ["IncomingRecords", "WriteProvisionedThroughputExceeded"] : ["AWS/Kinesis", metric, "StreamName", var.stream_name]]
    },
    {
      title = "Consumer lag (ms)"
      stat  = "Maximum"
      metrics = concat(
        [["AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", var.stream_name]],
        [for name in values(var.functions) : ["AWS/Lambda", "IteratorAge", "FunctionName", name]],
      )
    },
    {
      title   = "Delivery to the lake"
      stat    = "Maximum"
      metrics = [for metric in ["DeliveryToS3.DataFreshness", "DeliveryToS3.Records", "ExecuteProcessing.Duration"] : ["AWS/Firehose", metric, "DeliveryStreamName", var.delivery_stream_name]]
    },
    {
      title   = "Calls to the event tracker"
      stat    = "Sum"
      metrics = [for metric in ["calls", "failed_calls", "held_back"] : [var.metrics_namespace, metric, "service", "forward"]]
    },
    {
      title = "Bad and unaccounted events"
      stat  = "Sum"
      metrics = [
        for pair in setproduct(var.counting_functions, ["bad", "unaccounted"]) : [var.metrics_namespace, pair[1], "service", pair[0]]
      ]
    },
    {
      title   = "Invocations"
      stat    = "Sum"
      metrics = [for name in values(var.functions) : ["AWS/Lambda", "Invocations", "FunctionName", name]]
    },
    {
      title   = "Function errors"
      stat    = "Sum"
      metrics = [for name in values(var.functions) : ["AWS/Lambda", "Errors", "FunctionName", name]]
    },
    {
      title   = "Trainings"
      stat    = "Sum"
      metrics = [for metric in ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed"] : ["AWS/States", metric, "StateMachineArn", var.state_machine_arn]]
    },
    {
      title   = "Judged versions"
      stat    = "Sum"
      metrics = [for metric in ["kept_challenger", "kept_champion", "drift_found", "champion_outdated"] : [var.metrics_namespace, metric, "service", "judge"]]
    },
  ]

  # CloudWatch's grid has 24 columns: three charts per row, below the alarms.
  alarm_widget = {
    type   = "alarm"
    x      = 0
    y      = 0
    width  = 24
    height = 4
    properties = {
      title  = "Alarms"
      alarms = sort(values(aws_cloudwatch_metric_alarm.this)[*].arn)
    }
  }

  chart_widgets = [
    for index, chart in local.charts : {
      type   = "metric"
      x      = (index % 3) * 8
      y      = 4 + floor(index / 3) * 6
      width  = 8
      height = 6
      properties = {
        title   = chart.title
        region  = var.region
        stat    = chart.stat
        period  = 60
        view    = "timeSeries"
        metrics = chart.metrics
      }
    }
  ]
}
