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
  name = local.job_name

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
  name                   = local.job_name
  description            = "Builds the recommender's data sets from the lake"
  role_arn               = aws_iam_role.this.arn
  glue_version           = local.glue_version
  worker_type            = var.worker_type
  number_of_workers      = var.workers
  timeout                = var.timeout_minutes
  max_retries            = 0          # the state machine retries
  execution_class        = "STANDARD" # FLEX may wait for capacity, and lose its workers within a run that a training waits for
  security_configuration = aws_glue_security_configuration.this.name

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = local.uris.script
  }

  default_arguments = {
    "--extra-py-files"         = local.uris.package
    "--enable-auto-scaling"    = "true"
    "--enable-metrics"         = "true"
    "--custom-logGroup-prefix" = local.log_group_prefix
    "--job-bookmark-option"    = "job-bookmark-disable"
    "--TempDir"                = "s3://${var.buckets.artifacts}/glue/temporary/"
    "--interaction_types"      = join(",", var.interaction_types)
  }

  execution_property {
    max_concurrent_runs = 1
  }

  # Glue would create missing log groups without a retention.
  depends_on = [aws_cloudwatch_log_group.this, aws_s3_object.this]
}
