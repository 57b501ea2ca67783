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

variable "api_url" {
  description = "Base URL of the API, without a trailing slash."
  type        = string
}

variable "api_key_parameter" {
  description = "Name of the SSM parameter with the canary's key, which python -m deployment.keys stores."
  type        = string
}

variable "asks_recommendations" {
  description = "Whether it asks for popular items: not where no campaign for them is deployed."
  type        = bool
}

variable "archives_directory" {
  description = "Directory with canary.zip, from make package."
  type        = string
}

variable "archive_bucket" {
  description = "Bucket of the archives."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string
}

variable "architecture" {
  description = "Instruction set of the function: arm64 or x86_64."
  type        = string
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the functions' own metrics."
  type        = string
}

variable "alarm_topic_arn" {
  description = "ARN of the SNS topic that the alarms are sent to."
  type        = string
}

variable "runbooks_url" {
  description = "Address of the folder with the runbooks, without a slash at the end."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the log is kept."
  type        = number
}

variable "log_level" {
  description = "Level of the function's log."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the roles; null for none."
  type        = string
  default     = null
}
