# Every alarm of production, rendered: tests/contract/watch reads the plan of this file's run.

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
  training_schedule         = "cron(0 2 * * ? *)"
  curation_schedules        = { nightly = { expression = "cron(20 0 * * ? *)", hours = 50 } }
  canary                    = true
  lambda_archives_directory = "tests/archives/lambda"
  glue_archives_directory   = "tests/archives/glue"
}

run "every_function_and_the_pipeline_have_alarms" {
  command = plan

  assert {
    condition = alltrue([
      for purpose in keys(local.functions) : contains(module.function[purpose].alarm_names, "rivulet-production-${purpose}-errors")
    ]) && contains(module.observability.alarm_names, "rivulet-production-no-events") && contains(module.canary[0].alarm_names, "rivulet-production-canary")
    error_message = "A function or the stream has no alarm."
  }
}
