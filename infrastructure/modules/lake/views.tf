locals {
  # The first line of a view's file describes it, the further ones its columns in order, as `name type comment`: Athena
  # stores them with the view and does not derive them from its query.
  view_files = { for file in fileset("${path.module}/views", "*.sql") : trimsuffix(file, ".sql") => trimspace(file("${path.module}/views/${file}")) }
  view_columns = {
    for name, text in local.view_files : name => [
      for column in regexall("(?m)^-- ([a-z0-9_]+) (string|bigint|double|boolean|timestamp) (.+)$", text) :
      { name = column[0], type = column[1], comment = column[2] }
    ]
  }
  view_queries = { for name, text in local.view_files : name => join("\n", [for line in split("\n", text) : line if !startswith(line, "-- ")]) }

  # Glue tables use Hive's type names; the stored views use Athena's.
  athena_types = { string = "varchar", bigint = "bigint", double = "double", boolean = "boolean", timestamp = "timestamp(3)" }
}

resource "aws_glue_catalog_table" "view" {
  for_each = local.view_files

  name          = each.key
  database_name = aws_glue_catalog_database.this.name
  description   = trimprefix(split("\n", each.value)[0], "-- ")
  table_type    = "VIRTUAL_VIEW"

  parameters = {
    "presto_view" = "true"
    "comment"     = "Presto View"
  }

  # The format in which Athena stores the result of CREATE VIEW.
  view_expanded_text = "/* Presto View */"
  view_original_text = format("/* Presto View: %s */", base64encode(jsonencode({
    originalSql = local.view_queries[each.key]
    catalog     = "awsdatacatalog"
    schema      = var.database_name
    columns     = [for column in local.view_columns[each.key] : { name = column.name, type = local.athena_types[column.type] }]
  })))

  storage_descriptor {
    dynamic "columns" {
      for_each = local.view_columns[each.key]

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}
