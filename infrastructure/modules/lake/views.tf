locals {
  # Columns of the views in order: Athena stores them with the view and does not derive them from its query. Each view is
  # grouped by the day, so that a condition on the day limits the scanned partitions.
  view_columns = {
    daily_events = [["ingest_date", "string"], ["event_type", "string"], ["events", "bigint"], ["people", "bigint"]]
    daily_items  = [["ingest_date", "string"], ["item_id", "string"], ["views", "bigint"], ["added_to_cart", "bigint"], ["purchases", "bigint"]]
  }

  view_queries = { for name in keys(local.view_columns) : name => file("${path.module}/views/${name}.sql") }

  # Glue tables use Hive's type names; the stored views use Athena's.
  athena_types = { string = "varchar", bigint = "bigint" }
}

resource "aws_glue_catalog_table" "view" {
  for_each = local.view_columns

  name          = each.key
  database_name = aws_glue_catalog_database.this.name
  description   = trimprefix(split("\n", local.view_queries[each.key])[0], "-- ")
  table_type    = "VIRTUAL_VIEW"

  parameters = {
    "presto_view" = "true"
    "comment"     = "Presto View"
  }

  # The format in which Athena stores the result of CREATE VIEW.
  view_expanded_text = "/* Presto View */"
  view_original_text = format("/* Presto View: %s */", base64encode(jsonencode({
    originalSql = join("\n", slice(split("\n", trimspace(local.view_queries[each.key])), 1, length(split("\n", trimspace(local.view_queries[each.key])))))
    catalog     = "awsdatacatalog"
    schema      = var.database_name
    columns     = [for column in each.value : { name = column[0], type = local.athena_types[column[1]] }]
  })))

  storage_descriptor {
    dynamic "columns" {
      for_each = each.value

      content {
        name = columns.value[0]
        type = columns.value[1]
      }
    }
  }
}
