# The real provider without a network: the documents are rendered as they are sent to AWS.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  partition          = "aws"
  region             = "eu-central-1"
  account_id         = "123456789012"
  prefix             = "rivulet-test"
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/none"
  buckets            = { datasets = "datasets", artifacts = "artifacts" }
  image_uri          = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/rivulet/custom:1.0"
  log_retention_days = 30
}

run "the_workflows_settings_train_a_recipe_and_report_its_metrics" {
  command = plan

  assert {
    condition     = output.trainer.hyperparameters.recipe == "aws-user-personalization-v2" && output.trainer.role_arn == "arn:aws:iam::123456789012:role/rivulet-test-sagemaker"
    error_message = "The recipe or the role of the training is wrong."
  }

  assert {
    condition     = contains(output.trainer.metric_definitions[*].Name, "normalized_discounted_cumulative_gain_at_25")
    error_message = "The training reports no metric for the judge."
  }

  assert {
    condition     = aws_iam_role.this.name == "rivulet-test-sagemaker"
    error_message = "The passed role is not the created one."
  }
}

run "the_role_accesses_the_data_sets_its_own_models_and_one_image" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Sid => statement.Resource
      if contains(["ReadTheDataSets", "PullTheImage", "EncryptTheDisk"], statement.Sid)
      } == {
      ReadTheDataSets = "arn:aws:s3:::datasets/*"
      PullTheImage    = "arn:aws:ecr:eu-central-1:123456789012:repository/rivulet/custom"
      EncryptTheDisk  = "arn:aws:kms:eu-central-1:123456789012:key/none"
    }
    error_message = "The role may access other resources."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource
      if contains(flatten([statement.Action]), "s3:PutObject")
    ]) == ["arn:aws:s3:::artifacts/models/rivulet-test-custom/*", "arn:aws:s3:::artifacts/checkpoints/rivulet-test-custom-*"]
    error_message = "The role may write to other prefixes."
  }

  assert {
    condition = toset([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
    ]) == toset(["SignInToEcr", "WriteItsMetrics"])
    error_message = "An unexpected statement applies to all resources."
  }

  assert {
    condition     = one(jsondecode(data.aws_iam_policy_document.trust.json).Statement).Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "SageMaker may assume the role on behalf of another account."
  }
}

run "the_assertions_above_detect_a_wildcard_bucket" {
  command = plan

  variables {
    buckets = { datasets = "*", artifacts = "artifacts" }
  }

  assert {
    condition     = [for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource if statement.Sid == "ReadTheDataSets"] != ["arn:aws:s3:::datasets/*"]
    error_message = "A wildcard bucket is not detected."
  }
}

run "without_a_model_there_is_no_endpoint" {
  command = plan

  assert {
    condition     = length(aws_sagemaker_model.this) + length(aws_sagemaker_endpoint_configuration.this) + length(aws_sagemaker_endpoint.this) + length(aws_cloudwatch_log_group.endpoint) == 0
    error_message = "An endpoint exists by default."
  }
}

run "a_model_is_served_encrypted_and_without_a_network" {
  command = plan

  variables {
    serving = { model_data_url = "s3://artifacts/models/rivulet-test-custom/run/output/model.tar.gz", instances = 2 }
  }

  assert {
    condition     = one(aws_sagemaker_model.this).enable_network_isolation && one(one(aws_sagemaker_model.this).primary_container).model_data_url == "s3://artifacts/models/rivulet-test-custom/run/output/model.tar.gz"
    error_message = "The wrong model is served, or it has network access."
  }

  assert {
    condition     = one(aws_sagemaker_endpoint_configuration.this).kms_key_arn == var.key_arn && one(one(aws_sagemaker_endpoint_configuration.this).production_variants).initial_instance_count == 2
    error_message = "The endpoint is not encrypted, or its instances are wrong."
  }

  assert {
    condition     = output.endpoint_name == "rivulet-test-custom" && one(aws_sagemaker_model.this).name != "rivulet-test-custom"
    error_message = "The endpoint's name is wrong, or a model cannot be replaced without downtime."
  }
}

run "values_that_would_fail_at_apply_are_refused_at_plan" {
  command = plan

  variables {
    image_uri = "rivulet:latest"
    training  = { instance_type = "m5.xlarge" }
    serving   = { model_data_url = "s3://elsewhere/model.tar.gz" }
  }

  expect_failures = [var.image_uri, var.training, var.serving]
}
