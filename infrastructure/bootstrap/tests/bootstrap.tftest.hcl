# The real provider without a network. The permissions of the roles are tested in tests/contract/infrastructure, which
# evaluates the policies as IAM does.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  region       = "eu-central-1"
  account_id   = "123456789012"
  environments = ["dev", "production"]
  repository   = "owner/rivulet"
}

run "each_environment_has_its_roles_and_its_boundary" {
  command = plan

  assert {
    condition = { for role in ["plan", "apply"] : role => [for environment, resource in role == "plan" ? aws_iam_role.plan : aws_iam_role.apply : resource.name] } == {
      plan  = ["rivulet-plan-dev", "rivulet-plan-production"]
      apply = ["rivulet-apply-dev", "rivulet-apply-production"]
    }
    error_message = "A role is missing, or has another name than the pipeline expects."
  }

  assert {
    condition     = [for boundary in aws_iam_policy.boundary : boundary.name] == ["rivulet-boundary-dev", "rivulet-boundary-production"]
    error_message = "A boundary is missing, or has another name than the policies expect."
  }

  assert {
    condition     = strcontains(output.backend, "kms_key_id   = \"alias/rivulet-terraform\"") && output.state_key_alias == "alias/rivulet-terraform"
    error_message = "Bootstrap's own state would not be encrypted with the states' key."
  }

  assert {
    condition     = length(aws_api_gateway_account.this) == 1
    error_message = "API Gateway cannot write logs."
  }
}

run "the_accounts_setting_of_api_gateway_can_be_left_alone" {
  command = plan

  variables {
    api_gateway_logging = false
  }

  assert {
    condition     = length(aws_api_gateway_account.this) + length(aws_iam_role.api_gateway) + length(aws_iam_role_policy.api_gateway) == 0
    error_message = "The account's setting would be overwritten."
  }
}

run "a_repository_with_a_wildcard_and_an_unknown_environment_are_refused" {
  command = plan

  variables {
    repository   = "owner/*"
    environments = ["staging"]
    project      = "aws"
  }

  expect_failures = [var.repository, var.environments, var.project]
}

run "the_cost_is_watched_only_where_it_is_asked_for" {
  command = plan

  assert {
    condition     = length(aws_ce_anomaly_monitor.this) + length(aws_ce_anomaly_subscription.this) + length(aws_ce_cost_allocation_tag.this) == 0
    error_message = "A new account, which refuses it, watches the cost."
  }
}

run "the_watch_sees_the_projects_cost_by_activated_tags" {
  command = plan

  variables {
    cost_watch = { emails = ["costs@example.com"] }
  }

  assert {
    condition     = [for tag in aws_ce_cost_allocation_tag.this : "${tag.tag_key} ${tag.status}"] == ["Environment Active", "Project Active", "Stack Active"]
    error_message = "A tag that budgets filter by is not activated."
  }

  assert {
    condition     = jsondecode(aws_ce_anomaly_monitor.this[0].monitor_specification).Tags == { Key = "user:Project", MatchOptions = null, Values = ["rivulet"] }
    error_message = "The monitor sees other costs than the project's."
  }
}
