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
  description = "Project and environment, joined by a hyphen; the prefix of every name."
  type        = string
}

variable "key_arn" {
  description = "ARN of the environment's KMS key."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the roles; null for none."
  type        = string
  default     = null
}

variable "archives_directory" {
  description = "Folder with datasets.py, curate.py and rivulet.zip, which `make package` builds."
  type        = string
}

variable "buckets" {
  description = "Names of the buckets: artifacts for the jobs' code, lake to read from and to curate, datasets to write to."
  type = object({
    artifacts = string
    lake      = string
    datasets  = string
  })
}

variable "worker_type" {
  description = "Glue worker type of the Spark jobs."
  type        = string

  validation {
    condition     = contains(["G.1X", "G.2X", "G.4X", "G.8X"], var.worker_type)
    error_message = "worker_type is \"${var.worker_type}\"; it must be G.1X, G.2X, G.4X or G.8X."
  }
}

variable "workers" {
  description = "Maximum number of workers; a job scales within it."
  type        = number

  validation {
    condition     = var.workers >= 2
    error_message = "workers is ${var.workers}; a Spark job needs at least 2, one of which is the driver."
  }
}

variable "timeout_minutes" {
  description = "Timeout of a run in minutes."
  type        = number
}

variable "interaction_types" {
  description = "Types of event that are interactions of the data set."
  type        = list(string)
}

variable "log_retention_days" {
  description = "Retention of the jobs' logs in days."
  type        = number
}

variable "curated_start" {
  description = "First day of the curated tables that queries search, YYYY-MM-DD; a curation counts older events."
  type        = string
}

variable "currency" {
  description = "Currency of revenue in the curated tables, ISO 4217: purchases in others are left out of sums; null where all prices have one currency."
  type        = string
  default     = null

  validation {
    condition     = var.currency == null ? true : can(regex("^[A-Z]{3}$", var.currency))
    error_message = "currency is \"${var.currency == null ? "null" : var.currency}\"; it must be three capital letters as EUR, or null."
  }
}
