variable "name" {
  description = "Name of the function."
  type        = string

  validation {
    # The role and the queue carry it with a suffix of at most seven characters; a role's name ends at 64.
    condition     = length(var.name) <= 57
    error_message = "name is \"${var.name}\": at most 57 characters, since the role's name is longer and ends at 64."
  }
}

variable "description" {
  description = "What the function does, in a sentence."
  type        = string
}

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

variable "archive" {
  description = "Path of the zip file that `make package` builds."
  type        = string
}

variable "archive_bucket" {
  description = "Bucket that the archive is uploaded to: functions are then made side by side, and versions are kept."
  type        = string
}

variable "handler" {
  description = "Module and function that Lambda calls."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13"], var.runtime)
    error_message = "runtime is \"${var.runtime}\": the code runs on python3.11, python3.12 and python3.13."
  }
}

variable "architecture" {
  description = "Instruction set; arm64 costs a fifth less than x86_64. The archive must have been built for it."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is \"${var.architecture}\": Lambda has arm64 and x86_64."
  }
}

variable "memory_mb" {
  description = "Memory in MiB; the share of a CPU grows with it, a whole one at 1769."
  type        = number

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb is ${var.memory_mb} for ${var.name}: Lambda takes 128 to 10240."
  }
}

variable "timeout_seconds" {
  description = "Seconds after which an invocation is ended."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds is ${var.timeout_seconds} for ${var.name}: Lambda takes 1 to 900."
  }
}

variable "reserved_concurrency" {
  description = "Concurrent invocations kept for this function, which it can also not exceed; null shares the account's."
  type        = number
  default     = null
}

variable "environment" {
  description = "Environment variables. They are readable to whoever may see the function: no secrets."
  type        = map(string)
}

variable "policy_json" {
  description = "What the function may do beyond writing its own log and traces, as a policy document; null for nothing."
  type        = string
  default     = null
}

variable "key_arn" {
  description = "KMS key of the environment variables, the log and the queue."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the log is kept."
  type        = number

  validation {
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is ${var.log_retention_days}: CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 days and some longer terms."
  }
}

variable "alarm_topic_arn" {
  description = "Topic that the alarms are sent to."
  type        = string
}

variable "stream" {
  description = "Kinesis stream whose records invoke the function, and where what it gives up on is left: prefix `aws/lambda/` of a bucket."
  type = object({
    arn                    = string
    failures_bucket_arn    = string
    batch_size             = number
    window_seconds         = number
    parallelization_factor = number
    retries                = number
    record_age_seconds     = number
    alarm_age_seconds      = number
  })
  default = null

  validation {
    # An invocation payload is limited to 6 MB; AWS's own upper bound of the batch is 10,000 records.
    condition     = var.stream == null ? true : var.stream.batch_size >= 1 && var.stream.batch_size <= 10000
    error_message = "stream.batch_size is ${try(var.stream.batch_size, "null")} for ${var.name}: Lambda takes 1 to 10000."
  }

  validation {
    condition     = var.stream == null ? true : var.stream.retries >= 0 && var.stream.record_age_seconds >= 60
    error_message = "stream.retries and stream.record_age_seconds of ${var.name} must be bounded (0 or more, 60 or more): without a bound one bad record blocks its shard until it expires."
  }
}

variable "asynchronous" {
  description = "How events that were handed over for later are retried, and whether the function hands work on to itself; what fails for good goes to a queue. Null where nothing invokes the function so."
  type = object({
    retries           = number
    event_age_seconds = number
    calls_itself      = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.asynchronous == null ? true : var.asynchronous.retries >= 0 && var.asynchronous.retries <= 2
    error_message = "asynchronous.retries is ${try(var.asynchronous.retries, "null")} for ${var.name}: Lambda takes 0 to 2."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds what the role may ever do; null for none."
  type        = string
  default     = null
}
