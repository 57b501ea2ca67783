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

variable "tags" {
  description = "Tags of the resources that the state machine creates; ManagedBy is replaced by the state machine's name."
  type        = map(string)
}

variable "key_arn" {
  description = "ARN of the environment's KMS key."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the roles; null for none."
  type        = string
  default     = null
}

variable "solutions_file" {
  description = "Path of the JSON file that declares the solutions to train and deploy."
  type        = string
}

variable "campaigns" {
  description = "Solutions that a campaign serves, and its provisioned requests per second; null for those of the file."
  type = map(object({
    min_provisioned_tps = optional(number)
  }))

  validation {
    condition     = length(setsubtract(keys(var.campaigns), keys(jsondecode(file(var.solutions_file)).solutions))) == 0
    error_message = "campaigns names solutions that ${var.solutions_file} does not declare: ${join(", ", setsubtract(keys(var.campaigns), keys(jsondecode(file(var.solutions_file)).solutions)))}."
  }

  # https://docs.aws.amazon.com/personalize/latest/dg/API_CreateCampaign.html
  validation {
    condition     = alltrue([for campaign in values(var.campaigns) : campaign.min_provisioned_tps == null ? true : campaign.min_provisioned_tps >= 1 && floor(campaign.min_provisioned_tps) == campaign.min_provisioned_tps])
    error_message = "min_provisioned_tps must be a whole number from 1."
  }
}

variable "schemas_directory" {
  description = "Folder with the Avro schema <data set>.avsc of each declared data set."
  type        = string
}

variable "buckets" {
  description = "Names of the buckets: lake with the events, datasets for the data sets, and records for the profiles of the champions' training data and the custom models."
  type = object({
    lake     = string
    datasets = string
    records  = string
  })
}

variable "answers_table" {
  description = "Name of the DynamoDB table of stored answers, in which items deployed#<campaign ARN> name the serving versions."
  type        = string
}

variable "locks_table" {
  description = "Name of the DynamoDB table whose item train names the execution that trains; its hash key is name."
  type        = string
}

variable "glue_job_name" {
  description = "Glue job that builds the data sets."
  type        = string
}

variable "recommend_function_arn" {
  description = "ARN of the Lambda function that is invoked for popular items after the deployment."
  type        = string
}

variable "judge_function_arn" {
  description = "ARN of the Lambda function that decides whether a new version replaces the deployed one."
  type        = string
}

variable "sagemaker" {
  description = "Settings for executions with the trainer sagemaker, from the module sagemaker; null disables that trainer."
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
  description = "Name of the SSM parameter that receives the event tracker's id, beginning with a slash."
  type        = string

  validation {
    condition     = startswith(var.tracking_id_parameter, "/")
    error_message = "tracking_id_parameter is \"${var.tracking_id_parameter}\"; it must begin with a slash."
  }
}

variable "filters_parameter" {
  description = "Name of the SSM parameter that receives the filters that exist, beginning with a slash."
  type        = string
}

variable "poll_seconds" {
  description = "First polling interval in seconds while a resource is created; it grows with the execution's age."
  type        = number

  validation {
    condition     = var.poll_seconds >= 1
    error_message = "poll_seconds is ${var.poll_seconds}; it must be at least 1."
  }
}

variable "training_days" {
  description = "Days before a training whose events it uses, by their arrival; null for all events of the lake."
  type        = number

  validation {
    condition     = var.training_days == null ? true : var.training_days >= 1 && floor(var.training_days) == var.training_days
    error_message = "training_days is ${var.training_days == null ? "null" : var.training_days}; it must be a whole number from 1, or null."
  }
}

variable "schedule" {
  description = "Schedule of trainings, as rate(…) or cron(…) of EventBridge Scheduler in UTC; null for none."
  type        = string
  default     = null
}

variable "alarm_topic_arn" {
  description = "ARN of the SNS topic that is notified when the schedule cannot start a training."
  type        = string
}

variable "runbooks_url" {
  description = "Address of the folder with the alarms' runbooks."
  type        = string
}

variable "log_retention_days" {
  description = "Retention of the executions' log in days."
  type        = number
}
