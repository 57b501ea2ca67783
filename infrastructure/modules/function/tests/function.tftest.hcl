# The real provider without a network.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  partition          = "aws"
  region             = "eu-central-1"
  account_id         = "123456789012"
  name               = "rivulet-test-forward"
  description        = "Forwards"
  archive            = "tests/archive.zip"
  archive_bucket     = "artifacts"
  handler            = "backend.forward.handler.handler"
  runtime            = "python3.13"
  architecture       = "arm64"
  memory_mb          = 256
  timeout_seconds    = 60
  environment        = { NAME = "value" }
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/none"
  log_retention_days = 30
  log_level          = "INFO"
  alarm_topic_arn    = "arn:aws:sns:eu-central-1:123456789012:alarms"
  runbooks_url       = "deployment/runbooks"
}

run "a_function_without_sources_writes_its_log_and_traces_only" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Sid => statement.Resource
      } == {
      WriteItsOwnLog        = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/rivulet-test-forward:*"
      WriteTraces           = "*"
      ReadItsOwnEnvironment = "arn:aws:kms:eu-central-1:123456789012:key/none"
    }
    error_message = "The role has other permissions than writing its log and traces."
  }

  assert {
    condition     = length(aws_lambda_event_source_mapping.this) + length(aws_sqs_queue.failed) + length(aws_sqs_queue.deferred) + length(setsubtract(keys(module.alarms.alarms), ["errors", "throttles", "duration"])) == 0
    error_message = "An event source mapping or a queue exists by default."
  }

  assert {
    condition     = one(aws_lambda_function.this.logging_config).log_format == "JSON" && one(aws_lambda_function.this.tracing_config).mode == "Active"
    error_message = "The log is not JSON, or tracing is off."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30 && aws_cloudwatch_log_group.this.kms_key_id == var.key_arn && aws_lambda_function.this.kms_key_arn == var.key_arn
    error_message = "The log has no retention, or the log or the environment variables are not encrypted with the environment's key."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1
    error_message = "Concurrency is reserved by default."
  }
}

run "the_log_level_is_that_of_lambda" {
  command = plan

  variables {
    log_level = "WARNING"
  }

  # Lambda filters the records of Python's logging by this level, which it names WARN.
  assert {
    condition     = one(aws_lambda_function.this.logging_config).application_log_level == "WARN" && one(aws_lambda_function.this.logging_config).system_log_level == "INFO"
    error_message = "The log level has no effect, or hides the reports of the invocations."
  }
}

run "debug_includes_the_records_of_lambda" {
  command = plan

  variables {
    log_level = "DEBUG"
  }

  assert {
    condition     = one(aws_lambda_function.this.logging_config).application_log_level == "DEBUG" && one(aws_lambda_function.this.logging_config).system_log_level == "DEBUG"
    error_message = "DEBUG leaves records out."
  }
}

run "an_unknown_log_level_is_refused" {
  command = plan

  variables {
    log_level = "VERBOSE"
  }

  expect_failures = [var.log_level]
}

run "the_given_policy_is_added" {
  command = plan

  variables {
    policy_json = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Given\",\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::bucket/*\"}]}"
  }

  assert {
    condition     = contains([for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Sid], "Given")
    error_message = "The given policy is not part of the role's policy."
  }
}

