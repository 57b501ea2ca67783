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
  description = "Policy that bounds what the roles may ever do; null for none."
  type        = string
  default     = null
}

variable "solutions_file" {
  description = "Path of the JSON file that declares what is trained and deployed."
  type        = string
}

variable "schemas_directory" {
  description = "Folder with the Avro schema <data set>.avsc of each data set that the declaration names."
  type        = string
}

variable "buckets" {
  description = "Names of the buckets: lake, which the data sets are built from, datasets, where they lie, and records, where it is noted what each champion was trained on and custom models are left."
  type = object({
    lake     = string
    datasets = string
    records  = string
  })
}

variable "glue_job_name" {
  description = "Glue job that builds the data sets."
  type        = string
}

variable "recommend_function_arn" {
  description = "Lambda that is asked for popular items once all is deployed."
  type        = string
}

variable "judge_function_arn" {
  description = "Lambda that says whether a new version may take the place of the one that serves."
  type        = string
}

variable "sagemaker" {
  description = "How a custom model is trained where an execution asks for the trainer sagemaker, as the module sagemaker gives it; null for not at all."
  type = object({
    name               = string
    image_uri          = string
    role_arn           = string
    instance_type      = string
    volume_gigabytes   = number
    maximum_seconds    = number
    hyperparameters    = map(string)
    metric_definitions = list(object({ Name = string, Regex = string }))
  })
  default = null
}

variable "tracking_id_parameter" {
  description = "SSM parameter that receives the event tracker's id, beginning with a slash."
  type        = string

  validation {
    condition     = startswith(var.tracking_id_parameter, "/")
    error_message = "tracking_id_parameter is \"${var.tracking_id_parameter}\": it must begin with a slash."
  }
}

variable "poll_seconds" {
  description = "Seconds between two looks at a resource that is being made."
  type        = number

  validation {
    condition     = var.poll_seconds >= 1
    error_message = "poll_seconds is ${var.poll_seconds}: 1 at least."
  }
}

variable "schedule" {
  description = "When to train, as rate(…) or cron(…) of EventBridge Scheduler in UTC; null for never."
  type        = string
  default     = null

  validation {
    condition     = var.schedule == null ? true : can(regex("^(rate|cron)\\(.+\\)$", var.schedule))
    error_message = "schedule is \"${var.schedule == null ? "null" : var.schedule}\": rate(…) or cron(…)."
  }
}

variable "log_retention_days" {
  description = "Days that the log of the executions is kept."
  type        = number
}
