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

variable "functions" {
  description = "Names of the Lambda functions by purpose."
  type        = map(string)
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the functions' own metrics."
  type        = string
}

variable "stream_name" {
  description = "Name of the event stream."
  type        = string
}

variable "delivery_stream_name" {
  description = "Name of the Firehose stream of events."
  type        = string
}

variable "served_lists_stream" {
  description = "Name of the Firehose stream of served lists."
  type        = string
}

variable "workgroup_name" {
  description = "Name of the Athena work group."
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

variable "tables" {
  description = "Names of the DynamoDB tables by purpose."
  type        = map(string)
}

variable "campaign_arns" {
  description = "ARNs of the campaigns of Personalize by solution; empty without campaigns."
  type        = map(string)
}

variable "runbooks_url" {
  description = "Address of the folder with the alarms' runbooks."
  type        = string
}

variable "signs_of_life" {
  description = "Minutes without an event, a file in the lake or a request, and days without a training (null for no schedule), that raise an alarm; null for an environment without constant traffic."
  type = object({
    events_minutes   = number
    files_minutes    = number
    requests_minutes = number
    training_days    = number
  })
}

variable "thresholds" {
  description = "Thresholds of alarms: lag of the lake in seconds, refused events and failed requests in five minutes, the 99th percentile of the latency in milliseconds, percentages of failed calls and of stand-ins for the recommender, seconds to the event tracker, age of a model in days, percentage by which a new version may be less accurate, percentage of answers whose served list is lost, gigabytes that queries scan in an hour."
  type = object({
    lake_lag_seconds      = number
    bad_events            = number
    failed_requests       = number
    latency_milliseconds  = number
    failed_calls_percent  = number
    stand_in_percent      = number
    update_seconds        = number
    model_age_days        = number
    accuracy_drop_percent = number
    lost_lists_percent    = number
    scanned_gigabytes     = number
  })
}

variable "alarm_emails" {
  description = "E-mail addresses that alarms are sent to; each must confirm the subscription."
  type        = set(string)
  default     = []
}

variable "canary_requests" {
  description = "Requests that the canary makes in five minutes at most, which are no sign of callers."
  type        = number
  default     = 0
}

variable "monthly_budget_usd" {
  description = "Monthly budget in US dollars, with notifications before it is exceeded; null for none."
  type        = number
  default     = null
}

