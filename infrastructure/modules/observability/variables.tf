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


variable "functions" {
  description = "Names of the functions by purpose."
  type        = map(string)
}

variable "counting_functions" {
  description = "Purposes of the functions that account for every event they take."
  type        = set(string)
}

variable "metrics_namespace" {
  description = "Namespace of the functions' own metrics."
  type        = string
}

variable "stream_name" {
  description = "Name of the event stream."
  type        = string
}

variable "delivery_stream_name" {
  description = "Name of the Firehose stream."
  type        = string
}

variable "state_machine_arn" {
  description = "ARN of the training state machine."
  type        = string
}

variable "api" {
  description = "Name and stage of the API."
  type = object({
    name  = string
    stage = string
  })
}

variable "thresholds" {
  description = "From where on an alarm is raised: seconds that the lake may lag behind, refused events and failed requests in five minutes, and milliseconds in which 99 of 100 requests are answered."
  type = object({
    lake_lag_seconds     = number
    bad_events           = number
    failed_requests      = number
    latency_milliseconds = number
  })
}

variable "alarm_emails" {
  description = "Addresses that alarms are sent to; each must confirm."
  type        = set(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "US dollars a month that the project may cost before it is told; null for no budget."
  type        = number
  default     = null
}

variable "project" {
  description = "Value of the tag Project, by which the budget finds the cost."
  type        = string
}