run "stream_batches_report_failures_are_bisected_and_have_bounded_retries" {
  command = plan

  variables {
    stream = {
      arn                    = "arn:aws:kinesis:eu-central-1:123456789012:stream/events"
      failures_bucket_arn    = "arn:aws:s3:::bad-rows"
      batch_size             = 500
      window_seconds         = 1
      parallelization_factor = 1
      retries                = 10
      record_age_seconds     = 21600
      alarm_age_seconds      = 60
    }
  }

  assert {
    condition = alltrue([
      aws_lambda_event_source_mapping.this[0].function_response_types == toset(["ReportBatchItemFailures"]),
      aws_lambda_event_source_mapping.this[0].bisect_batch_on_function_error,
      aws_lambda_event_source_mapping.this[0].maximum_retry_attempts == 10,
      aws_lambda_event_source_mapping.this[0].maximum_record_age_in_seconds == 21600,
      aws_lambda_event_source_mapping.this[0].starting_position == "TRIM_HORIZON",
      aws_lambda_event_source_mapping.this[0].destination_config[0].on_failure[0].destination_arn == "arn:aws:s3:::bad-rows",
    ])
    error_message = "One bad record can block its shard, or is lost when its retries are exhausted."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource if contains(flatten([statement.Action]), "kinesis:GetRecords")
    ]) == ["arn:aws:kinesis:eu-central-1:123456789012:stream/events"]
    error_message = "The role cannot read its stream, or can read another."
  }

  assert {
    condition = alltrue([
      for sid, resource in { WriteFailedRecords = "arn:aws:s3:::bad-rows/aws/lambda/*", ListTheBucketOfFailedRecords = "arn:aws:s3:::bad-rows" } : contains([
        for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : jsonencode([statement.Resource, statement.Condition]) if statement.Sid == sid
      ], jsonencode([resource, { StringEquals = { "s3:ResourceAccount" = "123456789012" } }]))
    ])
    error_message = "Failed records can be written to a bucket of another account."
  }

  assert {
    condition     = module.alarms.alarms["iterator-age"].threshold == 60000
    error_message = "The alarm on lag is not in milliseconds."
  }

  # Lambda reports the records that it discards only for a mapping with this metric.
  assert {
    condition = aws_lambda_event_source_mapping.this[0].metrics_config[0].metrics == toset(["EventCount"]) && {
      for name, alarm in module.alarms.alarms : name => alarm.metric_name if endswith(name, "-records")
    } == { failed-records = "OnFailureDestinationDeliveredEventCount", lost-records = "DroppedEventCount" }
    error_message = "Records arrive in the failures bucket, or are lost, without an alarm."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this[0].enabled
    error_message = "The mapping is off by default."
  }
}

run "a_mapping_that_is_off_starts_at_the_oldest_record_later" {
  command = plan

  variables {
    stream = {
      arn                    = "arn:aws:kinesis:eu-central-1:123456789012:stream/events"
      failures_bucket_arn    = "arn:aws:s3:::bad-rows"
      enabled                = false
      batch_size             = 500
      window_seconds         = 1
      parallelization_factor = 1
      retries                = 10
      record_age_seconds     = 21600
      alarm_age_seconds      = 60
    }
  }

  assert {
    condition     = !aws_lambda_event_source_mapping.this[0].enabled && aws_lambda_event_source_mapping.this[0].starting_position == "TRIM_HORIZON"
    error_message = "The mapping invokes the function although it is off, or skips the records of the meantime."
  }
}

run "unbounded_retries_are_refused" {
  command = plan

  variables {
    stream = {
      arn                    = "arn:aws:kinesis:eu-central-1:123456789012:stream/events"
      failures_bucket_arn    = "arn:aws:s3:::bad-rows"
      batch_size             = 500
      window_seconds         = 1
      parallelization_factor = 1
      retries                = -1
      record_age_seconds     = -1
      alarm_age_seconds      = 60
    }
  }

  expect_failures = [var.stream]
}

run "failed_asynchronous_events_go_to_a_monitored_queue" {
  command = plan

  variables {
    asynchronous = { retries = 2, event_age_seconds = 3600 }
  }

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource if contains(flatten([statement.Action]), "sqs:SendMessage")
    ]) == ["arn:aws:sqs:eu-central-1:123456789012:rivulet-test-forward-failed"]
    error_message = "The role cannot send to its queue, or can send to another."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_sqs_queue_policy.failed[0].policy).Statement : jsonencode([statement.Effect, statement.Action, statement.Resource, statement.Principal, statement.Condition])
    ] == [jsonencode(["Deny", "sqs:*", "arn:aws:sqs:eu-central-1:123456789012:rivulet-test-forward-failed", "*", { Bool = { "aws:SecureTransport" = "false" } }])]
    error_message = "The queue accepts requests without TLS."
  }

  assert {
    condition     = aws_sqs_queue.failed[0].kms_master_key_id == var.key_arn && module.alarms.alarms["failed-events"].dimensions.QueueName == "rivulet-test-forward-failed"
    error_message = "The queue is not encrypted, or has no alarm."
  }

  assert {
    condition     = aws_lambda_function_recursion_config.this[0].recursive_loop == "Terminate"
    error_message = "Recursive invocations are not terminated."
  }
}

