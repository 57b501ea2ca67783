variable "prefix" {
  description = "Project and environment, joined by a hyphen; the prefix of every name."
  type        = string
}

variable "database_name" {
  description = "Name of the Glue database."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.database_name))
    error_message = "database_name is \"${var.database_name}\"; it must be lower-case letters, digits and underscores, which Athena accepts without quotes."
  }
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

variable "key_arn" {
  description = "ARN of the KMS key of the buckets, the streams and the query results."
  type        = string
}

variable "stream_arn" {
  description = "ARN of the Kinesis stream that Firehose reads."
  type        = string
}

variable "transform_function_arn" {
  description = "ARN of the Lambda function that validates and flattens records before they are written."
  type        = string
}

variable "buckets" {
  description = "Names of the buckets: the lake itself, bad rows, and query results."
  type = object({
    lake     = string
    bad_rows = string
    athena   = string
  })
}

variable "buffer" {
  description = "Firehose's buffers: seconds and megabytes before it writes a file, seconds before it invokes the transformation."
  type = object({
    seconds           = number
    megabytes         = number
    transform_seconds = number
  })

  validation {
    # https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
    condition     = var.buffer.seconds >= 0 && var.buffer.seconds <= 900
    error_message = "buffer.seconds is ${var.buffer.seconds}; it must be 0 to 900."
  }

  validation {
    # https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html: at least 64 with conversion.
    condition     = var.buffer.megabytes >= 64 && var.buffer.megabytes <= 128
    error_message = "buffer.megabytes is ${var.buffer.megabytes}; it must be 64 to 128, since Firehose writes Parquet."
  }

  validation {
    # https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html; 60 is Firehose's default, which
    # the provider leaves out when it reads the stream, so that every plan would show a change.
    condition     = var.buffer.transform_seconds >= 0 && var.buffer.transform_seconds <= 900 && var.buffer.transform_seconds != 60
    error_message = "buffer.transform_seconds is ${var.buffer.transform_seconds}; it must be 0 to 900 and not 60, Firehose's default, which every plan would show as a change."
  }
}

variable "projection_start" {
  description = "First day with events, YYYY-MM-DD; queries do not search partitions before it."
  type        = string

  validation {
    condition     = can(formatdate("YYYY", "${var.projection_start}T00:00:00Z"))
    error_message = "projection_start is \"${var.projection_start}\"; it must be a day as YYYY-MM-DD."
  }
}

variable "curated_start" {
  description = "First day of the events in the curated tables, YYYY-MM-DD; queries do not search their partitions before it."
  type        = string

  validation {
    condition     = can(formatdate("YYYY", "${var.curated_start}T00:00:00Z"))
    error_message = "curated_start is \"${var.curated_start}\"; it must be a day as YYYY-MM-DD."
  }
}

variable "scan_limit_bytes" {
  description = "Maximum number of bytes that one query may scan."
  type        = number

  validation {
    # https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html
    condition     = var.scan_limit_bytes >= 10485760
    error_message = "scan_limit_bytes is ${var.scan_limit_bytes}; Athena's minimum is 10485760 (10 MiB)."
  }
}

variable "log_retention_days" {
  description = "Retention of Firehose's log in days."
  type        = number
}

variable "deletion_protected" {
  description = "Whether a work group with a query history is protected from deletion."
  type        = bool
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the role; null for none."
  type        = string
  default     = null
}
