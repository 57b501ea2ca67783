module "alarms" {
  source = "../alarms"

  prefix       = var.prefix
  topic_arn    = aws_sns_topic.this.arn
  runbooks_url = var.runbooks_url

  alarms = merge(
    # Two of three periods: one transient failure raises no alarm, and there is time left to react.
    { for name, alarm in merge(local.traffic_alarms, local.recommender_alarms) : name => merge({ periods = 3, datapoints = 2 }, alarm) },
    local.urgent_alarms,
    local.query_alarms,
    local.training_alarms,
    local.signs_of_life,
  )
}

locals {
  # The work group cancels a query at its own limit; nothing on AWS limits an hour, so an alarm watches it.
  # https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html
  query_alarms = {
    queries-scan = {
      kind        = "count"
      namespace   = "AWS/Athena"
      metric      = "ProcessedBytes"
      dimensions  = { WorkGroup = var.workgroup_name }
      period      = 3600
      threshold   = var.thresholds.scanned_gigabytes * pow(1000, 3)
      runbook     = "queries-scan"
      description = "Queries of the work group scanned more than ${var.thresholds.scanned_gigabytes} GB in an hour."
    }
  }

  traffic_alarms = merge(
    {
      stream-throttled = {
        kind        = "count"
        namespace   = "AWS/Kinesis"
        metric      = "WriteProvisionedThroughputExceeded"
        dimensions  = { StreamName = var.stream_name }
        runbook     = "stream-throttled"
        description = "The stream throttled records, which producers must send again: add shards."
      }
      stream-unread = {
        kind        = "gauge"
        beside      = "no-events"
        namespace   = "AWS/Kinesis"
        metric      = "GetRecords.IteratorAgeMilliseconds"
        dimensions  = { StreamName = var.stream_name }
        statistic   = "Maximum"
        threshold   = var.thresholds.lake_lag_seconds * 1000
        runbook     = "stream-behind"
        description = "A consumer of the stream is more than ${var.thresholds.lake_lag_seconds} s behind."
      }
      lake-lag = {
        kind        = "gauge"
        beside      = "no-files"
        namespace   = "AWS/Firehose"
        metric      = "DeliveryToS3.DataFreshness"
        dimensions  = { DeliveryStreamName = var.delivery_stream_name }
        statistic   = "Maximum"
        threshold   = var.thresholds.lake_lag_seconds
        runbook     = "lake-behind"
        description = "The oldest undelivered event of Firehose is more than ${var.thresholds.lake_lag_seconds} s old."
      }
      delivery-failed = {
        kind        = "count"
        expression  = "${length(local.deliveries)} - ${join(" - ", [for id in keys(local.deliveries) : "FILL(${id}, 1)"])}"
        metrics     = { for id, stream in local.deliveries : id => { namespace = "AWS/Firehose", metric = "DeliveryToS3.Success", dimensions = { DeliveryStreamName = stream }, statistic = "Minimum" } }
        runbook     = "lake-delivery"
        description = "S3 refused files of Firehose, which retries them."
      }
      api-failed = {
        kind        = "count"
        namespace   = "AWS/ApiGateway"
        metric      = "5XXError"
        dimensions  = local.api_dimensions
        threshold   = var.thresholds.failed_requests
        runbook     = "api-failed"
        description = "More than ${var.thresholds.failed_requests} requests failed in five minutes."
      }
      api-slow = {
        kind        = "gauge"
        beside      = "no-requests"
        namespace   = "AWS/ApiGateway"
        metric      = "Latency"
        dimensions  = local.api_dimensions
        statistic   = "p99"
        threshold   = var.thresholds.latency_milliseconds
        runbook     = "api-failed"
        description = "One request in a hundred takes longer than ${var.thresholds.latency_milliseconds} ms."
      }
      # Alarms on AWS/DynamoDB ignore missing data, whatever they are set to, and would never end; filled data are not missing.
      # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
      tables-throttled = {
        kind       = "count"
        expression = join(" + ", [for id in keys(local.throttle_metrics) : "FILL(${id}, 0)"])
        metrics    = local.throttle_metrics
        runbook    = "tables-throttled"

        description = "DynamoDB throttled reads or writes of a table."
      }
    },
    {
      for purpose in keys(local.outcomes) : "${purpose}-bad" => {
        kind        = "count"
        namespace   = var.metrics_namespace
        metric      = "bad"
        dimensions  = { service = purpose }
        threshold   = var.thresholds.bad_events
        runbook     = "bad-events"
        description = "${purpose} refused more than ${var.thresholds.bad_events} events in five minutes: see the saved query bad-rows-by-reason."
      }
    },
  )

  recommender_alarms = merge(
    {
      forward-held-back = {
        kind        = "count"
        namespace   = var.metrics_namespace
        metric      = "held_back"
        dimensions  = { service = "forward" }
        runbook     = "event-tracker"
        description = "The event tracker accepts nothing, so forward holds its events back: see the state of the dataset group and failed_calls. They are kept for as long as the event-source mapping retries."
      }
      tracker-failed = {
        kind       = "count"
        expression = "100 * failed / calls"
        threshold  = var.thresholds.failed_calls_percent
        metrics = {
          failed = { namespace = var.metrics_namespace, metric = "failed_calls", dimensions = { service = "forward" } }
          calls  = { namespace = var.metrics_namespace, metric = "calls", dimensions = { service = "forward" } }
        }
        runbook     = "event-tracker"
        description = "More than ${var.thresholds.failed_calls_percent} % of the PutEvents calls failed."
      }
      updates-slow = {
        kind        = "gauge"
        beside      = "no-events"
        namespace   = var.metrics_namespace
        metric      = "update_seconds"
        dimensions  = { service = "forward" }
        statistic   = "p99"
        threshold   = var.thresholds.update_seconds
        runbook     = "stream-behind"
        description = "Events take more than ${var.thresholds.update_seconds} s from the stream to the event tracker."
      }
    },
    {
      served-lists-lost = {
        kind       = "count"
        expression = "IF(FILL(answers, 0) >= 10, 100 * FILL(lost, 0) / FILL(answers, 1), 0)"
        threshold  = var.thresholds.lost_lists_percent
        metrics = {
          answers = { namespace = var.metrics_namespace, metric = "answers", dimensions = { service = "recommend" } }
          lost    = { namespace = var.metrics_namespace, metric = "list_lost", dimensions = { service = "recommend" } }
        }
        runbook     = "served-lists"
        description = "Firehose did not accept the served lists of more than ${var.thresholds.lost_lists_percent} % of the answers within 50 ms; needs ten answers in five minutes."
      }
    },
    # Without campaigns every answer is a stand-in.
    length(var.campaign_arns) == 0 ? {} : {
      stand-ins = {
        kind       = "count"
        expression = "IF(FILL(answers, 0) - FILL(cache, 0) >= 10, 100 * (FILL(last_good, 0) + FILL(popular, 0)) / (FILL(answers, 0) - FILL(cache, 0)), 0)"
        threshold  = var.thresholds.stand_in_percent
        metrics = merge(
          { answers = { namespace = var.metrics_namespace, metric = "answers", dimensions = { service = "recommend" } } },
          {
            for source in ["cache", "last_good", "popular"] :
            source => { namespace = var.metrics_namespace, metric = "answered_from_${source}", dimensions = { service = "recommend" } }
          },
        )
        runbook     = "stand-ins"
        description = "More than ${var.thresholds.stand_in_percent} % of the answers that are not from the cache are stored or popular items in place of the recommender's; needs ten answers in five minutes."
      }
      campaigns-failed = {
        kind        = "count"
        expression  = join(" + ", [for id in keys(local.campaign_metrics) : "FILL(${id}, 0)"])
        threshold   = var.thresholds.failed_requests
        metrics     = local.campaign_metrics
        runbook     = "stand-ins"
        description = "Personalize failed more than ${var.thresholds.failed_requests} requests for recommendations in five minutes."
      }
    },
  )

  # One is too many.
  urgent_alarms = merge(
    {
      conversion-failed = {
        kind        = "count"
        expression  = join(" + ", [for id in keys(local.deliveries) : "FILL(${id}, 0)"])
        metrics     = { for id, stream in local.deliveries : id => { namespace = "AWS/Firehose", metric = "FailedConversion.Records", dimensions = { DeliveryStreamName = stream } } }
        runbook     = "lake-delivery"
        description = "Firehose could not convert rows to Parquet: they are under errors/ or undelivered/ in the lake bucket, and not in the lake."
      }
      bad-rows-lost = {
        kind        = "count"
        namespace   = var.metrics_namespace
        metric      = "bad_rows_lost"
        dimensions  = { service = "collect" }
        runbook     = "bad-events"
        description = "Refused records could neither be stored with the bad rows nor queued: their bytes are lost."
      }
    },
    {
      for purpose in keys(local.outcomes) : "${purpose}-unaccounted" => {
        kind        = "count"
        namespace   = var.metrics_namespace
        metric      = "unaccounted"
        dimensions  = { service = purpose }
        statistic   = "Maximum"
        runbook     = "unaccounted"
        description = "${purpose} received events without a counted outcome: they may be lost."
      }
    },
  )

  training_alarms = merge(
    {
      for name, reason in {
        failed    = { metric = "ExecutionsFailed", description = "A training failed; the deployed versions keep serving. The execution shows the failed step and the cause." }
        timed-out = { metric = "ExecutionsTimedOut", description = "A training exceeded its timeout of a day; the deployed versions keep serving." }
        aborted   = { metric = "ExecutionsAborted", description = "A training was aborted, by hand or since another one was running." }
        } : "training-${name}" => {
        kind        = "count"
        namespace   = "AWS/States"
        metric      = reason.metric
        dimensions  = { StateMachineArn = var.state_machine_arn }
        runbook     = "training-failed"
        description = reason.description
      }
    },
    {
      champion-outdated = {
        kind        = "count"
        namespace   = var.metrics_namespace
        metric      = "champion_outdated"
        dimensions  = { service = "judge" }
        runbook     = "model-quality"
        description = "A champion was kept although recent events differ from those that it was trained on: see the verdict in the execution's output."
      }
      # The judge measures both once per training, so a day is their period.
      model-old = {
        kind        = "gauge"
        beside      = "training-overdue"
        namespace   = var.metrics_namespace
        metric      = "model_age_hours"
        dimensions  = { service = "judge" }
        statistic   = "Maximum"
        threshold   = var.thresholds.model_age_days * 24
        period      = 86400
        runbook     = "model-quality"
        description = "A version that serves was trained on events that end more than ${var.thresholds.model_age_days} days ago: trainings keep it."
      }
      accuracy-falls = {
        kind        = "gauge"
        beside      = "training-overdue"
        namespace   = var.metrics_namespace
        metric      = "accuracy_drop_percent"
        dimensions  = { service = "judge" }
        statistic   = "Maximum"
        threshold   = var.thresholds.accuracy_drop_percent
        period      = 86400
        runbook     = "model-quality"
        description = "A new version is more than ${var.thresholds.accuracy_drop_percent} % less accurate than the one that serves."
      }
    },
  )

  # Periods of five minutes, since CloudWatch looks at a few more periods than it evaluates before it counts one as missing.
  signs_of_life = merge([for expected in var.signs_of_life[*] : merge(
    {
      no-events = {
        kind        = "sign_of_life"
        namespace   = "AWS/Kinesis"
        metric      = "IncomingRecords"
        dimensions  = { StreamName = var.stream_name }
        threshold   = 1
        periods     = expected.events_minutes / 5
        runbook     = "no-events"
        description = "No event has arrived in the stream for ${expected.events_minutes} minutes."
      }
      no-files = {
        kind        = "sign_of_life"
        namespace   = "AWS/Firehose"
        metric      = "DeliveryToS3.Records"
        dimensions  = { DeliveryStreamName = var.delivery_stream_name }
        threshold   = 1
        periods     = expected.files_minutes / 5
        runbook     = "lake-behind"
        description = "Firehose has written no event to the lake for ${expected.files_minutes} minutes."
      }
      no-requests = {
        kind        = "sign_of_life"
        namespace   = "AWS/ApiGateway"
        metric      = "Count"
        dimensions  = local.api_dimensions
        threshold   = 1 + var.canary_requests
        periods     = expected.requests_minutes / 5
        runbook     = "api-failed"
        description = "The API has had no request of a caller for ${expected.requests_minutes} minutes."
      }
    },
    expected.training_days == null ? {} : {
      training-overdue = {
        kind        = "sign_of_life"
        namespace   = "AWS/States"
        metric      = "ExecutionsSucceeded"
        dimensions  = { StateMachineArn = var.state_machine_arn }
        threshold   = 1
        period      = 3600
        periods     = expected.training_days * 24
        runbook     = "training-overdue"
        description = "No training has succeeded for ${expected.training_days} days."
      }
    },
  )]...)

  # Each metric of an alarm is billed. The workflow uses the table of locks a few times per training, and retries.
  throttle_metrics = {
    for pair in setproduct(setsubtract(keys(var.tables), ["locks"]), ["Read", "Write"]) : "${replace(pair[0], "-", "_")}_${lower(pair[1])}" => {
      namespace  = "AWS/DynamoDB"
      metric     = "${pair[1]}ThrottleEvents"
      dimensions = { TableName = var.tables[pair[0]] }
    }
  }

  # https://docs.aws.amazon.com/personalize/latest/dg/cloudwatch-metrics.html
  campaign_metrics = {
    for pair in setproduct(keys(var.campaign_arns), ["4xxErrors", "5xxErrors"]) : "${replace(pair[0], "-", "_")}_${pair[1]}" => {
      namespace  = "AWS/Personalize"
      metric     = "${pair[0] == "ranking" ? "GetPersonalizedRanking" : "GetRecommendations"}${pair[1]}"
      dimensions = { CampaignArn = var.campaign_arns[pair[0]] }
    }
  }
}
