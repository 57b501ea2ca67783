variable "account_id" {
  description = "AWS account of the environment, twelve digits."
  type        = string
}

variable "state_machine_arn" {
  description = "ARN of the state machine, which alone may take the role."
  type        = string
}

variable "key_arn" {
  description = "ARN of the environment's KMS key."
  type        = string
}
