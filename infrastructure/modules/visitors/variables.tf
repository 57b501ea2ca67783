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

variable "campaign_arn" {
  description = "ARN of the campaign that is asked."
  type        = string
}

variable "tracking_id_parameter" {
  description = "Name of the SSM parameter with the event tracker's id, beginning with a slash."
  type        = string
}

variable "event_type" {
  description = "Type of the events by which a visitor's choice is written; one that the event tracker gets."
  type        = string
}

variable "alarm_topic_arn" {
  description = "ARN of the SNS topic that is notified of failed executions."
  type        = string
}

variable "runbooks_url" {
  description = "Address of the folder with the runbooks, without a slash at the end."
  type        = string
}

variable "log_retention_days" {
  description = "Retention of the log in days."
  type        = number
}
