module "storage" {
  source = "./modules/storage"

  partition          = local.partition
  region             = var.region
  account_id         = var.account_id
  prefix             = local.prefix
  buckets            = local.bucket_settings
  tables             = local.table_settings
  deletion_protected = var.deletion_protected
  lifecycle_enabled  = !var.emulated
}

module "stream" {
  source = "./modules/stream"

  name            = local.stream_name
  shards          = var.stream_shards
  retention_hours = var.stream_retention_hours
  key_arn         = module.storage.key_arn
}

module "lake" {
  source = "./modules/lake"

  partition                = local.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = local.prefix
  database_name            = "${var.project}_${var.environment}"
  key_arn                  = module.storage.key_arn
  stream_arn               = module.stream.arn
  transform_function_arn   = module.function["lake"].arn
  buffer                   = var.lake_buffer
  projection_start         = var.lake_start
  curated_start            = local.curated_start
  scan_limit_bytes         = var.scan_limit_gigabytes * pow(1000, 3)
  log_retention_days       = var.log_retention_days
  deletion_protected       = var.deletion_protected
  permissions_boundary_arn = var.permissions_boundary_arn

  buckets = {
    lake     = local.buckets["lake"]
    bad_rows = local.buckets["bad-rows"]
    athena   = local.buckets["athena"]
  }
}

module "etl" {
  source = "./modules/etl"

  partition                = local.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = local.prefix
  key_arn                  = module.storage.key_arn
  archives_directory       = var.glue_archives_directory
  worker_type              = var.glue_workers.type
  workers                  = var.glue_workers.maximum
  timeout_minutes          = var.glue_workers.timeout_minutes
  interaction_types        = local.interaction_types
  curated_start            = local.curated_start
  currency                 = var.currency
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn

  buckets = {
    artifacts = module.storage.bucket_names["artifacts"]
    lake      = local.buckets["lake"]
    datasets  = local.buckets["datasets"]
  }
}

module "curation" {
  source = "./modules/curation"

