resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_cloudwatch_log_stream" "this" {
  name           = "S3Delivery"
  log_group_name = aws_cloudwatch_log_group.this.name
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  #checkov:skip=CKV_AWS_240:The source stream is encrypted; Firehose rejects an encryption setting of its own for a Kinesis source
  #checkov:skip=CKV_AWS_241:As above
  name        = local.delivery_stream_name
  destination = "extended_s3"

  kinesis_source_configuration {
    kinesis_stream_arn = var.stream_arn
    role_arn           = aws_iam_role.this.arn
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.this.arn
    bucket_arn          = local.lake_arn
    prefix              = "raw/events/ingest_date=!{timestamp:yyyy-MM-dd}/ingest_hour=!{timestamp:HH}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/"
    buffering_interval  = var.buffer.seconds
    buffering_size      = var.buffer.megabytes
    kms_key_arn         = var.key_arn

    # Parquet has compression of its own.
    compression_format = "UNCOMPRESSED"

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.this.name
      log_stream_name = aws_cloudwatch_log_stream.this.name
    }

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = var.transform_function_arn
        }

        # BufferSizeInMBs keeps its default of 1: the provider drops parameters that are set to their defaults.
        parameters {
          parameter_name  = "BufferIntervalInSeconds"
          parameter_value = tostring(var.buffer.transform_seconds)
        }
      }
    }

    data_format_conversion_configuration {
      input_format_configuration {
        deserializer {
          open_x_json_ser_de {}
        }
      }

      output_format_configuration {
        serializer {
          parquet_ser_de {
            compression = "SNAPPY"
          }
        }
      }

      schema_configuration {
        database_name = aws_glue_catalog_database.this.name
        table_name    = aws_glue_catalog_table.events.name
        region        = var.region
        role_arn      = aws_iam_role.this.arn
      }
    }
  }

  # Firehose uses the role immediately and fails on the first denied call.
  depends_on = [aws_iam_role_policy.this]
}
