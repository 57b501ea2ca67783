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

variable "bucket_arns" {
  description = "ARNs of the buckets by purpose: lake, uploads and bad-rows are used."
  type        = map(string)
}

variable "table_arns" {
  description = "ARNs of the tables by purpose: history, entities and answers are used."
  type        = map(string)
}

variable "stream_arn" {
  description = "ARN of the event stream."
  type        = string
}

variable "state_machine_arn" {
  description = "ARN of the training state machine."
  type        = string
}

variable "tracking_id_parameter" {
  description = "SSM parameter with the event tracker's id, beginning with a slash."
  type        = string
}

variable "campaign_arns" {
  description = "ARNs of the campaigns that recommendations are asked of, by solution."
  type        = map(string)
}

variable "key_arn" {
  description = "KMS key that encrypts buckets, tables and stream."
  type        = string
}