run "only_a_function_that_invokes_itself_may_recurse" {
  command = plan

  variables {
    asynchronous = { retries = 2, event_age_seconds = 3600, calls_itself = true }
  }

  assert {
    condition     = aws_lambda_function_recursion_config.this[0].recursive_loop == "Allow"
    error_message = "Lambda would stop the function after 16 recursive invocations."
  }
}

run "deferred_messages_are_encrypted_read_by_the_function_and_monitored" {
  command = plan

  variables {
    deferred = { suffix = "late", variable = "QUEUE", batch_size = 5, contents = "Rows", runbook = "bad-events" }
  }

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Sid => statement.Resource if contains(["DeferAndProcessMessages", "EncryptDeferredMessages"], statement.Sid)
    } == { DeferAndProcessMessages = "arn:aws:sqs:eu-central-1:123456789012:rivulet-test-forward-late", EncryptDeferredMessages = var.key_arn }
    error_message = "The role cannot use its queue, or can use another."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_sqs_queue_policy.deferred[0].policy).Statement : jsonencode([statement.Effect, statement.Action, statement.Resource, statement.Principal, statement.Condition])
    ] == [jsonencode(["Deny", "sqs:*", "arn:aws:sqs:eu-central-1:123456789012:rivulet-test-forward-late", "*", { Bool = { "aws:SecureTransport" = "false" } }])]
    error_message = "The queue accepts requests without TLS."
  }

  # A redrive policy would move messages away after some failures; they stay for 14 days, and no delivery overlaps another.
  assert {
    condition = alltrue([
      aws_sqs_queue.deferred[0].kms_master_key_id == var.key_arn,
      aws_sqs_queue.deferred[0].message_retention_seconds == 1209600,
      aws_sqs_queue.deferred[0].visibility_timeout_seconds == 360,
      aws_lambda_event_source_mapping.deferred[0].function_response_types == toset(["ReportBatchItemFailures"]),
    ])
    error_message = "Messages are not encrypted, are deleted too early, or are delivered twice at once."
  }

  assert {
    condition     = module.alarms.alarms["late-expire"].dimensions.QueueName == "rivulet-test-forward-late" && length(module.alarms.alarms["late-waiting"].metric_query) == 3
    error_message = "Messages wait without an alarm."
  }
}

run "too_many_deferred_messages_at_once_are_refused" {
  command = plan

  variables {
    deferred = { suffix = "late", variable = "QUEUE", batch_size = 11, contents = "Rows", runbook = "bad-events" }
  }

  expect_failures = [var.deferred]
}

run "an_unsupported_runtime_is_refused" {
  command = plan

  variables {
    runtime = "python3.14"
  }

  expect_failures = [var.runtime]
}

run "too_little_memory_too_long_a_timeout_and_an_unknown_retention_are_refused" {
  command = plan

  variables {
    memory_mb          = 64
    timeout_seconds    = 901
    log_retention_days = 2
  }

  expect_failures = [var.memory_mb, var.timeout_seconds, var.log_retention_days]
}

run "the_alarm_on_errors_leaves_out_those_that_callers_can_cause" {
  command = plan

  variables {
    expected_errors = { namespace = "Rivulet", metric = "ambiguous", dimensions = { service = "authorise" } }
  }

  assert {
    condition = {
      for query in module.alarms.alarms["errors"].metric_query : query.id => try(query.metric[0].metric_name, query.expression)
    } == { result = "errors - FILL(expected, 0)", errors = "Errors", expected = "ambiguous" }
    error_message = "Anyone can raise the alarm on errors."
  }
}
