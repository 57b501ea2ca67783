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
  partition              = "aws"
  region                 = "eu-central-1"
  account_id             = "123456789012"
  prefix                 = "rivulet-test"
  database_name          = "rivulet_test"
  key_arn                = "arn:aws:kms:eu-central-1:123456789012:key/none"
  stream_arn             = "arn:aws:kinesis:eu-central-1:123456789012:stream/events"
  transform_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-lake"
  buckets                = { lake = "lake", bad_rows = "bad-rows", athena = "athena" }
  buffer                 = { seconds = 60, megabytes = 64, transform_seconds = 30 }
  projection_start       = "2026-01-01"
  curated_start          = "2025-06-01"
  scan_limit_bytes       = 10485760
  log_retention_days     = 30
  deletion_protected     = true
}

run "firehose_writes_raw_events_and_errors_only" {
  command = plan

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:PutObject")
    ]) == ["arn:aws:s3:::lake/raw/events/*", "arn:aws:s3:::lake/errors/*"]
    error_message = "Firehose may write to other prefixes."
  }

  assert {
    condition     = !anytrue([for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : contains(flatten([statement.Resource]), "*")])
    error_message = "A statement of Firehose's role applies to all resources."
  }

  assert {
    condition     = one(jsondecode(data.aws_iam_policy_document.trust.json).Statement).Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Firehose of another account may assume the role."
  }
}

run "the_assertion_above_detects_a_wildcard_function" {
  command = plan

  variables {
    transform_function_arn = "*"
  }

  assert {
    condition     = anytrue([for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : contains(flatten([statement.Resource]), "*")])
    error_message = "A statement for all resources is not detected."
  }
}

run "the_table_of_events_is_at_firehoses_prefix" {
  command = plan

  assert {
    condition = replace(replace(replace(aws_glue_catalog_table.events.parameters["storage.location.template"], "s3://lake/", ""), "$${ingest_date}", "!{timestamp:yyyy-MM-dd}"), "$${ingest_hour}", "!{timestamp:HH}") == trimsuffix(
      one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).prefix, "/"
    )
    error_message = "The table's location differs from Firehose's prefix."
  }

  assert {
    condition     = startswith(one(aws_kinesis_firehose_delivery_stream.this.extended_s3_configuration).error_output_prefix, "errors/!{firehose:error-output-type}")
    error_message = "Firehose writes errors under the prefix of the events."
  }
}

run "served_lists_have_a_role_a_prefix_and_an_error_prefix_of_their_own" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.served_lists.json).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:PutObject")
    ])) == toset(["arn:aws:s3:::lake/raw/served_lists/*", "arn:aws:s3:::lake/undelivered/served_lists/*"])
    error_message = "Firehose may write served lists to other prefixes."
  }

  assert {
    condition     = !anytrue([for statement in jsondecode(data.aws_iam_policy_document.served_lists.json).Statement : contains(flatten([statement.Resource]), "*")])
    error_message = "A statement of the role for served lists applies to all resources."
  }

  assert {
    condition = replace(replace(aws_glue_catalog_table.served_lists.parameters["storage.location.template"], "s3://lake/", ""), "$${ingest_date}", "!{timestamp:yyyy-MM-dd}") == trimsuffix(
      one(aws_kinesis_firehose_delivery_stream.served_lists.extended_s3_configuration).prefix, "/"
    )
    error_message = "The location of the table of served lists differs from Firehose's prefix."
  }

  # What lies under errors/ is sent into the stream of events again: python -m deployment.replay.
  assert {
    condition     = startswith(one(aws_kinesis_firehose_delivery_stream.served_lists.extended_s3_configuration).error_output_prefix, "undelivered/served_lists/!{firehose:error-output-type}")
    error_message = "Firehose writes served lists that it cannot convert among the events."
  }

  assert {
    condition     = [one(aws_kinesis_firehose_delivery_stream.served_lists.server_side_encryption).key_arn, one(aws_kinesis_firehose_delivery_stream.served_lists.server_side_encryption).key_type] == ["arn:aws:kms:eu-central-1:123456789012:key/none", "CUSTOMER_MANAGED_CMK"]
    error_message = "Served lists are not encrypted with the environment's key while Firehose keeps them."
  }
}

