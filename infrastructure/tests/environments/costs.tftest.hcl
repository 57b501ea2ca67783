# A plan of an environment with its own settings, given by -var-file: tests/contract/watch/test_costs.py counts its resources.

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
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-costs-train"
  }
}

override_resource {
  target          = module.curation.aws_sfn_state_machine.this
  override_during = plan
  values = {
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-costs-curate"
  }
}

override_resource {
  target          = module.visitors.aws_sfn_state_machine.this
  override_during = plan
  values = {
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-costs-visitors"
  }
}

override_data {
  target = data.aws_ssm_parameters_by_path.published
  values = {
    names = []
  }
}

variables {
  account_id                = "123456789012"
  permissions_boundary_arn  = "arn:aws:iam::123456789012:policy/rivulet-boundary"
  alarm_emails              = ["on-call@example.com"]
  account_concurrency       = 1000
  lambda_archives_directory = "tests/archives/lambda"
  glue_archives_directory   = "tests/archives/glue"
}

run "the_environment_is_planned" {
  command = plan
}
