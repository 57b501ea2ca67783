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
  description = "Project and environment, joined by a hyphen; the prefix of the names of schedules and of the alarm."
  type        = string
}

variable "name" {
  description = "Name of the state machine; role and queue are named after it."
  type        = string
}

variable "state_machine_arn" {
  description = "ARN of the state machine that is started."
  type        = string
}

variable "schedules" {
  description = "Schedules by name without the prefix: an expression of EventBridge Scheduler in UTC, and the input of the execution."
  type = map(object({
    expression  = string
    description = string
    input       = map(string)
  }))

  validation {
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    condition     = alltrue([for schedule in values(var.schedules) : can(regex("^(rate\\([1-9][0-9]* (minute|hour|day)s?\\)|cron\\([^ ()]+ [^ ()]+ (\\? [^ ()]+ [^ ()?]+|[^ ()?]+ [^ ()]+ \\?) [^ ()]+\\))$", schedule.expression))])
    error_message = "A schedule is \"${join("\", \"", values(var.schedules)[*].expression)}\"; it must be rate(…) as rate(1 day), or cron(…) with six fields of which the day of the month or of the week is ?, as cron(0 2 * * ? *)."
  }
}

variable "alarm" {
  description = "Alarm on executions that could not be started: its name, its runbook, the SNS topic and the folder of the runbooks."
  type = object({
    name         = string
    runbook      = string
    topic_arn    = string
    runbooks_url = string
  })
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
