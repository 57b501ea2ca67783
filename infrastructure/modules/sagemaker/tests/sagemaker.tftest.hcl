# The real provider without a network: the documents are rendered as AWS would get them.

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

run "what_the_workflow_gets_trains_a_recipe_and_finds_its_metrics" {
  command = plan

  assert {
    condition     = output.trainer.hyperparameters.recipe == "aws-user-personalization-v2" && output.trainer.role_arn == "arn:aws:iam::123456789012:role/rivulet-test-sagemaker"
    error_message = "Another recipe is trained, or by another role."
  }

  assert {
    condition     = contains(output.trainer.metric_definitions[*].Name, "normalized_discounted_cumulative_gain_at_25")
    error_message = "The judge would have nothing to compare by."
  }

  assert {
    condition     = aws_iam_role.this.name == "rivulet-test-sagemaker"
    error_message = "The role that is passed is not the one that is made."
  }
}

run "the_role_reaches_the_data_sets_its_own_models_and_one_image" {
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
    error_message = "The role may reach something else."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource
      if contains(flatten([statement.Action]), "s3:PutObject")
    ]) == ["arn:aws:s3:::artifacts/models/rivulet-test-custom/*", "arn:aws:s3:::artifacts/checkpoints/rivulet-test-custom-*"]
    error_message = "The role may write elsewhere."
  }

  assert {
    condition = toset([
      for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
    ]) == toset(["SignInToEcr", "WriteItsMetrics"])
    error_message = "Another statement holds for all resources."
  }

  assert {
    condition     = one(jsondecode(data.aws_iam_policy_document.trust.json).Statement).Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "SageMaker on behalf of another account may take the role."
  }
}

run "the_assertions_above_find_a_bucket_that_is_anything" {
  command = plan

  variables {
    buckets = { datasets = "*", artifacts = "artifacts" }
  }

  assert {
    condition     = [for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Resource if statement.Sid == "ReadTheDataSets"] != ["arn:aws:s3:::datasets/*"]
    error_message = "An open bucket goes unnoticed."
  }
}

run "without_a_model_there_is_no_endpoint" {
  command = plan

  assert {
    condition     = length(aws_sagemaker_model.this) + length(aws_sagemaker_endpoint_configuration.this) + length(aws_sagemaker_endpoint.this) + length(aws_cloudwatch_log_group.endpoint) == 0
    error_message = "An endpoint costs money by the hour, and nobody asked for one."
  }
}

run "a_model_is_served_without_a_network_and_encrypted" {
  command = plan

  variables {
    serving = { model_data_url = "s3://artifacts/models/rivulet-test-custom/run/output/model.tar.gz", instances = 2 }
  }

  assert {
    condition     = one(aws_sagemaker_model.this).enable_network_isolation && one(one(aws_sagemaker_model.this).primary_container).model_data_url == "s3://artifacts/models/rivulet-test-custom/run/output/model.tar.gz"
    error_message = "Another model is served, or it may reach the network."
  }

  assert {
    condition     = one(aws_sagemaker_endpoint_configuration.this).kms_key_arn == var.key_arn && one(one(aws_sagemaker_endpoint_configuration.this).production_variants).initial_instance_count == 2
    error_message = "The endpoint is not encrypted, or has other instances."
  }

  assert {
    condition     = output.endpoint_name == "rivulet-test-custom" && one(aws_sagemaker_model.this).name != "rivulet-test-custom"
    error_message = "The endpoint has another name, or a model could not be replaced without a gap."
  }
}

run "what_would_fail_late_is_refused_early" {
  command = plan

  variables {
    image_uri = "rivulet:latest"
    training  = { instance_type = "m5.xlarge" }
    serving   = { model_data_url = "s3://elsewhere/model.tar.gz" }
  }

  expect_failures = [var.image_uri, var.training, var.serving]
}
