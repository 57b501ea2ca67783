resource "aws_glue_catalog_database" "this" {
  name        = var.database_name
  description = "Tables of the lake of ${var.prefix}"
}

resource "aws_glue_catalog_table" "events" {
  name          = local.events_table
  database_name = aws_glue_catalog_database.this.name
  description   = "Received events, partitioned by time of arrival; an event that was sent twice has two rows"
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(local.day_projection, {
    "EXTERNAL"                      = "TRUE"
    "classification"                = "parquet"
    "projection.ingest_hour.type"   = "integer"
    "projection.ingest_hour.range"  = "0,23"
    "projection.ingest_hour.digits" = "2"
    "storage.location.template"     = "s3://${var.buckets.lake}/raw/events/ingest_date=$${ingest_date}/ingest_hour=$${ingest_hour}"
  })

  partition_keys {
    name    = "ingest_date"
    type    = "string"
    comment = local.partition_comments["ingest_date"]
  }

  partition_keys {
    name    = "ingest_hour"
    type    = "string"
    comment = local.partition_comments["ingest_hour"]
  }

  storage_descriptor {
    location      = "s3://${var.buckets.lake}/raw/events/"
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
      for_each = local.columns[local.events_table]

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

resource "aws_glue_catalog_table" "json" {
  for_each = local.json_tables

  name          = each.key
  database_name = aws_glue_catalog_database.this.name
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"
  parameters    = merge(local.day_projection, { "EXTERNAL" = "TRUE", "classification" = "json" }, each.value.parameters)

  dynamic "partition_keys" {
    for_each = each.value.partitions

    content {
      name    = partition_keys.value
      type    = "string"
      comment = local.partition_comments[partition_keys.value]
    }
  }

  storage_descriptor {
    location      = each.value.location
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      name                  = "json"
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"

      parameters = {
        # An invalid line is skipped; by default it would fail the query.
        "ignore.malformed.json" = "true"
      }
    }

    dynamic "columns" {
      for_each = local.columns[each.key]

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}
