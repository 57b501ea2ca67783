variable "prefix" {
  description = "Project and environment, joined by a hyphen: the beginning of every name."
  type        = string
}

variable "database_name" {
  description = "Name of the Glue database."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.database_name))
    error_message = "database_name is \"${var.database_name}\": Athena takes lower-case letters, digits and underscores without quotes."
  }
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

variable "key_arn" {
  description = "KMS key of the buckets, the stream and the query results."
  type        = string
}

variable "stream_arn" {
  description = "Kinesis stream that Firehose reads."
  type        = string
}

variable "transform_function_arn" {
  description = "Lambda that checks and flattens records before they are written."
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
  description = "How long and how much Firehose gathers before it writes a file, and before it asks the transformation."
  type = object({
    seconds           = number
    megabytes         = number
    transform_seconds = number
  })

  validation {
    # https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
    condition     = var.buffer.seconds >= 0 && var.buffer.seconds <= 900
    error_message = "buffer.seconds is ${var.buffer.seconds}: Firehose takes 0 to 900."
  }

  validation {
    # https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html: 64 at least with conversion.
    condition     = var.buffer.megabytes >= 64 && var.buffer.megabytes <= 128
    error_message = "buffer.megabytes is ${var.buffer.megabytes}: Firehose takes 64 to 128 when it writes Parquet."
  }
}

variable "projection_start" {
  description = "First day that has events, YYYY-MM-DD: partitions before it are not looked for."
  type        = string

  validation {
    condition     = can(formatdate("YYYY", "${var.projection_start}T00:00:00Z"))
    error_message = "projection_start is \"${var.projection_start}\": a day as YYYY-MM-DD."
  }
}

variable "scan_limit_bytes" {
  description = "Bytes that one query may read before Athena ends it."
  type        = number

  validation {
    # https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html, as the provider has it
    condition     = var.scan_limit_bytes >= 10485760
    error_message = "scan_limit_bytes is ${var.scan_limit_bytes}: Athena takes 10485760 (10 MiB) at least."
  }
}

variable "log_retention_days" {
  description = "Days that Firehose's log is kept."
  type        = number
}

variable "deletion_protected" {
  description = "Keep the work group, once it has a query history, from being destroyed."
  type        = bool
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds what the role may ever do; null for none."
  type        = string
  default     = null
}
