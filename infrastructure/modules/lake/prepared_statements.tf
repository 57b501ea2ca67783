locals {
  # A statement's `$${view}` is the query of that view, with the two parameters of a period in place of its last days.
  period_queries = {
    for name, query in local.view_queries :
    name => replace(query, "/>= date_format\\(current_date - interval '[0-9]+' day, '%Y-%m-%d'\\)/", "BETWEEN ? AND ?")
  }

  # Prepared statements by name; the first line describes each, the second lists its parameters in order.
  prepared_statements = {
    for file in fileset("${path.module}/prepared", "*.sql") :
    trimsuffix(file, ".sql") => templatefile("${path.module}/prepared/${file}", local.period_queries)
  }
}

resource "aws_athena_prepared_statement" "this" {
  for_each = local.prepared_statements

  name            = each.key
  description     = join("; ", [for line in slice(split("\n", each.value), 0, 2) : trimprefix(line, "-- ")])
  workgroup       = aws_athena_workgroup.this.name
  query_statement = each.value
}
