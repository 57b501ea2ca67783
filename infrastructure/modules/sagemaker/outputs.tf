output "trainer" {
  description = "What the training workflow needs to train a custom model."
  value = {
    name               = local.name
    image_uri          = var.image_uri
    role_arn           = local.role_arn
    instance_type      = var.training.instance_type
    volume_gigabytes   = var.training.volume_gigabytes
    maximum_seconds    = var.training.maximum_seconds
    hyperparameters    = var.training.hyperparameters
    metric_definitions = jsondecode(file("${path.module}/../../../model/sagemaker/metric_definitions.json"))
  }

  precondition {
    # SageMaker's limit: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html
    condition     = length(jsondecode(file("${path.module}/../../../model/sagemaker/metric_definitions.json"))) <= 40
    error_message = "model/sagemaker/metric_definitions.json has more than the 40 metrics that a training job may have."
  }
}

output "endpoint_name" {
  description = "Endpoint that serves the custom model; null where none is asked for."
  value       = one(aws_sagemaker_endpoint.this[*].name)
}
