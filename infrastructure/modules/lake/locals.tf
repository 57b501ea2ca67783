locals {
  delivery_stream_name = "${var.prefix}-lake"
  log_group_name       = "/aws/kinesisfirehose/${local.delivery_stream_name}"
  lake_arn             = "arn:${var.partition}:s3:::${var.buckets.lake}"
  glue_arn             = "arn:${var.partition}:glue:${var.region}:${var.account_id}"
  events_table         = "events"

  # Generated from the contract, the single definition of the columns.
  columns = jsondecode(file("${path.module}/generated/columns.json"))

  day_projection = {
    "projection.enabled"                   = "true"
    "projection.ingest_date.type"          = "date"
    "projection.ingest_date.format"        = "yyyy-MM-dd"
    "projection.ingest_date.range"         = "${var.projection_start},NOW"
    "projection.ingest_date.interval"      = "1"
    "projection.ingest_date.interval.unit" = "DAYS"
  }

  partition_comments = {
    event_date  = "The day of the row, UTC; a condition on it limits what a query scans."
    ingest_date = "The day of arrival, UTC; a condition on it limits what a query scans."
    ingest_hour = "The hour of arrival, 00 to 23, UTC; a condition on it limits what a query scans."
    run_date    = "The day of the run, UTC; a condition on it limits what a query scans."
    written_by  = "The stage that refused it: collect, forward or lake."
  }

  # Tables of JSON lines, which functions write directly to S3.
  json_tables = {
    items = {
      description = "Received items, one row per change"
      location    = "s3://${var.buckets.lake}/raw/items/"
      partitions  = ["ingest_date"]
      parameters  = { "storage.location.template" = "s3://${var.buckets.lake}/raw/items/ingest_date=$${ingest_date}" }
    }
    users = {
      description = "Received users, one row per change"
      location    = "s3://${var.buckets.lake}/raw/users/"
      partitions  = ["ingest_date"]
      parameters  = { "storage.location.template" = "s3://${var.buckets.lake}/raw/users/ingest_date=$${ingest_date}" }
    }
    bad_rows = {
      description = "Refused events and records of every stage, with the reason and the bytes"
      location    = "s3://${var.buckets.bad_rows}/"
      partitions  = ["written_by", "ingest_date"]
      parameters = {
        "projection.written_by.type"   = "enum"
        "projection.written_by.values" = "collect,forward,lake"
        "storage.location.template"    = "s3://${var.buckets.bad_rows}/$${written_by}/ingest_date=$${ingest_date}"
      }
    }
  }

  # Saved queries by name; the first line of each is its description.
  queries = {
    for file in fileset("${path.module}/queries", "*.sql") :
    trimsuffix(file, ".sql") => file("${path.module}/queries/${file}")
  }
}
