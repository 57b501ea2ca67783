locals {
  state_machine_name = "${var.prefix}-visitors"
  log_group_name     = "/aws/vendedlogs/states/${local.state_machine_name}"

  # Composed from names, so that the policies and the definition are known at plan.
  state_machine_arn = "arn:${var.partition}:states:${var.region}:${var.account_id}:stateMachine:${local.state_machine_name}"
  personalize_arn   = "arn:${var.partition}:personalize:${var.region}:${var.account_id}"
  users_dataset_arn = "${local.personalize_arn}:dataset/${var.prefix}/USERS"
  parameter_arn     = "arn:${var.partition}:ssm:${var.region}:${var.account_id}:parameter${var.tracking_id_parameter}"

  timeout_seconds = 300 # every call of one execution can be retried to its end
  effect_seconds  = 3   # as SETTLING_MS of backend/recommend/answers.py

  # Errors that a retry after seconds may solve. One without a model, such as throttling, has the name of the SDK's base
  # exception. Seven attempts with backoff from 1 s take 63 s at most: PutUsers accepts ten calls a second.
  # https://docs.aws.amazon.com/personalize/latest/dg/limits.html
  retries = {
    for service, errors in {
      events  = ["PersonalizeEvents.PersonalizeEventsException", "PersonalizeEvents.ResourceInUseException", "PersonalizeEvents.SdkClientException"]
      runtime = ["PersonalizeRuntime.PersonalizeRuntimeException", "PersonalizeRuntime.SdkClientException"]
      ssm     = ["Ssm.InternalServerErrorException", "Ssm.SdkClientException", "Ssm.SsmException"]
      } : service => [{
        ErrorEquals     = errors
        IntervalSeconds = 1
        MaxAttempts     = 6
        BackoffRate     = 2
        JitterStrategy  = "FULL"
    }]
  }

  definition = templatefile("${path.module}/state-machines/visitors.asl.json.tftpl", {
    partition             = var.partition
    timeout_seconds       = local.timeout_seconds
    effect_seconds        = local.effect_seconds
    users_dataset_arn     = local.users_dataset_arn
    tracking_id_parameter = var.tracking_id_parameter
    event_type            = var.event_type
    campaign_arn          = var.campaign_arn
    events_retry          = jsonencode(local.retries.events)
    runtime_retry         = jsonencode(local.retries.runtime)
    ssm_retry             = jsonencode(local.retries.ssm)
  })
}