run "columns_match_the_contract" {
  command = plan

  assert {
    condition     = [for column in one(aws_glue_catalog_table.events.storage_descriptor).columns : column.name] == [for column in jsondecode(file("generated/columns.json")).events : column.name]
    error_message = "The columns of the table of events differ from the contract's."
  }

  assert {
    condition     = [for column in one(aws_glue_catalog_table.served_lists.storage_descriptor).columns : column.name] == [for column in jsondecode(file("generated/columns.json")).served_lists : column.name]
    error_message = "The columns of the table of served lists differ from the contract's."
  }

  assert {
    condition     = toset(keys(aws_glue_catalog_table.json)) == setsubtract(keys(jsondecode(file("generated/columns.json"))), ["events", "served_lists"])
    error_message = "A table of the contract is missing."
  }

  assert {
    condition = alltrue([
      for table in values(aws_glue_catalog_table.json) :
      length(setintersection(table.partition_keys[*].name, one(table.storage_descriptor).columns[*].name)) == 0
    ])
    error_message = "A partition has the name of a column, which Athena rejects."
  }
}

run "every_column_has_a_comment" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for table in concat(
        [aws_glue_catalog_table.events, aws_glue_catalog_table.served_lists],
        values(aws_glue_catalog_table.json), values(aws_glue_catalog_table.curated), values(aws_glue_catalog_table.view)
        ) : [
        for comment in concat(one(table.storage_descriptor).columns[*].comment, table.partition_keys[*].comment) : try(length(comment), 0) > 0
      ]
    ]))
    error_message = "A column or a partition of a table or a view has no comment."
  }
}

run "every_partition_is_projected_from_the_first_day" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for table in concat([aws_glue_catalog_table.events, aws_glue_catalog_table.served_lists], values(aws_glue_catalog_table.json)) : [
        for partition in table.partition_keys : contains(keys(table.parameters), "projection.${partition.name}.type") && strcontains(table.parameters["storage.location.template"], "$${${partition.name}}")
      ]
    ]))
    error_message = "A partition is not projected, or is not part of the location."
  }

  assert {
    condition     = aws_glue_catalog_table.events.parameters["projection.ingest_date.range"] == "2026-01-01,NOW"
    error_message = "Athena searches partitions before the first day."
  }
}

run "curated_tables_are_partitioned_by_the_day_of_the_events" {
  command = plan

  assert {
    condition = jsonencode({ for name, table in aws_glue_catalog_table.curated : name => table.partition_keys[*].name }) == jsonencode({
      clean_events  = ["event_date"]
      visits        = ["event_date"]
      exposures     = ["event_date"]
      conversions   = ["event_date"]
      user_days     = ["event_date"]
      item_days     = ["event_date"]
      item_versions = []
      user_versions = []
      arrivals      = ["event_date"]
      builds        = ["run_date"]
    })
    error_message = "A curated table is missing, or has other partitions."
  }

  assert {
    condition = alltrue([
      for name, table in aws_glue_catalog_table.curated :
      length(setintersection(table.partition_keys[*].name, one(table.storage_descriptor).columns[*].name)) == 0
      && one(table.storage_descriptor).location == "s3://lake/curated/${name}/"
    ])
    error_message = "A curated table has its partition among its columns, or lies elsewhere."
  }

  assert {
    condition = [for key in ["range", "type", "format"] : aws_glue_catalog_table.curated["visits"].parameters["projection.event_date.${key}"]] == [
      "2025-06-01,NOW+1DAYS", "date", "yyyy-MM-dd"
    ]
    error_message = "The projected days do not reach from the first day of the curated tables to tomorrow."
  }

  assert {
    condition     = aws_glue_catalog_table.curated["builds"].parameters["storage.location.template"] == "s3://lake/curated/builds/run_date=$${run_date}"
    error_message = "Partitions of builds are searched in another folder than the job's."
  }

  assert {
    condition     = !contains(keys(aws_glue_catalog_table.curated["user_versions"].parameters), "projection.enabled")
    error_message = "A table without partitions is projected, which Athena refuses."
  }
}

