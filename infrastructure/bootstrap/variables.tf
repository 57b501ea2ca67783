variable "project" {
  description = "Name of the project, as in the root."
  type        = string
  default     = "rivulet"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,15}$", var.project)) && !startswith(var.project, "aws") && !startswith(var.project, "ssm")
    error_message = "project is \"${var.project}\"; it must be 2 to 16 lower-case letters and digits, and not begin with aws or ssm, as in the root."
  }
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
  description = "Environments of this account; each gets a role for terraform plan, a role for terraform apply and a permissions boundary."
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
    condition     = can(regex("^[A-Za-z0-9_.-]+(@[0-9]+)?/[A-Za-z0-9_.-]+(@[0-9]+)?$", var.repository))
    error_message = "repository is \"${var.repository}\"; it must be owner/name, without wildcards."
  }
}

variable "github_subjects" {
  description = "Subjects of GitHub's OIDC tokens that may plan and apply, by environment, if they differ from those composed from repository: both forms of the repository during a migration to immutable subjects, or customized claims."
  type = map(object({
    plan  = optional(list(string))
    apply = optional(list(string))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for subject in flatten([for roles in values(var.github_subjects) : concat(coalesce(roles.plan, []), coalesce(roles.apply, []))]) : can(regex("^repo:[A-Za-z0-9_.-]+(@[0-9]+)?/[A-Za-z0-9_.-]+(@[0-9]+)?:[^*?]+$", subject))])
    error_message = "A subject in github_subjects is invalid; it must begin with repo:owner/name: or repo:owner@id/name@id: and have no wildcard."
  }

  validation {
    condition     = alltrue([for environment, roles in var.github_subjects : alltrue([for subject in coalesce(roles.apply, []) : strcontains("${subject}:", ":environment:${environment}:")])])
    error_message = "A subject in github_subjects may apply without the GitHub environment of the same name; it must contain :environment:<environment>."
  }

  validation {
    condition     = alltrue([for environment, roles in var.github_subjects : environment == "dev" || alltrue([for subject in coalesce(roles.plan, []) : !contains(split(":", subject), "pull_request")])])
    error_message = "github_subjects lets pull requests plan an environment other than dev; their code is not reviewed yet."
  }

  validation {
    condition     = length(setsubtract(keys(var.github_subjects), var.environments)) == 0
    error_message = "github_subjects names ${join(", ", setsubtract(keys(var.github_subjects), var.environments))}, which environments does not contain."
  }
}

variable "api_gateway_logging" {
  description = "Whether to set the role with which API Gateway writes logs; false if the account has one in this region, since there is one per account and region."
  type        = bool
  default     = true
}

variable "cost_watch" {
  description = "E-mail addresses that are notified daily of anomalies in the project's cost, from an amount in US dollars; also activates the tags Environment, Project and Stack for cost allocation, without which the environments' budgets see no cost, Personalize's included. Only in the management account of an organization, or an account without one, and only a day after the first resource carried the tags: AWS refuses it earlier. Null for neither."
  type = object({
    emails      = set(string)
    anomaly_usd = optional(number, 50)
  })
  default = null

  validation {
    condition     = var.cost_watch == null ? true : length(var.cost_watch.emails) > 0 && var.cost_watch.anomaly_usd > 0
    error_message = "cost_watch needs at least one address, and an amount above zero."
  }
}

variable "engine_hosting" {
  description = "Environments that host the engine on EKS, whose roles need more permissions, with the name of an existing cluster; without one the root creates it."
  type = map(object({
    existing_cluster = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.engine_hosting), var.environments)) == 0
    error_message = "engine_hosting names ${join(", ", setsubtract(keys(var.engine_hosting), var.environments))}, which environments does not contain."
  }
}
