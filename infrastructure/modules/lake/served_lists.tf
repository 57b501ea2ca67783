# The lists that the API answered, one row per answer, which the function recommend puts into a Firehose stream of their own.

locals {
  served_lists_table    = "served_lists"
  served_lists_stream   = "${var.prefix}-served-lists"
  served_lists_log      = "/aws/kinesisfirehose/${local.served_lists_stream}"
  served_lists_location = "raw/served_lists/ingest_date="
}

resource "aws_glue_catalog_table" "served_lists" {
  name          = local.served_lists_table
  database_name = aws_glue_catalog_database.this.name
  description   = "Lists that the API answered, whether or not a user saw them; an exposure comes from an Impression or a Click, never from here"
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(local.day_projection, {
    "EXTERNAL"                  = "TRUE"
    "classification"            = "parquet"
    "storage.location.template" = "s3://${var.buckets.lake}/${local.served_lists_location}$${ingest_date}"
  })

  partition_keys {
    name    = "ingest_date"
    type    = "string"
    comment = local.partition_comments["ingest_date"]
  }

  storage_descriptor {
    location      = "s3://${var.buckets.lake}/raw/served_lists/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      name                  = "parquet"
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"

      parameters = {
        "serialization.format" = "1"
      }
    }

    dynamic "columns" {
      for_each = local.columns[local.served_lists_table]

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "served_lists" {
  name              = local.served_lists_log
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_cloudwatch_log_stream" "served_lists" {
  name           = "S3Delivery"
  log_group_name = aws_cloudwatch_log_group.served_lists.name
}

resource "aws_kinesis_firehose_delivery_stream" "served_lists" {
  name        = local.served_lists_stream
  destination = "extended_s3"

  # Firehose uses the key by a grant that it creates, so that a caller of PutRecord needs no permission on the key.
  # https://docs.aws.amazon.com/firehose/latest/APIReference/API_DeliveryStreamEncryptionConfigurationInput.html
  server_side_encryption {
    enabled  = true
    key_type = "CUSTOMER_MANAGED_CMK"
    key_arn  = var.key_arn
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.served_lists.arn
    bucket_arn          = local.lake_arn
    prefix              = "${local.served_lists_location}!{timestamp:yyyy-MM-dd}/"
    error_output_prefix = "undelivered/served_lists/!{firehose:error-output-type}/"
    buffering_interval  = var.buffer.seconds
    buffering_size      = var.buffer.megabytes
    kms_key_arn         = var.key_arn
    compression_format  = "UNCOMPRESSED" # Parquet has compression of its own

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.served_lists.name
      log_stream_name = aws_cloudwatch_log_stream.served_lists.name
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
        table_name    = aws_glue_catalog_table.served_lists.name
        region        = var.region
        role_arn      = aws_iam_role.served_lists.arn
      }
    }
  }

  # Firehose uses the role immediately and fails on the first denied call.
  depends_on = [aws_iam_role_policy.served_lists]
}

data "aws_iam_policy_document" "served_lists" {
  statement {
    sid       = "WriteServedListsAndErrors"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.lake_arn}/raw/served_lists/*", "${local.lake_arn}/undelivered/served_lists/*"]
  }

  statement {
    sid       = "ListTheLakesBucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [local.lake_arn]
  }

  statement {
    sid     = "ReadTheColumns"
    actions = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
    resources = [
      "${local.glue_arn}:catalog",
      "${local.glue_arn}:database/${var.database_name}",
      "${local.glue_arn}:table/${var.database_name}/${local.served_lists_table}",
    ]
  }

  statement {
    sid       = "WriteItsOwnLog"
    actions   = ["logs:PutLogEvents"]
    resources = ["arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${local.served_lists_log}:*"]
  }

  statement {
    sid       = "EncryptTheLake"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "served_lists" {
  name                 = "${local.served_lists_stream}-delivery"
  description          = "Role of the Firehose stream that delivers served lists to the lake"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "served_lists" {
  name   = "delivery"
  role   = aws_iam_role.served_lists.name
  policy = data.aws_iam_policy_document.served_lists.json
}
