locals {
  functions = {
    authorise = {
      description     = "Decides which routes the sender of a request may call, by its key"
      memory_mb       = 512
      timeout_seconds = 10
      environment = {
        KEYS_PATH    = local.keys_path
        USAGE_PREFIX = local.usage_prefix
      }
      # A request with several keys: only an error of the function is answered and not cached.
      expected_errors = { namespace = local.metrics_namespace, metric = "ambiguous", dimensions = { service = "authorise" } }
    }
    collect = {
      description     = "Receives events, items and users from callers and writes them to the stream and the lake"
      memory_mb       = 1024 # half of it for the process that reads uploaded Parquet
      timeout_seconds = 28   # API Gateway waits 29 s; an upload continues in further invocations
      environment = merge(local.own_types_environment, {
        STREAM_NAME     = local.stream_name
        BAD_ROWS_BUCKET = local.buckets["bad-rows"]
        LAKE_BUCKET     = local.buckets["lake"]
        UPLOADS_BUCKET  = local.buckets["uploads"]
        ENTITIES_TABLE  = local.tables["entities"]
        USER_DAYS       = tostring(var.retention_days.users)
        CORS_ORIGINS    = join(" ", var.cors_origins)
      })
      asynchronous = { retries = 2, event_age_seconds = 3600, calls_itself = true }
      deferred = {
        suffix     = "bad-rows"
        variable   = "BAD_ROWS_QUEUE"
        batch_size = 5 # objects, each of which takes three seconds at most
        contents   = "Refused records that S3 did not accept"
        runbook    = "bad-events"
      }
    }
    lake = {
      description     = "Validates and flattens records before they are written to the lake"
      memory_mb       = 1024
      timeout_seconds = 300 # the maximum: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
      environment     = merge(local.own_types_environment, { BAD_ROWS_BUCKET = local.buckets["bad-rows"] })
    }
    forward = {
      description     = "Forwards records from the stream to the event tracker and the history"
      memory_mb       = 1769 # one full CPU, since decoding is CPU-bound
      timeout_seconds = 60
      environment = merge(local.own_types_environment, {
        TRACKING_ID_PARAMETER = local.tracking_id_parameter
        HISTORY_TABLE         = local.tables["history"]
        BAD_ROWS_BUCKET       = local.buckets["bad-rows"]
        HISTORY_DAYS          = tostring(var.history_days)
        INTERACTION_TYPES     = join(",", local.interaction_types)
        # The tracker's quota, shared by the invocations that run at once; a new stream with on-demand capacity has four shards.
        PUT_EVENTS_PER_SECOND = tostring(var.forwarding.put_events_per_second / (coalesce(var.stream_shards, 4) * var.forwarding.parallelization_factor))
      })
    }
    recommend = {
      description     = "Serves recommendations, similar items, popular items and rankings"
      memory_mb       = 1024
      timeout_seconds = 10
      environment = {
        HISTORY_TABLE                     = local.tables["history"]
        ENTITIES_TABLE                    = local.tables["entities"]
        ANSWERS_TABLE                     = local.tables["answers"]
        USER_PERSONALIZATION_CAMPAIGN_ARN = local.campaign_arns["user-personalization"]
        SIMILAR_ITEMS_CAMPAIGN_ARN        = local.campaign_arns["similar-items"]
        POPULAR_CAMPAIGN_ARN              = local.campaign_arns["popular"]
        RANKING_CAMPAIGN_ARN              = local.campaign_arns["ranking"]
        FILTERS_PARAMETER                 = local.filters_parameter
        DATASET_GROUP_ARN                 = "arn:${local.partition}:personalize:${var.region}:${var.account_id}:dataset-group/${local.prefix}"
        PROJECT                           = var.project
        ENVIRONMENT                       = var.environment
        SERVED_LISTS_STREAM               = local.served_lists_stream
        DATASETS_BUCKET                   = local.buckets["datasets"]
        MODELS                            = jsonencode(local.models)
        VISITORS_STATE_MACHINE_ARN        = local.visitors_arn
        VISITORS_CAMPAIGN_ARN             = local.own_campaign_arns["user-personalization"] # as module.visitors asks
        CORS_ORIGINS                      = join(" ", var.cors_origins)
        DEMONSTRATION_USERS               = join(" ", var.demonstration_users)
        # Of the others only stored answers are served.
        DEPLOYED_CAMPAIGNS = coalesce(join(",", values(local.deployed_campaign_arns)), "none")
      }
    }
    train = {
      description     = "Starts a training and reports its progress"
      memory_mb       = 256
      timeout_seconds = 10
      environment = {
        STATE_MACHINE_ARN = local.state_machine_arn
        TRAINERS          = join(",", concat(["personalize"], [for set_up in var.sagemaker[*] : "sagemaker"]))
        CORS_ORIGINS      = join(" ", var.cors_origins)
      }
    }
    judge = {
      description     = "Decides whether a new solution version replaces the deployed one"
      memory_mb       = 256
      timeout_seconds = 30
      environment     = {}
    }
  }

  # Event source of the function forward.
  forwarded_stream = merge(var.forwarding, {
    enabled             = coalesce(var.forwarding.enabled, local.is_prepared)
    arn                 = module.stream.arn
    failures_bucket_arn = "arn:${local.partition}:s3:::${local.buckets["bad-rows"]}"
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html: at most 604,800 s.
    record_age_seconds = coalesce(var.forwarding.record_age_seconds, min(var.stream_retention_hours * 3600, 604800))
  })

  # The roles and where the key of a request is, by route; generated from the contract.
  access = jsondecode(file("${path.module}/modules/api/generated/access.json"))

  route_functions = {
    "POST /events"                   = { function = "collect", model = "EventBatch", data_body = true }
    "POST /e"                        = { function = "collect", model = "EventBatch", data_body = true }
    "POST /uploads"                  = { function = "collect", model = "NewUpload" }
    "POST /update-data"              = { function = "collect", model = "UpdateData", data_body = true }
    "GET /update-data/{id}"          = { function = "collect" }
    "GET /recommendations/{user_id}" = { function = "recommend" }
    "POST /recommendations"          = { function = "recommend", model = "Visitor" }
    "GET /executions/{id}"           = { function = "recommend" }
    "GET /similar-items/{item_id}"   = { function = "recommend" }
    "GET /popular"                   = { function = "recommend" }
    "POST /rerank"                   = { function = "recommend", model = "Rerank" }
    "GET /products"                  = { function = "recommend" }
    "GET /products/{item_id}"        = { function = "recommend" }
    "GET /categories"                = { function = "recommend" }
    "GET /users/{user_id}/history"   = { function = "recommend" }
    "GET /models"                    = { function = "recommend" }
    "GET /system-info"               = { function = "recommend" }
    "GET /health"                    = { function = "recommend" }
    "POST /train"                    = { function = "train", model = "Train" }
    "GET /train/{id}"                = { function = "train" }
  }

  routes = { for route, access in local.access.routes : route => merge(local.route_functions[route], { credential = access.credential }) }
}

