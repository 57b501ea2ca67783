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
  description = "Buckets by purpose. Objects expire after `expiration_days` (null: never), old versions after `noncurrent_days`; `readers` are AWS services that may read on this account's behalf."
  type = map(object({
    expiration_days = optional(number)
    noncurrent_days = optional(number, 30)
    readers         = optional(set(string), [])
  }))

  validation {
    condition     = alltrue([for name, bucket in var.buckets : bucket.noncurrent_days >= 1 && coalesce(bucket.expiration_days, 1) >= 1])
    error_message = "expiration_days and noncurrent_days must be at least 1; less in: ${join(", ", [for name, bucket in var.buckets : name if bucket.noncurrent_days < 1 || coalesce(bucket.expiration_days, 1) < 1])}."
  }
}

variable "tables" {
  description = "DynamoDB tables by purpose. All keys are strings; `expires_attribute` is the attribute with the epoch second after which an item expires."
  type = map(object({
    hash_key          = string
    range_key         = optional(string)
    expires_attribute = optional(string)
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
