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

variable "state_machine_arns" {
  description = "ARNs of the state machines whose executions operators may read: training, curation and visitors."
  type        = list(string)
}

variable "database_name" {
  description = "Name of the Glue database."
  type        = string
}

variable "workgroup_name" {
  description = "Name of the Athena work group."
  type        = string
}

variable "buckets" {
  description = "Names of the buckets: lake to read from, athena for the results of queries."
  type = object({
    lake   = string
    athena = string
  })
}

variable "operators" {
  description = "ARNs of the roles or users that may assume the operator role, which reads trainings, logs and metrics; none for no role."
  type        = set(string)
}

variable "analysts" {
  description = "ARNs of the roles or users that may assume the analyst role, which queries the lake; none for no role."
  type        = set(string)
}
