# The real provider without a network, on the whole root with the settings of production. Only the state machine is overridden,
# since the provider calls AWS to validate it at plan.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "us_east_1"
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target          = module.recommender.aws_sfn_state_machine.this
  override_during = plan
  values = {
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-production-train"
  }
}

override_resource {
  target          = module.curation.aws_sfn_state_machine.this
  override_during = plan
  values = {
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-production-curate"
  }
}

override_resource {
  target          = module.visitors.aws_sfn_state_machine.this
  override_during = plan
  values = {
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-production-visitors"
  }
}

override_data {
  target = data.aws_ssm_parameters_by_path.published
  values = {
    names = ["/rivulet/production/tracking-id"]
  }
}

variables {
  environment               = "production"
  region                    = "eu-central-1"
  account_id                = "123456789012"
  permissions_boundary_arn  = "arn:aws:iam::123456789012:policy/rivulet-boundary"
  log_retention_days        = 365
  deletion_protected        = true
  firewall                  = true
  api_throttling            = { requests_per_second = 100, burst = 200 }
  alarm_emails              = ["on-call@example.com"]
  monthly_budget_usd        = 1000
  campaigns                 = { user-personalization = {}, similar-items = {}, popular = {}, ranking = {} }
  reserved_concurrency      = { forward = 20, recommend = 200 }
  account_concurrency       = 320 # the minimum that leaves 100 unreserved
  lambda_archives_directory = "tests/archives/lambda"
  glue_archives_directory   = "tests/archives/glue"
}

# A plan of the whole root takes seconds, so its assertions share one.
run "names_match_their_callers_personal_data_expires_and_what_is_optional_is_off" {
  command = plan

  assert {
    condition = output.functions == {
      authorise = "rivulet-production-authorise"
      collect   = "rivulet-production-collect"
      forward   = "rivulet-production-forward"
      judge     = "rivulet-production-judge"
      lake      = "rivulet-production-lake"
      recommend = "rivulet-production-recommend"
      train     = "rivulet-production-train"
    }
    error_message = "The name of a function differs from the one that the state machine and the API use."
  }

  assert {
    condition     = local.buckets["bad-rows"] == "rivulet-production-123456789012-bad-rows" && output.stream_name == "rivulet-production-events" && output.database == "rivulet_production" && output.athena_workgroup == "rivulet-production"
    error_message = "A name lacks the environment's prefix."
  }

  assert {
    condition     = local.buckets == { for purpose in keys(local.bucket_settings) : purpose => module.storage.bucket_arns[purpose] == "arn:aws:s3:::${local.buckets[purpose]}" ? local.buckets[purpose] : "another" }
    error_message = "The root and the storage module compose different bucket names."
  }

  assert {
    condition     = output.tables == local.tables && output.delivery_stream_name == "rivulet-production-lake" && output.glue_job_names.datasets == "rivulet-production-datasets" && output.glue_job_names.curate == "rivulet-production-curate"
    error_message = "A composed name differs from the name of the resource."
  }

  assert {
    condition     = output.visitors_state_machine_arn == local.visitors_arn && module.visitors.alarms["visitors-failed"].dimensions.StateMachineArn == local.visitors_arn
    error_message = "The function recommend starts a different state machine."
  }

  assert {
    condition     = output.state_machine_arn == local.state_machine_arn && module.recommender.state_machine_name == "rivulet-production-train"
    error_message = "The functions start a different state machine."
  }

  assert {
    condition = {
      for purpose, function in local.functions : purpose => keys(function.environment)
      } == {
      authorise = ["KEYS_PATH", "USAGE_PREFIX"]
      collect   = ["BAD_ROWS_BUCKET", "CORS_ORIGINS", "ENTITIES_TABLE", "LAKE_BUCKET", "STREAM_NAME", "UPLOADS_BUCKET", "USER_DAYS"]
      forward   = ["BAD_ROWS_BUCKET", "HISTORY_DAYS", "HISTORY_TABLE", "INTERACTION_TYPES", "PUT_EVENTS_PER_SECOND", "TRACKING_ID_PARAMETER"]
      judge     = []
      lake      = ["BAD_ROWS_BUCKET"]
      recommend = ["ANSWERS_TABLE", "CORS_ORIGINS", "DATASETS_BUCKET", "DATASET_GROUP_ARN", "DEMONSTRATION_USERS", "DEPLOYED_CAMPAIGNS", "ENTITIES_TABLE", "ENVIRONMENT", "FILTERS_PARAMETER", "HISTORY_TABLE", "MODELS", "POPULAR_CAMPAIGN_ARN", "PROJECT", "RANKING_CAMPAIGN_ARN", "SERVED_LISTS_STREAM", "SIMILAR_ITEMS_CAMPAIGN_ARN", "USER_PERSONALIZATION_CAMPAIGN_ARN", "VISITORS_CAMPAIGN_ARN", "VISITORS_STATE_MACHINE_ARN"]
      train     = ["CORS_ORIGINS", "STATE_MACHINE_ARN", "TRAINERS"]
    }
    error_message = "A function lacks an environment variable, or has an unused one."
  }

  assert {
    # MEMORY_BYTES of backend/upload/parquet/limits.py, and as much for the function itself.
    condition     = local.functions.collect.memory_mb >= 2 * 512
    error_message = "The function collect has no memory for the process that reads uploaded Parquet."
  }

  assert {
    condition     = keys(local.route_functions) == keys(local.access.routes)
    error_message = "A route has no function, or a function a route that the table of roles does not have."
  }

  assert {
    condition     = toset(keys(output.rollout)) == toset(["authorise", "collect", "recommend", "train"])
    error_message = "A function of the API is not released in steps."
  }

  assert {
    condition     = [for name, route in local.routes : name if try(route.data_body, false)] == ["POST /e", "POST /events", "POST /update-data"]
    error_message = "The firewall blocks data for its texts, or only counts elsewhere."
  }

  assert {
    condition     = output.is_prepared && local.forwarded_stream.enabled
    error_message = "Events are not forwarded although the event tracker exists."
  }

  assert {
    condition     = length(module.canary) == 0
    error_message = "The canary is on by default."
  }

  assert {
    condition     = length(module.sagemaker) == 0 && output.sagemaker_endpoint == null && jsondecode(module.recommender.definition).States.Configure.Assign.custom == {}
    error_message = "SageMaker is set up by default."
  }

  assert {
    condition     = local.functions.train.environment.TRAINERS == "personalize"
    error_message = "The trainer sagemaker is accepted although SageMaker is not set up."
  }

  # Items are not personal, the archives of the code neither.
  assert {
    condition     = toset(flatten([for purpose, bucket in local.bucket_settings : [for prefix, zone in bucket.zones : "${purpose}/${prefix}" if try(zone.expiration_days >= 1, false)]])) == toset(["artifacts/checkpoints/", "artifacts/glue/temporary/", "athena/", "bad-rows/", "datasets/", "lake/curated/", "lake/errors/", "lake/raw/events/", "lake/raw/served_lists/", "lake/raw/users/", "lake/undelivered/", "logs/", "uploads/"])
    error_message = "Personal data is kept for ever in a bucket."
  }

  assert {
    condition     = [for purpose, table in local.table_settings : purpose if !can(table.expires_attribute)] == ["locks"] && local.functions.collect.environment.USER_DAYS == "730" && local.functions.forward.environment.HISTORY_DAYS == "90"
    error_message = "Personal data is kept for ever in a table."
  }
}

