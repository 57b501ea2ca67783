# The curated tables, which the Spark job writes by day of the events.

locals {
  # Generated from the contract: description, partition and columns of each table.
  curated_tables = jsondecode(file("${path.module}/generated/curated.json"))

  curated_partitions = { for name, table in local.curated_tables : name => compact([table.partition]) }
}

resource "aws_glue_catalog_table" "curated" {
  for_each = local.curated_tables

  name          = each.key
  database_name = aws_glue_catalog_database.this.name
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"

  parameters = merge({ "EXTERNAL" = "TRUE", "classification" = "parquet" }, [
    for partition in local.curated_partitions[each.key] : {
      "projection.enabled"                    = "true"
      "projection.${partition}.type"          = "date"
      "projection.${partition}.format"        = "yyyy-MM-dd"
      "projection.${partition}.interval"      = "1"
      "projection.${partition}.interval.unit" = "DAYS"
      # An event may be ahead of the server's clock by minutes, and so belong to the next day.
      "projection.${partition}.range" = "${var.curated_start},NOW+1DAYS"
      "storage.location.template"     = "s3://${var.buckets.lake}/curated/${each.key}/${partition}=$${${partition}}"
    }
  ]...)

  dynamic "partition_keys" {
    for_each = local.curated_partitions[each.key]

    content {
      name    = partition_keys.value
      type    = "string"
      comment = local.partition_comments[partition_keys.value]
    }
  }

  storage_descriptor {
    location      = "s3://${var.buckets.lake}/curated/${each.key}/"
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
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}
