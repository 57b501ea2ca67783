resource "aws_scheduler_schedule" "this" {
  count = length(var.schedule[*])

  name                = local.schedule_name
  description         = "Trains ${var.prefix} on the events received since the last training"
  schedule_expression = var.schedule
  kms_key_arn         = var.key_arn

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }

  target {
    arn      = aws_sfn_state_machine.this.arn
    role_arn = aws_iam_role.schedule[count.index].arn
    input    = jsonencode({})

    dead_letter_config {
      arn = aws_sqs_queue.schedule[count.index].arn
    }
  }
}

# Trainings that the scheduler could not start after its retries of a day; a failed training has an alarm of its own.
resource "aws_sqs_queue" "schedule" {
  count = length(var.schedule[*])

  name                              = local.schedule_queue_name
  message_retention_seconds         = 1209600 # 14 days, the maximum of SQS
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 3600
}

resource "aws_sqs_queue_policy" "schedule" {
  count = length(var.schedule[*])

  queue_url = aws_sqs_queue.schedule[count.index].url
  policy    = data.aws_iam_policy_document.schedule_queue.json
}

module "schedule_alarms" {
  source = "../alarms"
  count  = length(var.schedule[*])

  prefix       = var.prefix
  topic_arn    = var.alarm_topic_arn
  runbooks_url = var.runbooks_url

  alarms = {
    training-not-started = {
      kind        = "count"
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = local.schedule_queue_name }
      statistic   = "Maximum"
      runbook     = "training-overdue"
      description = "The schedule could not start a training: the reason is in the queue ${local.schedule_queue_name}."
    }
  }
}
