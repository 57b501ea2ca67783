resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.dashboard_name
  dashboard_body = jsonencode({ widgets = concat([local.alarm_widget], local.headings, local.chart_widgets) })
}

locals {
  # Each stage of the pipeline has its traffic, its errors and its latency or saturation.
  # Metrics are [namespace, metric, dimension, value, …], or an expression over metrics with an id.
  stages = [
    {
      title = "API"
      charts = [
        { title = "Requests", stat = "Sum", metrics = [concat(["AWS/ApiGateway", "Count"], local.api_metric)] },
        { title = "Failed and refused requests", stat = "Sum", metrics = [for metric in ["4XXError", "5XXError"] : concat(["AWS/ApiGateway", metric], local.api_metric)] },
        { title = "Latency, 99th percentile (ms)", stat = "p99", metrics = [for metric in ["Latency", "IntegrationLatency"] : concat(["AWS/ApiGateway", metric], local.api_metric)] },
      ]
    },
    {
      title = "Events in"
      charts = [
        { title = "Records in the stream", stat = "Sum", metrics = [["AWS/Kinesis", "IncomingRecords", "StreamName", var.stream_name]] },
        {
          title = "Throttled records, bad and unaccounted events"
          stat  = "Sum"
          metrics = concat(
            [["AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", var.stream_name], [var.metrics_namespace, "bad_rows_lost", "service", "collect"]],
            [for pair in setproduct(keys(local.outcomes), ["bad", "unaccounted"]) : [var.metrics_namespace, pair[1], "service", pair[0]]],
          )
        },
        {
          title = "Consumer lag (ms)"
          stat  = "Maximum"
          metrics = concat(
            [["AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", var.stream_name]],
            [for name in values(var.functions) : ["AWS/Lambda", "IteratorAge", "FunctionName", name]],
          )
        },
      ]
    },
    {
      title  = "Outcomes of the events"
      charts = [for stage, names in local.outcomes : { title = "Events in ${stage}, by outcome", stat = "Sum", metrics = [for name in names : [var.metrics_namespace, name, "service", stage]] }]
    },
    {
      title = "Lake"
      charts = [
        { title = "Rows written", stat = "Sum", metrics = [["AWS/Firehose", "DeliveryToS3.Records", "DeliveryStreamName", var.delivery_stream_name]] },
        { title = "Rows that could not be converted", stat = "Sum", metrics = [["AWS/Firehose", "FailedConversion.Records", "DeliveryStreamName", var.delivery_stream_name]] },
        { title = "Age of the oldest undelivered event (s)", stat = "Maximum", metrics = [["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", var.delivery_stream_name]] },
      ]
    },
    {
      title = "Clocks and bots"
      charts = [
        { title = "Events received late, or before their own time, and marked as a bot's", stat = "Sum", metrics = [for metric in ["late", "ahead", "bots"] : [var.metrics_namespace, metric, "service", "lake"]] },
        { title = "Longest time from an event to its receipt (s)", stat = "Maximum", metrics = [[var.metrics_namespace, "late_seconds", "service", "lake"]] },
        { title = "Furthest clock ahead (s)", stat = "Maximum", metrics = [[var.metrics_namespace, "ahead_seconds", "service", "lake"]] },
      ]
    },
    {
      title = "Event tracker"
      charts = [
        { title = "Forwarded events and calls", stat = "Sum", metrics = [for metric in ["forwarded", "calls"] : [var.metrics_namespace, metric, "service", "forward"]] },
        { title = "Failed calls, events that wait", stat = "Sum", metrics = [for metric in ["failed_calls", "retried", "held_back"] : [var.metrics_namespace, metric, "service", "forward"]] },
        { title = "From the stream to the tracker, 99th percentile (s)", stat = "p99", metrics = [[var.metrics_namespace, "update_seconds", "service", "forward"]] },
      ]
    },
    {
      title = "Recommendations"
      charts = [
        { title = "Answers by source", stat = "Sum", metrics = [for source in local.sources : [var.metrics_namespace, "answered_from_${source}", "service", "recommend"]] },
        {
          title = "Share of the cache and of stand-ins (%)"
          stat  = "Sum"
          metrics = concat(
            [
              [{ expression = "100 * FILL(cache, 0) / SUM(METRICS())", label = "cache" }],
              [{ expression = "100 * (FILL(last_good, 0) + FILL(popular, 0)) / SUM(METRICS())", label = "stand-ins" }],
            ],
            [for source in local.sources : [var.metrics_namespace, "answered_from_${source}", "service", "recommend", { id = source, visible = false }]],
          )
        },
        { title = "Errors of Personalize", stat = "Sum", metrics = [for metric in values(local.campaign_metrics) : [metric.namespace, metric.metric, "CampaignArn", metric.dimensions.CampaignArn]] },
      ]
    },
    {
      title = "Served lists"
      charts = [
        { title = "Answers, served lists that Firehose accepted, and lost ones", stat = "Sum", metrics = [for name in ["answers", "list_written", "list_lost"] : [var.metrics_namespace, name, "service", "recommend"]] },
        { title = "Served lists written and not converted", stat = "Sum", metrics = [for metric in ["DeliveryToS3.Records", "FailedConversion.Records"] : ["AWS/Firehose", metric, "DeliveryStreamName", var.served_lists_stream]] },
        { title = "Age of the oldest undelivered served list (s)", stat = "Maximum", metrics = [["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", var.served_lists_stream]] },
      ]
    },
    {
      title = "Training"
      charts = [
        { title = "Trainings", stat = "Sum", metrics = [for metric in ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"] : ["AWS/States", metric, "StateMachineArn", var.state_machine_arn]] },
        { title = "Judged versions", stat = "Sum", metrics = [for metric in ["kept_challenger", "kept_champion", "drift_found", "champion_outdated"] : [var.metrics_namespace, metric, "service", "judge"]] },
        { title = "Age of the model (h), loss of accuracy (%)", stat = "Maximum", metrics = [for metric in ["model_age_hours", "accuracy_drop_percent"] : [var.metrics_namespace, metric, "service", "judge"]] },
      ]
    },
    {
      title = "Functions"
      charts = [
        { title = "Invocations", stat = "Sum", metrics = [for name in values(var.functions) : ["AWS/Lambda", "Invocations", "FunctionName", name]] },
        { title = "Function errors", stat = "Sum", metrics = [for name in values(var.functions) : ["AWS/Lambda", "Errors", "FunctionName", name]] },
        { title = "Concurrent executions", stat = "Maximum", metrics = [for name in values(var.functions) : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", name]] },
      ]
    },
    {
      title = "Tables and cost"
      charts = [
        { title = "Capacity units of the tables", stat = "Sum", metrics = [for pair in setproduct(values(var.tables), ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"]) : ["AWS/DynamoDB", pair[1], "TableName", pair[0]]] },
        { title = "Throttled reads and writes", stat = "Sum", metrics = [for metric in values(local.throttle_metrics) : [metric.namespace, metric.metric, "TableName", metric.dimensions.TableName]] },
        # Published in one region only, every six hours, where the account's billing preferences allow it.
        { title = "The account's cost this month (USD)", stat = "Maximum", region = "us-east-1", period = 21600, metrics = [["AWS/Billing", "EstimatedCharges", "Currency", "USD"]] },
      ]
    },
  ]

  api_metric = ["ApiName", var.api.name, "Stage", var.api.stage]
  sources    = ["cache", "recommender", "last_good", "popular", "chosen", "facts", "chosen_and_facts"]

  # CloudWatch's grid has 24 columns: three charts per stage, below the alarms.
  alarm_widget = {
    type   = "alarm"
    x      = 0
    y      = 0
    width  = 24
    height = 6
    properties = {
      title  = "Alarms"
      alarms = sort(values(module.alarms.alarms)[*].arn)
    }
  }

  headings = [
    for row, stage in local.stages : {
      type       = "text"
      x          = 0
      y          = 6 + row * 7
      width      = 24
      height     = 1
      properties = { markdown = "## ${stage.title}" }
    }
  ]

  chart_widgets = flatten([
    for row, stage in local.stages : [
      for column, chart in stage.charts : {
        type   = "metric"
        x      = column * 8
        y      = 7 + row * 7
        width  = 8
        height = 6
        properties = {
          title   = chart.title
          region  = try(chart.region, var.region)
          stat    = chart.stat
          period  = try(chart.period, 60)
          view    = "timeSeries"
          metrics = chart.metrics
        }
      } if length(chart.metrics) > 0
    ]
  ])
}
