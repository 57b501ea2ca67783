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

variable "prefix" {
  description = "Project and environment, joined by a hyphen: the beginning of every name."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the environment."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds what the roles may ever do; null for none."
  type        = string
  default     = null
}

variable "archives_directory" {
  description = "Folder with datasets.py and rivulet.zip, which `make package` builds."
  type        = string
}

variable "buckets" {
  description = "Names of the buckets: artifacts for the job's code, lake to read from, datasets to write to."
  type = object({
    artifacts = string
    lake      = string
    datasets  = string
  })
}

variable "worker_type" {
  description = "Size of a Spark worker."
  type        = string

  validation {
    condition     = contains(["G.1X", "G.2X", "G.4X", "G.8X"], var.worker_type)
    error_message = "worker_type is \"${var.worker_type}\": a Spark job takes G.1X, G.2X, G.4X or G.8X."
  }
}

variable "workers" {
  description = "Workers that the job may grow to; it takes what it needs."
  type        = number

  validation {
    condition     = var.workers >= 2
    error_message = "workers is ${var.workers}: a Spark job needs 2 at least, one of them the driver."
  }
}

variable "timeout_minutes" {
  description = "Minutes after which a run is ended."
  type        = number
}

variable "log_retention_days" {
  description = "Days that the job's log is kept."
  type        = number
}
