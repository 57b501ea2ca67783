# The rule of missing data, for every alarm of the pipeline.
locals {
  rules = {
    count        = { comparison = "GreaterThanThreshold", missing_data = "notBreaching" } # published only when there is something to count
    sign_of_life = { comparison = "LessThanThreshold", missing_data = "breaching" }       # silence is the failure
    gauge        = { comparison = "GreaterThanThreshold", missing_data = "notBreaching" } # silence alarms at the sign of life beside it
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.alarms

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = "${each.value.description} Runbook: ${var.runbooks_url}/${each.value.runbook}.md"
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = coalesce(each.value.datapoints, each.value.periods)
  comparison_operator = local.rules[each.value.kind].comparison
  threshold           = each.value.threshold
  treat_missing_data  = local.rules[each.value.kind].missing_data
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]

  namespace          = each.value.namespace
  metric_name        = each.value.metric
  dimensions         = each.value.dimensions
  period             = each.value.expression == null ? each.value.period : null
  statistic          = each.value.expression == null && !startswith(each.value.statistic, "p") ? each.value.statistic : null
  extended_statistic = each.value.expression == null && startswith(each.value.statistic, "p") ? each.value.statistic : null

  dynamic "metric_query" {
    for_each = each.value.expression[*]

    content {
      id          = "result"
      label       = each.key
      expression  = metric_query.value
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.statistic
        period      = each.value.period
      }
    }
  }
}
