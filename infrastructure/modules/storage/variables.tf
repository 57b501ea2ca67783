variable "prefix" {
  description = "Project and environment, joined by a hyphen: the beginning of every name."
  type        = string

  validation {
    # A bucket is called <prefix>-<account>-<purpose>: 63 characters less 12 digits, two hyphens and "artifacts".
    condition     = length(var.prefix) <= 40 && can(regex("^[a-z][a-z0-9-]*$", var.prefix))
    error_message = "prefix is \"${var.prefix}\": at most 40 lower-case letters, digits and hyphens, since bucket names end at 63."
  }
}

variable "partition" {
  description = "Partition of the ARNs, aws outside China and GovCloud."
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

variable "buckets" {
  description = "Buckets by purpose. Objects expire after `expiration_days` (null: never), old versions after `noncurrent_days`; `readers` are AWS services that may read on this account's behalf."
  type = map(object({
    expiration_days = optional(number)
    noncurrent_days = optional(number, 30)
    readers         = optional(set(string), [])
  }))

  validation {
    condition     = alltrue([for name, bucket in var.buckets : bucket.noncurrent_days >= 1 && coalesce(bucket.expiration_days, 1) >= 1])
    error_message = "Less than a day to live: ${join(", ", [for name, bucket in var.buckets : name if bucket.noncurrent_days < 1 || coalesce(bucket.expiration_days, 1) < 1])}."
  }
}

variable "tables" {
  description = "DynamoDB tables by purpose. All keys are strings; `expires_attribute` holds the epoch second after which an item is dropped."
  type = map(object({
    hash_key          = string
    range_key         = optional(string)
    expires_attribute = optional(string)
  }))
}

variable "deletion_protected" {
  description = "Keep tables and non-empty buckets from being destroyed."
  type        = bool
}

variable "lifecycle_enabled" {
  description = "Write the lifecycle rules of the buckets. Off on the laptop, where nothing carries them out and the provider waits nearly a minute to see them settle."
  type        = bool
  default     = true
}