run "the_scan_limit_is_enforced_on_every_client" {
  command = plan

  assert {
    condition = alltrue([
      one(aws_athena_workgroup.this.configuration).enforce_workgroup_configuration,
      one(aws_athena_workgroup.this.configuration).bytes_scanned_cutoff_per_query == 10485760,
      one(one(aws_athena_workgroup.this.configuration).result_configuration).encryption_configuration[0].encryption_option == "SSE_KMS",
    ])
    error_message = "A query can exceed the scan limit, or its result is not encrypted."
  }
}

run "every_saved_query_has_a_description" {
  command = plan

  assert {
    condition     = length(aws_athena_named_query.this) == 9 && alltrue([for query in values(aws_athena_named_query.this) : length(query.description) > 20 && !startswith(query.description, "SELECT")])
    error_message = "A saved query has no description."
  }

  assert {
    condition     = alltrue([for query in values(aws_athena_named_query.this) : can(regex("(event|ingest)_date >=", query.query))])
    error_message = "A saved query scans all partitions."
  }
}

run "values_outside_the_limits_of_firehose_and_athena_are_refused" {
  command = plan

  variables {
    buffer           = { seconds = 901, megabytes = 5, transform_seconds = 30 }
    scan_limit_bytes = 1
    projection_start = "yesterday"
    curated_start    = "2025-02-30"
    database_name    = "Rivulet-Test"
  }

  expect_failures = [var.buffer, var.scan_limit_bytes, var.projection_start, var.curated_start, var.database_name]
}

run "firehoses_default_interval_is_refused_since_every_plan_would_change_it" {
  command = plan

  variables {
    buffer = { seconds = 60, megabytes = 64, transform_seconds = 60 }
  }

  expect_failures = [var.buffer]
}

run "views_are_stored_in_athenas_format" {
  command = plan

  assert {
    condition = alltrue([
      for name, view in aws_glue_catalog_table.view :
      length(one(view.storage_descriptor).columns) > 3
      && join(",", jsondecode(base64decode(trimsuffix(trimprefix(view.view_original_text, "/* Presto View: "), " */"))).columns[*].name) == join(",", one(view.storage_descriptor).columns[*].name)
    ])
    error_message = "The columns in the Glue table and in the stored view differ."
  }

  assert {
    condition = alltrue([
      for name, view in aws_glue_catalog_table.view :
      can(regex("^(SELECT|WITH)\\s[^\u0000]*\\sFROM\\s", jsondecode(base64decode(trimsuffix(trimprefix(view.view_original_text, "/* Presto View: "), " */"))).originalSql))
      && !startswith(view.description, "--")
    ])
    error_message = "A view is not a query, or has no description."
  }

  assert {
    condition = length(aws_glue_catalog_table.view) == length(fileset("views", "*.sql")) && [for column in one(aws_glue_catalog_table.view["daily_events"].storage_descriptor).columns : "${column.name} ${column.type}"] == [
      "event_date string", "ingest_date string", "event_type string", "events bigint", "people bigint"
    ]
    error_message = "A view is missing, or the columns of its file are not read."
  }
}

run "prepared_statements_have_their_views_and_parameters" {
  command = plan

  assert {
    condition = jsonencode({ for name, statement in aws_athena_prepared_statement.this : name => length(regexall("[?]", statement.query_statement)) }) == jsonencode({
      cohort            = 2
      experiment_of     = 2
      funnel_of         = 3
      item_history      = 3
      list_history      = 2
      regional_affinity = 3
      user_history      = 3
    })
    error_message = "A prepared statement is missing, or has other parameters."
  }

  assert {
    condition = alltrue([
      for statement in values(aws_athena_prepared_statement.this) :
      statement.workgroup == "rivulet-test" && strcontains(statement.description, "; parameters: ") && !strcontains(statement.query_statement, "current_date - interval")
    ])
    error_message = "A prepared statement does not list its parameters, or has a fixed period."
  }
}
