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
  }
}
