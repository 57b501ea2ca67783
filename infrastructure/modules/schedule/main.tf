resource "aws_scheduler_schedule" "this" {
  for_each = var.schedules

  name                = "${var.prefix}-${each.key}"
  description         = each.value.description
  schedule_expression = each.value.expression
  kms_key_arn         = var.key_arn

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }

  target {
    arn      = var.state_machine_arn
    role_arn = aws_iam_role.this.arn
    input    = jsonencode(each.value.input)

    dead_letter_config {
      arn = aws_sqs_queue.this.arn
    }
  }
}

# Executions that the scheduler could not start after its retries of a day; a failed execution has an alarm of its own.
resource "aws_sqs_queue" "this" {
  name                              = local.queue_name
  message_retention_seconds         = 1209600 # 14 days, the maximum of SQS
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 3600
}

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.id
  policy    = data.aws_iam_policy_document.queue.json
}

module "alarms" {
  source = "../alarms"

  prefix       = var.prefix
  topic_arn    = var.alarm.topic_arn
  runbooks_url = var.alarm.runbooks_url

  alarms = {
    (var.alarm.name) = {
      kind        = "count"
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = local.queue_name }
      statistic   = "Maximum"
      runbook     = var.alarm.runbook
      description = "The schedule could not start ${var.name}: the reason is in the queue ${local.queue_name}."
    }
  }
}
