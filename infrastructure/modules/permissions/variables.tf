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

variable "bucket_arns" {
  description = "ARNs of the buckets by purpose, of which lake, uploads, datasets and bad-rows are used."
  type        = map(string)
}

variable "table_arns" {
  description = "ARNs of the tables by purpose, of which history, entities and answers are used."
  type        = map(string)
}

variable "stream_arn" {
  description = "ARN of the event stream."
  type        = string
}

variable "served_lists_stream_arn" {
  description = "ARN of the Firehose stream of served lists."
  type        = string
}

variable "state_machine_arn" {
  description = "ARN of the training state machine."
  type        = string
}

variable "visitors_arn" {
  description = "ARN of the state machine of visitors."
  type        = string
}

variable "tracking_id_parameter" {
  description = "Name of the SSM parameter with the event tracker's id, beginning with a slash."
  type        = string
}

variable "filters_parameter" {
  description = "Name of the SSM parameter that holds the filters that exist."
  type        = string
}

variable "keys_path" {
  description = "Path of the SSM parameters with the digests of the API's keys."
  type        = string
}

variable "campaign_arns" {
  description = "ARNs of the campaigns that serve recommendations, by solution."
  type        = map(string)
}

variable "custom_endpoint_arn" {
  description = "ARN of the SageMaker endpoint that serves the custom model; null without one."
  type        = string
  default     = null
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts buckets, tables and stream."
  type        = string
}
