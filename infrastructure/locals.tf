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
  curation_arn          = "arn:${local.partition}:states:${var.region}:${var.account_id}:stateMachine:${local.prefix}-curate"
  visitors_arn          = "arn:${local.partition}:states:${var.region}:${var.account_id}:stateMachine:${local.prefix}-visitors"
  recommend_arn         = "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function:${local.prefix}-recommend"
  judge_arn             = "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function:${local.prefix}-judge"
  alarm_topic_arn       = "arn:${local.partition}:sns:${var.region}:${var.account_id}:${local.prefix}-alarms"
  tracking_id_parameter = "/${var.project}/${var.environment}/tracking-id"
  filters_parameter     = "/${var.project}/${var.environment}/filters"
  keys_path             = "/${var.project}/${var.environment}/keys"
  canary_parameter      = "/${var.project}/${var.environment}/secrets/canary"
  metrics_namespace     = local.prefix                # environments may share an account
  usage_prefix          = "${local.prefix}-usage-of-" # as modules/api names them

  curated_start = coalesce(var.curated_start, var.lake_start)

  # Generated from the contract.
  contract_types    = jsondecode(file("${path.module}/generated/event_types.json"))
  interaction_types = distinct(coalesce(var.event_types.interactions, local.contract_types.interactions))

  # Of the functions that read events.
  own_types_environment = length(var.event_types.own) == 0 ? {} : { OWN_EVENT_TYPES = join(",", var.event_types.own) }

  # Without an event tracker the function forward can only hold events back, until they are too old.
  is_prepared = contains(data.aws_ssm_parameters_by_path.published.names, local.tracking_id_parameter)

  own_campaign_arns = {
    for solution in distinct(concat(["user-personalization", "similar-items", "popular", "ranking"], keys(var.campaigns))) :
    solution => "arn:${local.partition}:personalize:${var.region}:${var.account_id}:campaign/${local.prefix}-${solution}"
  }
  campaign_arns          = merge(local.own_campaign_arns, var.campaign_arns)
  deployed_campaign_arns = { for solution, arn in local.campaign_arns : solution => arn if contains(keys(merge(var.campaigns, var.campaign_arns)), solution) }

  # The kinds of requests that the recipe of a deployed solution answers; actions and segments are of none.
  declared_solutions = jsondecode(file("${path.root}/../model/solutions/default.json")).solutions
  recipes            = { for solution in keys(local.deployed_campaign_arns) : solution => try(local.declared_solutions[solution].recipe, solution) }
  solution_kinds = {
    for solution, recipe in local.recipes : solution => (
      can(regex("ranking", recipe)) ? ["rerank"] :
      can(regex("similar|sims", recipe)) ? ["similar-items"] :
      can(regex("popular|trending", recipe)) ? ["popular", "recommendations"] :
      can(regex("affinity|action", recipe)) ? [] : ["recommendations"]
    )
  }

  custom_endpoint_arn = try(var.sagemaker.serving, null) == null ? null : "arn:${local.partition}:sagemaker:${var.region}:${var.account_id}:endpoint/${local.prefix}-custom" # as modules/sagemaker names it

  # What a request may name as its model, by kind of request.
  models = {
    for kind in ["recommendations", "similar-items", "popular", "rerank"] : kind => merge(
      { for solution, kinds in local.solution_kinds : solution => local.deployed_campaign_arns[solution] if contains(kinds, kind) },
      { for arn in local.custom_endpoint_arn[*] : "custom" => arn },
    )
  }

  bucket_settings = merge(
    {
      lake = {
        zones = {
          "raw/events/" = { expiration_days = var.retention_days.events, infrequent_days = var.retention_days.events_infrequent }
          "raw/users/"  = { expiration_days = var.retention_days.users }
          "curated/"    = { expiration_days = var.retention_days.events }
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

  # Of the entities, users expire, and items are in the index of products: backend/collect writes their attributes.
  table_settings = {
    history = { hash_key = "person", range_key = "moment", expires_attribute = "expires_at" }
    entities = {
      hash_key          = "entity"
      expires_attribute = "expires_at"
      indexes           = { products = { hash_key = "category", range_key = "title", attributes = ["price", "product", "search"] } }
    }
    answers = { hash_key = "question", expires_attribute = "expires_at" }
    locks   = { hash_key = "name" }
  }
}