run "without_a_tracker_events_wait_without_campaigns_none_is_called_and_invocations_share_the_quota" {
  command = plan

  override_data {
    target = data.aws_ssm_parameters_by_path.published
    values = {
      names = ["/rivulet/production/other"]
    }
  }

  variables {
    campaigns     = {}
    stream_shards = 5
    forwarding    = { parallelization_factor = 2 }
  }

  assert {
    condition     = !output.is_prepared && !local.forwarded_stream.enabled
    error_message = "The function forward is invoked before the event tracker exists."
  }

  assert {
    condition     = local.functions.recommend.environment.DEPLOYED_CAMPAIGNS == "none" && length(local.deployed_campaign_arns) == 0
    error_message = "The function recommend would call campaigns that are not deployed."
  }

  assert {
    condition     = local.functions.forward.environment.PUT_EVENTS_PER_SECOND == "100"
    error_message = "Ten invocations may exceed 1,000 calls a second together, or use less."
  }
}

run "own_types_of_event_and_sagemaker_reach_the_functions_and_forwarding_is_turned_off" {
  command = plan

  # The definition names the key, which a first plan does not know.
  override_resource {
    target          = module.storage.aws_kms_key.this
    override_during = plan
    values = {
      arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    }
  }

  variables {
    event_types = { own = ["Wish", "Share"], interactions = ["View", "Purchase", "Wish"] }
    forwarding  = { enabled = false }
    sagemaker = {
      image_uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/rivulet:1.0"
      serving   = { model_data_url = "s3://rivulet-production-123456789012-artifacts/models/rivulet-production-custom/model.tar.gz" }
    }
    campaign_arns = { popular = "arn:aws:personalize:eu-central-1:123456789012:campaign/mine" }
  }

  assert {
    condition = jsondecode(local.functions.recommend.environment.MODELS) == {
      recommendations = {
        user-personalization = "arn:aws:personalize:eu-central-1:123456789012:campaign/rivulet-production-user-personalization"
        popular              = "arn:aws:personalize:eu-central-1:123456789012:campaign/mine"
        custom               = "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/rivulet-production-custom"
      }
      similar-items = {
        similar-items = "arn:aws:personalize:eu-central-1:123456789012:campaign/rivulet-production-similar-items"
        custom        = "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/rivulet-production-custom"
      }
      popular = {
        popular = "arn:aws:personalize:eu-central-1:123456789012:campaign/mine"
        custom  = "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/rivulet-production-custom"
      }
      rerank = {
        ranking = "arn:aws:personalize:eu-central-1:123456789012:campaign/rivulet-production-ranking"
        custom  = "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/rivulet-production-custom"
      }
    }
    error_message = "A request cannot name exactly the deployed campaigns of its kind and the custom model."
  }

  assert {
    condition     = local.functions.recommend.environment.POPULAR_CAMPAIGN_ARN == "arn:aws:personalize:eu-central-1:123456789012:campaign/mine" && contains(split(",", local.functions.recommend.environment.DEPLOYED_CAMPAIGNS), "arn:aws:personalize:eu-central-1:123456789012:campaign/mine")
    error_message = "The campaign of campaign_arns does not answer."
  }

  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  assert {
    condition     = length(jsonencode(local.functions.recommend.environment)) < 4096
    error_message = "The environment variables of the function recommend exceed 4 KB."
  }

  assert {
    condition     = jsondecode(module.recommender.definition).States.Configure.Assign.custom.role_arn == "arn:aws:iam::123456789012:role/rivulet-production-sagemaker"
    error_message = "The workflow does not use the module's role for training."
  }

  assert {
    condition     = local.functions.train.environment.TRAINERS == "personalize,sagemaker"
    error_message = "The trainer sagemaker is refused although SageMaker is set up."
  }

  assert {
    condition     = [for name, function in local.functions : name if try(function.environment.OWN_EVENT_TYPES, "") == "Wish,Share"] == ["collect", "forward", "lake"]
    error_message = "A function that reads events does not accept the shop's own types."
  }

  assert {
    condition     = local.functions.forward.environment.INTERACTION_TYPES == "View,Purchase,Wish" && local.interaction_types == tolist(["View", "Purchase", "Wish"])
    error_message = "The event tracker gets other types than those that are declared."
  }

  assert {
    condition     = !local.forwarded_stream.enabled
    error_message = "Forwarding cannot be turned off."
  }
}

