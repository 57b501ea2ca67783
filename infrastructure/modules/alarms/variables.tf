variable "prefix" {
  description = "Prefix of the alarms' names."
  type        = string
}

variable "topic_arn" {
  description = "ARN of the SNS topic that the alarms are sent to."
  type        = string
}

variable "runbooks_url" {
  description = "Address of the folder with the runbooks, without a slash at the end."
  type        = string
}

variable "alarms" {
  description = <<-EOT
    Alarms by name. kind decides how missing data are treated: a count of failures is 0 without data; a sign of life alarms
    without data; a gauge measures nothing without data, so it names the sign of life beside it. An alarm has one metric, or an expression over metrics.
  EOT

  type = map(object({
    kind        = string
    beside      = optional(string)
    description = string
    runbook     = string
    namespace   = optional(string)
    metric      = optional(string)
    dimensions  = optional(map(string))
    statistic   = optional(string, "Sum")
    threshold   = optional(number, 0)
    period      = optional(number, 300)
    periods     = optional(number, 1)
    datapoints  = optional(number)
    expression  = optional(string)
    metrics = optional(map(object({
      namespace  = string
      metric     = string
      dimensions = map(string)
      statistic  = optional(string, "Sum")
    })), {})
  }))

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : contains(["count", "sign_of_life", "gauge"], alarm.kind)])
    error_message = "The kind of an alarm is count, sign_of_life or gauge; not so: ${join(", ", [for name, alarm in var.alarms : name if !contains(["count", "sign_of_life", "gauge"], alarm.kind)])}."
  }

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : (alarm.kind == "gauge") == (alarm.beside != null)])
    error_message = "A gauge, and nothing else, names the sign of life beside it; not so: ${join(", ", [for name, alarm in var.alarms : name if(alarm.kind == "gauge") != (alarm.beside != null)])}."
  }

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
  validation {
    condition     = alltrue([for alarm in values(var.alarms) : alarm.period * alarm.periods <= (alarm.period < 3600 ? 86400 : 604800)])
    error_message = "CloudWatch looks back a day at most, or seven days with periods of an hour or more; too long: ${join(", ", [for name, alarm in var.alarms : name if alarm.period * alarm.periods > (alarm.period < 3600 ? 86400 : 604800)])}."
  }
}