  partition                = local.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = local.prefix
  key_arn                  = module.storage.key_arn
  glue_job_name            = "${local.prefix}-curate"
  timeout_minutes          = var.glue_workers.timeout_minutes
  schedules                = var.curation_schedules
  alarm_topic_arn          = local.alarm_topic_arn
  runbooks_url             = var.runbooks_url
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "visitors" {
  source = "./modules/visitors"

  partition                = local.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = local.prefix
  key_arn                  = module.storage.key_arn
  campaign_arn             = local.own_campaign_arns["user-personalization"] # of the tracker's data set group
  tracking_id_parameter    = local.tracking_id_parameter
  event_type               = contains(local.interaction_types, "Like") ? "Like" : local.interaction_types[0]
  alarm_topic_arn          = local.alarm_topic_arn
  runbooks_url             = var.runbooks_url
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "access" {
  source = "./modules/access"

  partition                = local.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = local.prefix
  key_arn                  = module.storage.key_arn
  state_machine_arns       = [local.state_machine_arn, local.curation_arn, local.visitors_arn]
  database_name            = "${var.project}_${var.environment}"
  workgroup_name           = local.prefix
  operators                = var.operators
  analysts                 = var.analysts
  permissions_boundary_arn = var.permissions_boundary_arn

  buckets = {
    lake   = local.buckets["lake"]
    athena = local.buckets["athena"]
  }
}

module "recommender" {
  source = "./modules/recommender"

  partition                = local.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = local.prefix
  tags                     = local.tags
  key_arn                  = module.storage.key_arn
  solutions_file           = "${path.root}/../model/solutions/default.json"
  schemas_directory        = "${path.root}/../model/schemas"
  answers_table            = local.tables["answers"]
  campaigns                = var.campaigns
  locks_table              = local.tables["locks"]
  glue_job_name            = "${local.prefix}-datasets"
  recommend_function_arn   = local.recommend_arn
  judge_function_arn       = local.judge_arn
  sagemaker                = one(module.sagemaker[*].trainer)
  tracking_id_parameter    = local.tracking_id_parameter
  filters_parameter        = local.filters_parameter
  poll_seconds             = var.training_poll_seconds
  training_days            = var.training_days
  schedule                 = var.training_schedule
  alarm_topic_arn          = local.alarm_topic_arn
  runbooks_url             = var.runbooks_url
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn

  buckets = {
    lake     = local.buckets["lake"]
    datasets = local.buckets["datasets"]
    records  = local.buckets["artifacts"]
  }
}

module "sagemaker" {
  source = "./modules/sagemaker"
  count  = length(var.sagemaker[*])

  partition                = local.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = local.prefix
  key_arn                  = module.storage.key_arn
  image_uri                = var.sagemaker.image_uri
  training                 = var.sagemaker.training
  serving                  = var.sagemaker.serving
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn

  buckets = {
    datasets  = local.buckets["datasets"]
    artifacts = local.buckets["artifacts"]
  }
}

module "engine" {
  source = "./modules/engine"
  count  = length(var.engine[*])

  partition                = local.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = local.prefix
  key_arn                  = module.storage.key_arn
  existing_cluster         = var.engine.existing_cluster
  new_cluster              = var.engine.new_cluster
  namespaces               = var.engine.namespaces
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = var.permissions_boundary_arn

  buckets = {
    datasets  = local.buckets["datasets"]
    artifacts = local.buckets["artifacts"]
  }
}

module "api" {
  source = "./modules/api"

  prefix             = local.prefix
  key_arn            = module.storage.key_arn
  functions          = { for purpose in local.api_functions : purpose => module.function[purpose] }
  authoriser         = module.function["authorise"]
  routes             = local.routes
  roles              = local.access.roles
  role_limits        = var.api_role_limits
  throttling         = var.api_throttling
  page_limits        = var.api_page_limits
  cors_origins       = var.cors_origins
  firewall           = var.firewall
  log_retention_days = var.log_retention_days
}

module "web" {
  source = "./modules/web"
  count  = length(var.shop[*])

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  prefix              = local.prefix
  partition           = local.partition
  account_id          = var.account_id
  environment         = var.environment
  emulated            = var.emulated
  key_arn             = module.storage.key_arn
  keys_path           = local.keys_path
  key_generation      = var.shop.key_generation
  usage_key           = "${local.usage_prefix}distribution"
  limits              = var.shop.limits
  demonstration_users = var.demonstration_users
  aliases             = var.shop.aliases
  certificate_arn     = var.shop.certificate_arn
  price_class         = var.shop.price_class
  firewall            = var.firewall
  requests_per_minute = var.shop.requests_per_minute
  log_bucket_arn      = var.emulated ? null : module.storage.bucket_arns["logs"]
  log_retention_days  = var.log_retention_days
  deletion_protected  = var.deletion_protected

  # Of the emulator, which is no host of API Gateway, a path has the API.
  api = {
    id          = module.api.api_id
    stage_name  = module.api.stage_name
    domain_name = var.emulated ? "localhost" : "${module.api.api_id}.execute-api.${var.region}.${data.aws_partition.current.dns_suffix}"
    path        = var.emulated ? "/_aws/execute-api/${module.api.api_id}" : ""
    http_port   = var.emulator_port
    is_https    = !var.emulated
  }
}

module "canary" {
  source = "./modules/canary"
  count  = var.canary ? 1 : 0

  partition                = local.partition
  region                   = var.region
  account_id               = var.account_id
  prefix                   = local.prefix
  key_arn                  = module.storage.key_arn
  api_url                  = module.api.url
  api_key_parameter        = local.canary_parameter
  asks_recommendations     = contains(keys(local.deployed_campaign_arns), "popular")
  archives_directory       = var.lambda_archives_directory
  archive_bucket           = module.storage.bucket_names["artifacts"]
  runtime                  = var.lambda_runtime
  architecture             = var.lambda_architecture
  metrics_namespace        = local.metrics_namespace
  alarm_topic_arn          = local.alarm_topic_arn
  runbooks_url             = var.runbooks_url
  log_retention_days       = var.log_retention_days
  log_level                = var.log_level
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "observability" {
  source = "./modules/observability"

  partition            = local.partition
  region               = var.region
  account_id           = var.account_id
  prefix               = local.prefix
  key_arn              = module.storage.key_arn
  functions            = { for purpose in keys(local.functions) : purpose => "${local.prefix}-${purpose}" }
  metrics_namespace    = local.metrics_namespace
  stream_name          = local.stream_name
  delivery_stream_name = "${local.prefix}-lake"
  served_lists_stream  = local.served_lists_stream
  workgroup_name       = local.prefix
  state_machine_arn    = local.state_machine_arn
  tables               = local.tables
  campaign_arns        = var.emulated ? {} : local.deployed_campaign_arns
  runbooks_url         = var.runbooks_url
  thresholds           = var.alarm_thresholds
  alarm_emails         = var.alarm_emails
  monthly_budget_usd   = var.monthly_budget_usd
  canary_requests      = var.canary ? 6 : 0 # of two runs, which a period can have

  signs_of_life = var.signs_of_life == null ? null : {
    events_minutes   = var.signs_of_life.events_minutes
    files_minutes    = var.signs_of_life.files_minutes
    requests_minutes = var.signs_of_life.requests_minutes
    training_days    = var.training_schedule == null ? null : var.signs_of_life.training_days
  }

  api = {
    name  = local.prefix
    stage = "v1"
  }
}
