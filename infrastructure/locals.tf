locals {
  prefix    = "${var.project}-${var.environment}"
  partition = data.aws_partition.current.partition

  # Also of the resources that the training workflow creates.
  tags = {
    Project            = var.project
    Environment        = var.environment
    Stack              = local.prefix # of one environment only, for its budget
    ManagedBy          = "terraform"
    DataClassification = "personal"
  }

  # Names and ARNs are composed in place of being read from resources: policies are then known at plan, and what needs
  # only a name is not made to wait for the slow resource that bears it.
  buckets = { for purpose in keys(local.bucket_settings) : purpose => "${local.prefix}-${var.account_id}-${purpose}" }
  tables  = { for purpose in keys(local.table_settings) : purpose => "${local.prefix}-${purpose}" }

  stream_name             = "${local.prefix}-events"
  served_lists_stream     = "${local.prefix}-served-lists"
  served_lists_stream_arn = "arn:${local.partition}:firehose:${var.region}:${var.account_id}:deliverystream/${local.served_lists_stream}"

  stream_arn            = "arn:${local.partition}:kinesis:${var.region}:${var.account_id}:stream/${local.stream_name}"
  state_machine_arn     = "arn:${local.partition}:states:${var.region}:${var.account_id}:stateMachine:${local.prefix}-train"
  recommend_arn         = "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function:${local.prefix}-recommend"
  judge_arn             = "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function:${local.prefix}-judge"
  alarm_topic_arn       = "arn:${local.partition}:sns:${var.region}:${var.account_id}:${local.prefix}-alarms"
  tracking_id_parameter = "/${var.project}/${var.environment}/tracking-id"
  filters_parameter     = "/${var.project}/${var.environment}/filters"
  keys_path             = "/${var.project}/${var.environment}/keys"
  canary_parameter      = "/${var.project}/${var.environment}/secrets/canary"
  metrics_namespace     = local.prefix # environments may share an account

  # Generated from the contract.
  contract_types    = jsondecode(file("${path.module}/generated/event_types.json"))
  interaction_types = distinct(coalesce(var.event_types.interactions, local.contract_types.interactions))

  # Of the functions that read events.
  own_types_environment = length(var.event_types.own) == 0 ? {} : { OWN_EVENT_TYPES = join(",", var.event_types.own) }

  # Without an event tracker the function forward can only hold events back, until they are too old.
  is_prepared = contains(data.aws_ssm_parameters_by_path.published.names, local.tracking_id_parameter)

  campaign_arns = {
    for solution in ["user-personalization", "similar-items", "popular", "ranking"] :
    solution => "arn:${local.partition}:personalize:${var.region}:${var.account_id}:campaign/${local.prefix}-${solution}"
  }

  deployed_campaign_arns = { for solution, arn in local.campaign_arns : solution => arn if contains(keys(var.campaigns), solution) }

  bucket_settings = merge(
    {
      lake = {
        zones = {
          "raw/events/" = { expiration_days = var.retention_days.events, infrequent_days = var.retention_days.events_infrequent }
          "raw/users/"  = { expiration_days = var.retention_days.users }
          "errors/"     = { expiration_days = var.retention_days.errors }

          "raw/served_lists/" = { expiration_days = var.retention_days.served_lists }
          "undelivered/"      = { expiration_days = var.retention_days.errors }
        }
      }
      datasets = { zones = { "" = { expiration_days = var.retention_days.data_sets } }, readers = ["personalize.amazonaws.com"] }
      uploads  = { zones = { "" = { expiration_days = var.retention_days.uploads } }, noncurrent_days = 7 }
      bad-rows = { zones = { "" = { expiration_days = var.retention_days.bad_rows } } }
      artifacts = {
        zones = { for prefix in ["checkpoints/", "glue/temporary/"] : prefix => { expiration_days = var.retention_days.temporary } }
      }
      athena = { zones = { "" = { expiration_days = var.retention_days.query_results } }, noncurrent_days = 1 }
    },
    var.emulated ? {} : {
      logs = { zones = { "" = { expiration_days = var.retention_days.access_logs } }, receives_access_logs = true }
    },
  )

  # Of the entities, users expire: backend/collect writes the attribute for them only.
  table_settings = {
    history  = { hash_key = "person", range_key = "moment", expires_attribute = "expires_at" }
    entities = { hash_key = "entity", expires_attribute = "expires_at" }
    answers  = { hash_key = "question", expires_attribute = "expires_at" }
    locks    = { hash_key = "name" }
  }
}
