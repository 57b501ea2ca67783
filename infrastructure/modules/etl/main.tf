resource "aws_s3_object" "this" {
  for_each = local.files

  bucket      = var.buckets.artifacts
  key         = local.keys[each.key]
  source      = "${var.archives_directory}/${each.value}"
  source_hash = filesha256("${var.archives_directory}/${each.value}")
  kms_key_id  = var.key_arn
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_group_names

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_glue_security_configuration" "this" {
  for_each = local.jobs

  name = each.value.name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.key_arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.key_arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.key_arn
    }
  }
}

resource "aws_glue_job" "this" {
  for_each = local.jobs

  name                   = each.value.name
  description            = each.value.description
  role_arn               = aws_iam_role.this[each.key].arn
  glue_version           = local.glue_version
  worker_type            = var.worker_type
  number_of_workers      = var.workers
  timeout                = var.timeout_minutes
  max_retries            = 0          # the state machine retries
  execution_class        = "STANDARD" # FLEX may wait for capacity, and lose its workers within a run that a training waits for
  security_configuration = aws_glue_security_configuration.this[each.key].name

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = local.uris[each.key]
  }

  default_arguments = merge(each.value.arguments, {
    "--extra-py-files"         = local.uris.package
    "--enable-auto-scaling"    = "true"
    "--enable-metrics"         = "true"
    "--custom-logGroup-prefix" = each.value.log_group_prefix
    "--job-bookmark-option"    = "job-bookmark-disable"
    "--TempDir"                = "s3://${var.buckets.artifacts}/glue/temporary/"
  })

  execution_property {
    max_concurrent_runs = 1 # of curations, since a run publishes what one before it has left unfinished
  }

  # Glue would create missing log groups without a retention.
  depends_on = [aws_cloudwatch_log_group.this, aws_s3_object.this]
}