run "values_that_would_fail_at_apply_are_refused_at_plan" {
  command = plan

  variables {
    alarm_emails              = []
    monthly_budget_usd        = null
    permissions_boundary_arn  = null
    lambda_archives_directory = "tests/archives/nothing"
    glue_archives_directory   = "tests/archives/nothing"
    reserved_concurrency      = { unknown = 1 }
    firewall                  = false
    campaign_arns             = { similar = "arn:aws:personalize:eu-central-1:123456789012:campaign/mine" }
    # More types of event than Personalize accepts.
    event_types = { interactions = ["View", "Click", "AddToCart", "Purchase", "Watch", "Rating", "Like", "Dislike"] }
  }

  expect_failures = [
    var.alarm_emails,
    var.monthly_budget_usd,
    var.permissions_boundary_arn,
    var.lambda_archives_directory,
    var.glue_archives_directory,
    var.reserved_concurrency,
    var.firewall,
    var.event_types,
    var.campaign_arns,
  ]
}

run "further_values_that_would_fail_at_apply_are_refused_at_plan" {
  command = plan

  variables {
    project            = "ssmshop"
    alarm_emails       = ["on-call"]
    monthly_budget_usd = 0
    operators          = ["arn:aws:iam::123456789012:role/*"]
    analysts           = ["analyst"]
    event_types        = { own = ["view"] } # differs from View by its case only
    history_days       = 1.5
    retention_days     = { events = 364 } # fewer than trainings read
    api_throttling     = { requests_per_second = 0, burst = 200 }
    forwarding         = { put_events_per_second = 0 }
  }

  expect_failures = [
    var.project,
    var.alarm_emails,
    var.monthly_budget_usd,
    var.operators,
    var.analysts,
    var.event_types,
    var.history_days,
    var.retention_days,
    var.api_throttling,
    var.forwarding,
  ]
}

run "endless_retention_endless_retries_and_an_emulated_production_are_refused" {
  command = plan

  variables {
    retention_days = { users = null, events = 0 }
    history_days   = 0
    forwarding     = { record_age_seconds = 90000 } # the stream keeps records for a day
    emulated       = true
    event_types    = { own = ["add to list"] } # not one word
  }

  # Terraform does not evaluate the checks of reserved_concurrency, which read var.forwarding.
  expect_failures = [var.retention_days, var.history_days, var.forwarding, var.emulated, var.event_types]
}

run "fewer_forwards_than_the_stream_invokes_are_refused" {
  command = plan

  variables {
    stream_shards = 11
    forwarding    = { parallelization_factor = 2 }
  }

  expect_failures = [var.reserved_concurrency]
}

run "reserved_concurrency_that_the_account_does_not_have_is_refused" {
  command = plan

  variables {
    account_concurrency = 319
  }

  expect_failures = [var.reserved_concurrency]
}

run "reserved_concurrency_needs_the_accounts_quota" {
  command = plan

  variables {
    account_concurrency = null
  }

  expect_failures = [var.reserved_concurrency]
}

run "interactions_are_of_declared_types" {
  command = plan

  variables {
    event_types = { interactions = ["View", "Wish"] }
  }

  expect_failures = [var.event_types]
}
