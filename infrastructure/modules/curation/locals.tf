locals {
  state_machine_name = "${var.prefix}-curate"
  log_group_name     = "/aws/vendedlogs/states/${local.state_machine_name}"

  # Composed from names, so that the policies and the definition are known at plan.
  state_machine_arn = "arn:${var.partition}:states:${var.region}:${var.account_id}:stateMachine:${local.state_machine_name}"
  glue_job_arn      = "arn:${var.partition}:glue:${var.region}:${var.account_id}:job/${var.glue_job_name}"

  overdue_hours = 26 # without a success: a day, and time for the run itself

  # Errors that a retry after seconds may solve, and the limits on runs, which end with another run.
  glue_retry = [
    {
      ErrorEquals     = ["Glue.AWSGlueException", "Glue.InternalServiceException", "Glue.OperationTimeoutException", "Glue.SdkClientException"]
      IntervalSeconds = 2
      MaxAttempts     = 6
      BackoffRate     = 2
      JitterStrategy  = "FULL"
    },
    {
      ErrorEquals     = ["Glue.ConcurrentRunsExceededException", "Glue.ResourceNumberLimitExceededException"]
      IntervalSeconds = 30
      MaxAttempts     = 10
      BackoffRate     = 1.5
    },
  ]

  definition = templatefile("${path.module}/state-machines/curate.asl.json.tftpl", {
    partition       = var.partition
    glue_job_name   = var.glue_job_name
    glue_retry      = jsonencode(local.glue_retry)
    timeout_seconds = var.timeout_minutes * 60
  })
}
