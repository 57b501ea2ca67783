resource "aws_cloudwatch_log_group" "endpoint" {
  count = length(var.serving[*])

  name              = "/aws/sagemaker/Endpoints/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_sagemaker_model" "this" {
  count = length(var.serving[*])

  name                     = local.model_name
  execution_role_arn       = local.role_arn
  enable_network_isolation = true

  primary_container {
    image          = var.image_uri
    model_data_url = var.serving.model_data_url
  }

  lifecycle {
    create_before_destroy = true
  }

  # SageMaker rejects a model that the role may not read yet.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  count = length(var.serving[*])

  name        = local.model_name
  kms_key_arn = var.key_arn

  production_variants {
    variant_name           = "champion"
    model_name             = aws_sagemaker_model.this[count.index].name
    instance_type          = var.serving.instance_type
    initial_instance_count = var.serving.instances
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "this" {
  count = length(var.serving[*])

  name                 = local.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this[count.index].name

  depends_on = [aws_cloudwatch_log_group.endpoint]
}
