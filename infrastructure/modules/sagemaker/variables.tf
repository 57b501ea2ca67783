variable "partition" {
  description = "AWS partition of the ARNs."
  type        = string
}

variable "region" {
  description = "AWS region of the environment."
  type        = string
}

variable "account_id" {
  description = "AWS account of the environment, twelve digits."
  type        = string
}

variable "prefix" {
  description = "Project and environment, joined by a hyphen; the prefix of every name."
  type        = string
}

variable "key_arn" {
  description = "ARN of the environment's KMS key."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the role; null for none."
  type        = string
  default     = null
}

variable "buckets" {
  description = "Names of the buckets: datasets with the training data, and artifacts for models and checkpoints."
  type = object({
    datasets  = string
    artifacts = string
  })
}

variable "image_uri" {
  description = "Image that trains and serves, in an ECR repository of this region."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9._/-]+[:@].+$", var.image_uri))
    error_message = "image_uri is \"${var.image_uri}\"; it must be <account>.dkr.ecr.<region>.amazonaws.com/<repository> with :<tag> or @<digest>."
  }
}

variable "training" {
  description = "Settings of training jobs: instance type, disk size, timeout and hyper-parameters, of which recipe selects the algorithm."
  type = object({
    instance_type    = optional(string, "ml.m5.xlarge")
    volume_gigabytes = optional(number, 30)
    maximum_seconds  = optional(number, 14400)
    hyperparameters  = optional(map(string), { recipe = "aws-user-personalization-v2" })
  })
  default = {}

  validation {
    condition     = startswith(var.training.instance_type, "ml.")
    error_message = "training.instance_type is \"${var.training.instance_type}\"; it must be a SageMaker instance type such as ml.m5.xlarge."
  }
}

variable "serving" {
  description = "URL of the model that an endpoint serves, as given in the training workflow's output, with the endpoint's instance type and number of instances; null for no endpoint."
  type = object({
    model_data_url = string
    instance_type  = optional(string, "ml.m5.large")
    instances      = optional(number, 1)
  })
  default = null

  validation {
    condition     = var.serving == null ? true : startswith(var.serving.model_data_url, "s3://${var.buckets.artifacts}/models/")
    error_message = "serving.model_data_url is \"${var.serving == null ? "null" : var.serving.model_data_url}\"; it must be under s3://${var.buckets.artifacts}/models/, where the role may read."
  }
}

variable "log_retention_days" {
  description = "Retention of the endpoint's log in days."
  type        = number
}
