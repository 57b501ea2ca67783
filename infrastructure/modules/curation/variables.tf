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
  description = "ARN of the permissions boundary of the roles; null for none."
  type        = string
  default     = null
}

variable "glue_job_name" {
  description = "Name of the Glue job that curates the lake."
  type        = string
}

variable "timeout_minutes" {
  description = "Timeout of an execution in minutes."
  type        = number
}

variable "schedules" {
  description = "Schedules by name: an expression of EventBridge Scheduler in UTC, and the hours before the start whose arrivals are curated."
  type = map(object({
    expression = string
    hours      = number
  }))
  default = {}

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : schedule.hours >= 1])
    error_message = "hours is ${join(", ", values(var.schedules)[*].hours)}; it must be 1 or more."
  }

  # Firehose retries a delivery for 24 hours, and each arrival must be read once after its file is there.
  validation {
    condition     = length(var.schedules) == 0 || anytrue([for schedule in values(var.schedules) : schedule.hours >= 50])
    error_message = "No schedule reads at least 50 hours, so files that Firehose delivers a day late would never be curated; add one, as nightly = { expression = \"cron(30 1 * * ? *)\", hours = 50 }."
  }
}

variable "alarm_topic_arn" {
  description = "ARN of the SNS topic that is notified of failed and missing curations."
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
