variable "prefix" {
  description = "Project and environment, joined by a hyphen; the prefix of every name."
  type        = string

  validation {
    # A bucket's name is <prefix>-<account>-<purpose>: 63 characters minus 12 digits, two hyphens and "artifacts".
    condition     = length(var.prefix) <= 40 && can(regex("^[a-z][a-z0-9-]*$", var.prefix))
    error_message = "prefix is \"${var.prefix}\"; it must be at most 40 lower-case letters, digits and hyphens, since bucket names have at most 63 characters."
  }
}

variable "partition" {
  description = "AWS partition of the ARNs: aws outside China and GovCloud."
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

variable "buckets" {
  description = "Buckets by purpose. `zones` are prefixes (\"\" for the whole bucket) whose objects expire after `expiration_days` (null: never) and move to infrequent access after `infrequent_days` (null: never); old versions expire after `noncurrent_days`. `readers` are AWS services that may read on this account's behalf. `receives_access_logs` marks the one bucket that S3 writes the access logs of the others to."
  type = map(object({
    zones = optional(map(object({
      expiration_days = optional(number)
      infrequent_days = optional(number)
    })), {})
    noncurrent_days      = optional(number, 30)
    readers              = optional(set(string), [])
    receives_access_logs = optional(bool, false)
  }))

  validation {
    condition     = alltrue(flatten([for bucket in values(var.buckets) : [bucket.noncurrent_days >= 1, [for zone in values(bucket.zones) : coalesce(zone.expiration_days, 1) >= 1]]]))
    error_message = "expiration_days and noncurrent_days must be at least 1; less in: ${join(", ", [for name, bucket in var.buckets : name if bucket.noncurrent_days < 1 || anytrue([for zone in values(bucket.zones) : coalesce(zone.expiration_days, 1) < 1])])}."
  }

  validation {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    condition     = alltrue(flatten([for bucket in values(var.buckets) : [for zone in values(bucket.zones) : zone.infrequent_days == null ? true : zone.infrequent_days >= 30 && zone.infrequent_days + 30 <= coalesce(zone.expiration_days, 100000)]]))
    error_message = "infrequent_days must be at least 30, and 30 less than expiration_days, since S3 charges infrequent access for 30 days; not so in: ${join(", ", [for name, bucket in var.buckets : name if !alltrue([for zone in values(bucket.zones) : zone.infrequent_days == null ? true : zone.infrequent_days >= 30 && zone.infrequent_days + 30 <= coalesce(zone.expiration_days, 100000)])])}."
  }

  validation {
    condition     = length([for bucket in values(var.buckets) : bucket if bucket.receives_access_logs]) <= 1
    error_message = "More than one bucket receives access logs: ${join(", ", [for name, bucket in var.buckets : name if bucket.receives_access_logs])}."
  }
}

variable "tables" {
  description = "DynamoDB tables by purpose. All keys are strings; `expires_attribute` is the attribute with the epoch second after which an item expires. `indexes` are global secondary indexes by name, each with the items that have its keys, and with the named `attributes` of them."
  type = map(object({
    hash_key          = string
    range_key         = optional(string)
    expires_attribute = optional(string)
    indexes = optional(map(object({
      hash_key   = string
      range_key  = string
      attributes = list(string)
    })), {})
  }))
}

variable "deletion_protected" {
  description = "Whether tables and non-empty buckets are protected from deletion."
  type        = bool
}

variable "lifecycle_enabled" {
  description = "Whether the buckets get lifecycle rules. False on the laptop, where the rules have no effect and the provider waits nearly a minute for them."
  type        = bool
  default     = true
}