locals {
  api_functions      = distinct([for route in values(local.routes) : route.function])
  released_functions = concat(local.api_functions, ["authorise"])
}

module "permissions" {
  source = "./modules/permissions"

  partition             = local.partition
  region                = var.region
  account_id            = var.account_id
  prefix                = local.prefix
  bucket_arns           = module.storage.bucket_arns
  table_arns            = module.storage.table_arns
  stream_arn            = local.stream_arn
  state_machine_arn     = local.state_machine_arn
  visitors_arn          = local.visitors_arn
  tracking_id_parameter = local.tracking_id_parameter
  filters_parameter     = local.filters_parameter
  keys_path             = local.keys_path
  campaign_arns         = local.deployed_campaign_arns
  custom_endpoint_arn   = local.custom_endpoint_arn
  key_arn               = module.storage.key_arn

  served_lists_stream_arn = local.served_lists_stream_arn
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  name                 = "${local.prefix}-${each.key}"
  description          = each.value.description
  partition            = local.partition
  region               = var.region
  account_id           = var.account_id
  archive              = "${var.lambda_archives_directory}/${each.key}.zip"
  archive_bucket       = module.storage.bucket_names["artifacts"]
  handler              = "backend.${each.key}.handler.handler"
  runtime              = var.lambda_runtime
  architecture         = var.lambda_architecture
  memory_mb            = each.value.memory_mb
  timeout_seconds      = each.value.timeout_seconds
  reserved_concurrency = lookup(var.reserved_concurrency, each.key, null)
  policy_json          = try(module.permissions.policy_json[each.key], null)
  key_arn              = module.storage.key_arn
  log_retention_days   = var.log_retention_days
  log_level            = var.log_level
  alarm_topic_arn      = local.alarm_topic_arn
  runbooks_url         = var.runbooks_url
  stream               = each.key == "forward" ? local.forwarded_stream : null
  asynchronous         = try(each.value.asynchronous, null)
  deferred             = try(each.value.deferred, null)
  expected_errors      = try(each.value.expected_errors, null)
  alias                = contains(local.released_functions, each.key) ? "live" : null

  permissions_boundary_arn = var.permissions_boundary_arn

  environment = merge(each.value.environment, {
    POWERTOOLS_SERVICE_NAME      = each.key
    POWERTOOLS_METRICS_NAMESPACE = local.metrics_namespace
  })
}
