module "schedule" {
  source = "../schedule"
  count  = length(var.schedule[*])

  partition                = var.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = var.prefix
  name                     = local.state_machine_name
  state_machine_arn        = local.state_machine_arn
  key_arn                  = var.key_arn
  permissions_boundary_arn = var.permissions_boundary_arn

  schedules = {
    train = {
      expression  = var.schedule
      description = "Trains ${var.prefix} on the events received since the last training"
      input       = {}
    }
  }

  alarm = {
    name         = "training-not-started"
    runbook      = "training-overdue"
    topic_arn    = var.alarm_topic_arn
    runbooks_url = var.runbooks_url
  }
}

moved {
  from = aws_scheduler_schedule.this[0]
  to   = module.schedule[0].aws_scheduler_schedule.this["train"]
}

moved {
  from = aws_sqs_queue.schedule[0]
  to   = module.schedule[0].aws_sqs_queue.this
}

moved {
  from = aws_sqs_queue_policy.schedule[0]
  to   = module.schedule[0].aws_sqs_queue_policy.this
}

moved {
  from = aws_iam_role.schedule[0]
  to   = module.schedule[0].aws_iam_role.this
}

moved {
  from = aws_iam_role_policy.schedule[0]
  to   = module.schedule[0].aws_iam_role_policy.this
}

moved {
  from = module.schedule_alarms[0]
  to   = module.schedule[0].module.alarms
}
