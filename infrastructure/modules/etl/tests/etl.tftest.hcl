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
  prefix             = "rivulet-test"
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/none"
  archives_directory = "tests/archives"
  buckets            = { artifacts = "artifacts", lake = "lake", datasets = "datasets" }
  worker_type        = "G.1X"
  workers            = 2
  timeout_minutes    = 60
  interaction_types  = ["View", "Wish"]
  curated_start      = "2026-01-01"
  log_retention_days = 30
}

run "the_job_cannot_write_to_the_lake" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this["datasets"].json).Statement : statement.Resource
      if anytrue([for action in flatten([statement.Action]) : contains(["s3:PutObject", "s3:DeleteObject"], action)])
    ])) == toset(["arn:aws:s3:::artifacts/glue/temporary/*", "arn:aws:s3:::datasets/*"])
    error_message = "The job may write to other places than the data sets and its temporary files."
  }
}

run "the_assertion_above_detects_data_sets_in_the_lake" {
  command = plan

  variables {
    buckets = { artifacts = "artifacts", lake = "lake", datasets = "lake" }
  }

  assert {
    condition = contains(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this["datasets"].json).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:PutObject")
    ]), "arn:aws:s3:::lake/*")
    error_message = "A job that may write to the lake is not detected."
  }
}

run "a_curation_writes_the_curated_tables_only" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this["curate"].json).Statement : statement.Resource
      if anytrue([for action in flatten([statement.Action]) : contains(["s3:PutObject", "s3:DeleteObject"], action)])
    ])) == toset(["arn:aws:s3:::artifacts/glue/temporary/*", "arn:aws:s3:::lake/curated/*"])
    error_message = "A curation may change the raw lake or the data sets."
  }

  assert {
    condition     = !contains(keys(aws_glue_job.this["curate"].default_arguments), "--currency") && aws_glue_job.this["curate"].default_arguments["--start"] == "2026-01-01"
    error_message = "A curation has a currency without the variable, or does not know the first day of its tables."
  }
}

run "a_curation_sums_one_currency" {
  command = plan

  variables {
    currency = "EUR"
  }

  assert {
    condition     = aws_glue_job.this["curate"].default_arguments["--currency"] == "EUR"
    error_message = "The job sums purchases of other currencies."
  }
}

run "wildcard_resources_only_where_actions_have_no_resource_level" {
  command = plan

  assert {
    condition = toset([
      for statement in jsondecode(data.aws_iam_policy_document.this["datasets"].json).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
    ]) == toset(["WriteSparksMetrics", "ReadItsOwnSettings"])
    error_message = "An unexpected statement applies to all resources."
  }
}

run "the_glue_version_is_pinned_and_code_is_named_by_its_hash" {
  command = plan

  assert {
    condition     = aws_glue_job.this["datasets"].execution_class == "STANDARD" && aws_glue_job.this["datasets"].max_retries == 0
    error_message = "A training would wait for spare capacity, or the job would be repeated behind the state machine's back."
  }

  assert {
    condition     = aws_glue_job.this["datasets"].glue_version == "5.1" && aws_glue_job.this["datasets"].default_arguments["--job-bookmark-option"] == "job-bookmark-disable"
    error_message = "The Glue version is not pinned, or job bookmarks are on."
  }

  assert {
    condition     = one(aws_glue_job.this["datasets"].command).script_location == "s3://artifacts/${aws_s3_object.this["datasets"].key}" && strcontains(aws_s3_object.this["datasets"].key, substr(filesha256("tests/archives/datasets.py"), 0, 12))
    error_message = "The job does not run the uploaded script."
  }
}

# Glue 5 ignores --continuous-log-logGroup. With a security configuration it adds the configuration's and the role's name to the prefix.
run "glue_writes_into_the_two_encrypted_groups_that_exist" {
  command = plan

  assert {
    condition     = !contains(keys(aws_glue_job.this["datasets"].default_arguments), "--continuous-log-logGroup") && aws_glue_job.this["datasets"].default_arguments["--custom-logGroup-prefix"] == "/aws-glue/jobs/rivulet-test-datasets"
    error_message = "The job writes into the groups that all jobs of the account share."
  }

  assert {
    condition = toset(values(aws_cloudwatch_log_group.this)[*].name) == toset([
      "/aws-glue/jobs/rivulet-test-datasets/rivulet-test-datasets-role/rivulet-test-datasets/error",
      "/aws-glue/jobs/rivulet-test-datasets/rivulet-test-datasets-role/rivulet-test-datasets/output",
      "/aws-glue/jobs/rivulet-test-curate/rivulet-test-curate-role/rivulet-test-curate/error",
      "/aws-glue/jobs/rivulet-test-curate/rivulet-test-curate-role/rivulet-test-curate/output",
    ])
    error_message = "The groups have other names than those that Glue writes to, and Glue would create them without a retention."
  }

  assert {
    condition     = alltrue([for group in values(aws_cloudwatch_log_group.this) : group.retention_in_days == 30 && group.kms_key_id == var.key_arn])
    error_message = "A log group has no retention or is not encrypted with the environment's key."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this["datasets"].json).Statement : statement.Resource if contains(flatten([statement.Action]), "logs:PutLogEvents")
      ]) == [
      "arn:aws:logs:eu-central-1:123456789012:log-group:/aws-glue/jobs/rivulet-test-datasets/*",
    ]
    error_message = "The job may write to the logs of other jobs, or not to its own."
  }
}

run "the_groups_follow_the_environment" {
  command = plan

  variables {
    prefix = "rivulet-other"
  }

  assert {
    condition     = alltrue([for group in values(aws_cloudwatch_log_group.this) : !strcontains(group.name, "rivulet-test")])
    error_message = "Two environments share a log group."
  }
}

run "a_single_worker_an_unknown_type_and_a_word_for_a_currency_are_refused" {
  command = plan

  variables {
    workers     = 1
    worker_type = "Z.1X"
    currency    = "euro"
  }

  expect_failures = [var.workers, var.worker_type, var.currency]
}
