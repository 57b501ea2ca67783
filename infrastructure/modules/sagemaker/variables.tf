variable "partition" {
  description = "Partition of the ARNs."
  type        = string
}

variable "region" {
  description = "Region of the environment."
  type        = string
}

variable "account_id" {
  description = "Account of the environment, twelve digits."
  type        = string
}

variable "prefix" {
  description = "Project and environment, joined by a hyphen: the beginning of every name."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the environment."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds what the role may ever do; null for none."
  type        = string
  default     = null
}

variable "buckets" {
  description = "Names of the buckets: datasets, which is trained on, and artifacts, where models and checkpoints are left."
  type = object({
    datasets  = string
    artifacts = string
  })
}

variable "image_uri" {
  description = "Image that trains and serves, in a repository of ECR in this region."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9._/-]+[:@].+$", var.image_uri))
    error_message = "image_uri is \"${var.image_uri}\": <account>.dkr.ecr.<region>.amazonaws.com/<repository>, and :<tag> or @<digest>."
  }
}

variable "training" {
  description = "How a training job runs: its instance, its disk, after how many seconds it is ended, and the hyper-parameters, of which recipe names what is trained."
  type = object({
    instance_type    = optional(string, "ml.m5.xlarge")
    volume_gigabytes = optional(number, 30)
    maximum_seconds  = optional(number, 14400)
    hyperparameters  = optional(map(string), { recipe = "aws-user-personalization-v2" })
  })
  default = {}

  validation {
    condition     = startswith(var.training.instance_type, "ml.")
    error_message = "training.instance_type is \"${var.training.instance_type}\": an instance of SageMaker, such as ml.m5.xlarge."
  }
}

variable "serving" {
  description = "The model that an endpoint serves, as the training workflow names it, on which instances and how many; null for no endpoint."
  type = object({
    model_data_url = string
    instance_type  = optional(string, "ml.m5.large")
    instances      = optional(number, 1)
  })
  default = null

  validation {
    condition     = var.serving == null ? true : startswith(var.serving.model_data_url, "s3://${var.buckets.artifacts}/models/")
    error_message = "serving.model_data_url is \"${var.serving == null ? "null" : var.serving.model_data_url}\": the role reads models under s3://${var.buckets.artifacts}/models/ only."
  }
}

variable "log_retention_days" {
  description = "Days that the endpoint's log is kept."
  type        = number
}
