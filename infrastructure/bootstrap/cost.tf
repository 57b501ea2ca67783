# What the budgets of the environments filter by, and a watch over the cost of all of them. Both are the account's.

resource "aws_ce_cost_allocation_tag" "this" {
  for_each = var.cost_watch == null ? [] : toset(["Environment", "Project", "Stack"])

  tag_key = each.key
  status  = "Active"
}

resource "aws_ce_anomaly_monitor" "this" {
  count = length(var.cost_watch[*])

  name         = var.project
  monitor_type = "CUSTOM"

  monitor_specification = jsonencode({
    And            = null
    CostCategories = null
    Dimensions     = null
    Not            = null
    Or             = null
    Tags           = { Key = "user:Project", MatchOptions = null, Values = [var.project] }
  })

  # A monitor of a tag is accepted once the tag is activated.
  depends_on = [aws_ce_cost_allocation_tag.this]
}

resource "aws_ce_anomaly_subscription" "this" {
  count = length(var.cost_watch[*])

  name             = var.project
  frequency        = "DAILY" # e-mail knows no other but weekly
  monitor_arn_list = [aws_ce_anomaly_monitor.this[count.index].arn]

  dynamic "subscriber" {
    for_each = var.cost_watch.emails

    content {
      type    = "EMAIL"
      address = subscriber.value
    }
  }

  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = [tostring(var.cost_watch.anomaly_usd)]
    }
  }
}
