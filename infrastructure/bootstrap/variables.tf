variable "project" {
  description = "Name of the project, as in the root."
  type        = string
  default     = "rivulet"
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "account_id" {
  description = "Account to prepare, twelve digits; credentials of another account are refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\"; it must be twelve digits."
  }
}

variable "environments" {
  description = "Environments of this account; each gets a role for terraform apply that the GitHub environment of the same name can assume."
  type        = set(string)

  validation {
    condition     = length(var.environments) > 0 && length(setsubtract(var.environments, ["dev", "production"])) == 0
    error_message = "environments is ${join(", ", var.environments)}; it must be dev, production, or both."
  }
}

variable "repository" {
  description = "GitHub repository as in its OIDC tokens: owner/name, or owner@id/name@id with immutable subjects."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.@-]+/[A-Za-z0-9_.@-]+$", var.repository))
    error_message = "repository is \"${var.repository}\"; it must be owner/name, without wildcards."
  }
}
