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
  description = "ARN of the permissions boundary of the engine's role; the roles of a new cluster have the one of the same name with -engine, which bootstrap creates. Null for none."
  type        = string
  default     = null
}

variable "buckets" {
  description = "Names of the buckets: datasets, which the engine imports, and artifacts, where it writes exports and results of batch jobs under engine/."
  type = object({
    datasets  = string
    artifacts = string
  })
}

variable "existing_cluster" {
  description = "Name of an EKS cluster to use, with the Pod Identity agent and the EBS CSI driver; null creates one."
  type        = string
  default     = null
}

variable "new_cluster" {
  description = "Settings of a created cluster: private subnets of at least two availability zones with a route to S3 and ECR, Kubernetes version (null: the newest that EKS offers), addresses that reach its public endpoint (none: only the VPC does), and ARNs of the IAM roles that administer it. Null uses existing_cluster."
  type = object({
    subnet_ids          = list(string)
    version             = optional(string)
    public_access_cidrs = optional(list(string), [])
    administrators      = set(string)
  })
  default = null

  validation {
    condition     = (var.new_cluster == null) != (var.existing_cluster == null)
    error_message = "Set either existing_cluster or new_cluster; ${var.new_cluster == null ? "neither" : "both"} is set."
  }

  validation {
    condition     = var.new_cluster == null ? true : length(toset(var.new_cluster.subnet_ids)) >= 2
    error_message = "new_cluster.subnet_ids has fewer than two different subnets; EKS requires two in different availability zones."
  }

  validation {
    condition     = var.new_cluster == null ? true : length(var.new_cluster.administrators) > 0
    error_message = "new_cluster.administrators is empty; without a role no user could apply the manifests."
  }

  validation {
    condition     = var.new_cluster == null ? true : alltrue([for arn in var.new_cluster.administrators : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*]+$", arn))])
    error_message = "new_cluster.administrators has what is no ARN of an IAM role: ${var.new_cluster == null ? "" : join(", ", [for arn in var.new_cluster.administrators : arn if !can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*]+$", arn))])}."
  }

  validation {
    condition     = var.new_cluster == null ? true : var.new_cluster.version == null ? true : can(regex("^1\\.[0-9]{2}$", var.new_cluster.version))
    error_message = "new_cluster.version is \"${try(coalesce(var.new_cluster.version), "null")}\"; it must be a minor version as 1.33, or null for the newest."
  }

  validation {
    condition     = var.new_cluster == null ? true : alltrue([for cidr in var.new_cluster.public_access_cidrs : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0") && !can(regex("^(10|127|169\\.254|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", cidr))])
    error_message = "new_cluster.public_access_cidrs is ${var.new_cluster == null ? "" : join(", ", var.new_cluster.public_access_cidrs)}; name the public networks of the administrators, as 192.0.2.0/24: EKS refuses private ones."
  }
}

variable "namespaces" {
  description = "Kubernetes namespaces in which an engine may run: one per team, each with its own state."
  type        = set(string)
  default     = ["rivulet"]

  validation {
    condition     = length(var.namespaces) > 0 && alltrue([for name in var.namespaces : can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", name))])
    error_message = "namespaces is [${join(", ", var.namespaces)}]; each must be a Kubernetes namespace: lower-case letters, digits and hyphens."
  }
}

variable "log_retention_days" {
  description = "Retention of the control plane's log in days."
  type        = number
}
