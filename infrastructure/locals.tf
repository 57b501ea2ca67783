locals {
  prefix    = "${var.project}-${var.environment}"
  partition = data.aws_partition.current.partition

  # Also of the resources that the training workflow creates.
  tags = {
    Project            = var.project
    Environment        = var.environment
    ManagedBy          = "terraform"
    DataClassification = "personal"
  }

  # Names and ARNs are composed in place of being read from resources: policies are then known at plan, and what needs
  # only a name is not made to wait for the slow resource that bears it.
  buckets = { for purpose in keys(local.bucket_settings) : purpose => "${local.prefix}-${var.account_id}-${purpose}" }
  tables  = { for purpose in keys(local.table_settings) : purpose => "${local.prefix}-${purpose}" }

  stream_name           = "${local.prefix}-events"
  stream_arn            = "arn:${local.partition}:kinesis:${var.region}:${var.account_id}:stream/${local.stream_name}"
  state_machine_arn     = "arn:${local.partition}:states:${var.region}:${var.account_id}:stateMachine:${local.prefix}-train"
  recommend_arn         = "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function:${local.prefix}-recommend"
  judge_arn             = "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function:${local.prefix}-judge"
  alarm_topic_arn       = "arn:${local.partition}:sns:${var.region}:${var.account_id}:${local.prefix}-alarms"
  tracking_id_parameter = "/${var.project}/${var.environment}/tracking-id"
  metrics_namespace     = "Rivulet"

  # Without an event tracker the function forward can only hold events back, until they are too old.
  is_prepared = contains(data.aws_ssm_parameters_by_path.published.names, local.tracking_id_parameter)

  campaign_arns = {
    for solution in ["user-personalization", "similar-items", "popular", "ranking"] :
    solution => "arn:${local.partition}:personalize:${var.region}:${var.account_id}:campaign/${local.prefix}-${solution}"
  }

  bucket_settings = {
    lake      = {}
    datasets  = { expiration_days = 90, readers = ["personalize.amazonaws.com"] }
    uploads   = { expiration_days = 30, noncurrent_days = 7 }
    bad-rows  = { expiration_days = 90 }
    artifacts = {}
    athena    = { expiration_days = 7, noncurrent_days = 1 }
  }

  table_settings = {
    history  = { hash_key = "person", range_key = "moment", expires_attribute = "expires_at" }
    entities = { hash_key = "entity" }
    answers  = { hash_key = "question", expires_attribute = "expires_at" }
    locks    = { hash_key = "name" }
  }
}
