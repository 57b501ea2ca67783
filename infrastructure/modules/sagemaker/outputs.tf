output "trainer" {
  description = "Settings with which the training workflow trains a custom model."
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
    error_message = "model/sagemaker/metric_definitions.json has more than 40 metrics, the maximum of a training job."
  }
}

output "endpoint_name" {
  description = "Name of the endpoint that serves the custom model; null without one."
  value       = one(aws_sagemaker_endpoint.this[*].name)
}
