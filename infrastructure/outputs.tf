output "api_url" {
  description = "Base URL of the API without a trailing slash; paths such as /events are appended. Null on the laptop, where the URL is <endpoint>/_aws/execute-api/<api_id>/<api_stage>, since the emulator's port changes while the state does not."
  value       = var.emulated ? null : module.api.url
}

output "shop_url" {
  description = "Address of the shop's pages without a trailing slash; null where there is no shop, and on the laptop, where python -m deployment.local prints it."
  value       = var.emulated ? null : one(module.web[*].url)
}

output "pages" {
  description = "Where the shop's pages are uploaded and served: the bucket, the distribution and CloudFront's name of it; null where there is no shop."
  value = one([
    for web in module.web : { bucket = web.bucket_name, distribution_id = web.distribution_id, domain_name = web.domain_name }
  ])
}

output "api_id" {
  description = "Id of the API."
  value       = module.api.api_id
}

output "api_stage" {
  description = "Stage of the API."
  value       = module.api.stage_name
}

output "stream_name" {
  description = "Kinesis stream, which producers can also write to directly."
  value       = module.stream.name
}

output "delivery_stream_name" {
  description = "Firehose stream into the lake."
  value       = module.lake.delivery_stream_name
}

output "buckets" {
  description = "Names of the buckets by purpose."
  value       = module.storage.bucket_names
}

output "tables" {
  description = "Names of the DynamoDB tables by purpose."
  value       = module.storage.table_names
}

output "functions" {
  description = "Names of the Lambda functions by purpose."
  value       = { for purpose, function in module.function : purpose => function.name }
}

output "rollout" {
  description = "Functions of the API by purpose: the alias that it invokes, and the version to which a rollout moves the alias."
  value = {
    for purpose in local.released_functions : purpose => {
      function = module.function[purpose].name
      alias    = module.function[purpose].alias
      version  = module.function[purpose].version
    }
  }
}

output "state_machine_arn" {
  description = "State machine that trains and deploys."
  value       = module.recommender.state_machine_arn
}

output "sagemaker_endpoint" {
  description = "SageMaker endpoint of the custom model; null without one."
  value       = one(module.sagemaker[*].endpoint_name)
}

output "engine_repository" {
  description = "ECR repository of the engine's image; null where the engine is not hosted."
  value       = one(module.engine[*].repository_url)
}

output "engine_kustomization" {
  description = "Kustomization of the hosted engine, for build/engine/kustomization.yaml; null where it is not hosted."
  value       = one(module.engine[*].kustomization)
}

output "glue_job_names" {
  description = "Spark jobs by purpose: datasets and curate."
  value       = module.etl.job_names
}

output "curation_state_machine_arn" {
  description = "State machine that curates the lake."
  value       = module.curation.state_machine_arn
}

output "visitors_state_machine_arn" {
  description = "State machine that writes a visitor and asks for recommendations."
  value       = module.visitors.state_machine_arn
}

output "tracking_id_parameter" {
  description = "SSM parameter in which the state machine publishes the event tracker's id."
  value       = local.tracking_id_parameter
}

output "is_prepared" {
  description = "Whether the event tracker's id was published before this apply, so that events are forwarded; python -m deployment.deploy brings it about."
  value       = local.is_prepared
}

output "athena_workgroup" {
  description = "Athena work group with the scan limit and the saved queries."
  value       = module.lake.workgroup_name
}

output "database" {
  description = "Glue database of the lake."
  value       = module.lake.database_name
}

output "dashboard_url" {
  description = "URL of the dashboard."
  value       = module.observability.dashboard_url
}

output "has_canary" {
  description = "Whether the canary calls the API, with a key of its own."
  value       = var.canary
}

output "alarm_topic_arn" {
  description = "SNS topic that alarms are sent to."
  value       = module.observability.topic_arn
}

output "dataset_group" {
  description = "Personalize dataset group that the state machine creates."
  value       = local.prefix
}
