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
  description = "Account to prepare, twelve digits: credentials of another are refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\": twelve digits."
  }
}

variable "environments" {
  description = "Environments that this account holds; each gets a role that GitHub's environment of the same name may apply with."
  type        = set(string)

  validation {
    condition     = length(var.environments) > 0 && length(setsubtract(var.environments, ["dev", "production"])) == 0
    error_message = "environments is ${join(", ", var.environments)}: dev, production, or both."
  }
}

variable "repository" {
  description = "GitHub repository as its tokens name it: owner/name, or owner@id/name@id with immutable subjects."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.@-]+/[A-Za-z0-9_.@-]+$", var.repository))
    error_message = "repository is \"${var.repository}\": owner/name, without wildcards."
  }
}
