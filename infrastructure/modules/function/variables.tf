variable "name" {
  description = "Name of the function."
  type        = string

  validation {
    # The names of the queues add a suffix, and have at most 80 characters; a role's name has at most 64.
    condition     = length(var.name) <= 57
    error_message = "name is \"${var.name}\"; it must have at most 57 characters, since the role's name adds a suffix and is limited to 64."
  }
}

variable "description" {
  description = "Description of the function in one sentence."
  type        = string
}

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

variable "archive" {
  description = "Path of the zip file that `make package` builds."
  type        = string
}

variable "archive_bucket" {
  description = "Bucket for the archive, so that functions are created in parallel and versions are kept."
  type        = string
}

variable "handler" {
  description = "Entry point, as module.function."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13"], var.runtime)
    error_message = "runtime is \"${var.runtime}\"; the code supports python3.11, python3.12 and python3.13."
  }
}

variable "architecture" {
  description = "Instruction set, for which the archive must be built; arm64 costs a fifth less than x86_64."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is \"${var.architecture}\"; it must be arm64 or x86_64."
  }
}

variable "memory_mb" {
  description = "Memory in MiB; CPU is proportional, with one full CPU at 1769."
  type        = number

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb is ${var.memory_mb} for ${var.name}; it must be 128 to 10240."
  }
}

variable "timeout_seconds" {
  description = "Timeout of an invocation in seconds."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds is ${var.timeout_seconds} for ${var.name}; it must be 1 to 900."
  }
}

variable "reserved_concurrency" {
  description = "Reserved concurrency, which is also the function's maximum; null shares the account's."
  type        = number
  default     = null
}

variable "environment" {
  description = "Environment variables. They must not contain secrets, since they are visible in the function's configuration."
  type        = map(string)
}

variable "policy_json" {
  description = "Policy document with permissions beyond the function's own log and traces; null for none."
  type        = string
  default     = null
}

variable "key_arn" {
  description = "ARN of the KMS key of the environment variables, the log and the queue."
  type        = string
}

variable "log_retention_days" {
  description = "Retention of the log in days."
  type        = number

  validation {
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is ${var.log_retention_days}; CloudWatch supports 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 days and some longer terms."
  }
}

variable "expected_errors" {
  description = "Metric of the errors that callers can cause at will, which the alarm on errors leaves out."
  type = object({
    namespace  = string
    metric     = string
    dimensions = map(string)
  })
  default = null
}

variable "alarm_topic_arn" {
  description = "ARN of the SNS topic that the alarms are sent to."
  type        = string
}

variable "runbooks_url" {
  description = "Address of the folder with the alarms' runbooks."
  type        = string
}

variable "stream" {
  description = "Kinesis stream that invokes the function while enabled, and the bucket for records whose retries are exhausted (prefix `aws/lambda/`)."
  type = object({
    arn                    = string
    failures_bucket_arn    = string
    enabled                = optional(bool, true)
    batch_size             = number
    window_seconds         = number
    parallelization_factor = number
    retries                = number
    record_age_seconds     = number
    alarm_age_seconds      = number
  })
  default = null

  validation {
    # Lambda's maximum is 10,000 records; an invocation's payload is also limited to 6 MB.
    condition     = var.stream == null ? true : var.stream.batch_size >= 1 && var.stream.batch_size <= 10000
    error_message = "stream.batch_size is ${try(var.stream.batch_size, "null")} for ${var.name}; it must be 1 to 10000."
  }

  validation {
    condition     = var.stream == null ? true : var.stream.retries >= 0 && var.stream.record_age_seconds >= 60
    error_message = "stream.retries and stream.record_age_seconds of ${var.name} must be bounded (0 or more, 60 or more); without a bound one bad record blocks its shard until it expires."
  }
}

variable "asynchronous" {
  description = "Retries of asynchronous invocations, and whether the function invokes itself; permanently failed events are sent to a queue. Null for a function without asynchronous invocations."
  type = object({
    retries           = number
    event_age_seconds = number
    calls_itself      = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.asynchronous == null ? true : var.asynchronous.retries >= 0 && var.asynchronous.retries <= 2
    error_message = "asynchronous.retries is ${try(var.asynchronous.retries, "null")} for ${var.name}; it must be 0 to 2."
  }
}

variable "deferred" {
  description = "Queue of messages that the function sends to itself for later, with a suffix of its name, the environment variable with its URL, what is in it, and the alarms' runbook. Null for none."
  type = object({
    suffix     = string
    variable   = string
    batch_size = number
    contents   = string
    runbook    = string
  })
  default = null

  validation {
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: more than ten need a batching window.
    condition     = var.deferred == null ? true : var.deferred.batch_size >= 1 && var.deferred.batch_size <= 10
    error_message = "deferred.batch_size is ${try(var.deferred.batch_size, "null")} for ${var.name}; it must be 1 to 10."
  }
}

variable "alias" {
  description = "Name of an alias, for which each change of code or configuration is published as a version; null for none."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the role; null for none."
  type        = string
  default     = null
}

variable "log_level" {
  description = "Lowest level of the function's log: DEBUG, INFO, WARNING or ERROR."
  type        = string

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level is \"${var.log_level}\"; it must be DEBUG, INFO, WARNING or ERROR."
  }
}
