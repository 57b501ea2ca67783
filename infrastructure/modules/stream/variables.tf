variable "name" {
  description = "Name of the stream."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.name))
    error_message = "name is \"${var.name}\"; it must be 1 to 128 letters, digits, dots, hyphens and underscores."
  }
}

variable "shards" {
  description = "Number of provisioned shards, each for 1,000 records and 1 MiB per second; null for on-demand capacity, which costs several times as much under a steady load."
  type        = number
  nullable    = true

  validation {
    condition     = var.shards == null ? true : var.shards >= 1 && floor(var.shards) == var.shards
    error_message = "shards is ${var.shards == null ? "null" : var.shards}; it must be a whole number from 1, or null for on-demand capacity."
  }
}

variable "retention_hours" {
  description = "Retention of records in hours."
  type        = number

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "retention_hours is ${var.retention_hours}; it must be 24 to 8760."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the records."
  type        = string
}
