# The real provider without a network.

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

run "each_role_trusts_exactly_one_environment_of_one_repository" {
  command = plan

  assert {
    condition = {
      for environment, document in data.aws_iam_policy_document.apply_trust : environment => [
        for statement in jsondecode(document.json).Statement : statement.Condition.StringEquals
      ]
      } == {
      dev        = [{ "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com", "token.actions.githubusercontent.com:sub" = "repo:owner/rivulet:environment:dev" }]
      production = [{ "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com", "token.actions.githubusercontent.com:sub" = "repo:owner/rivulet:environment:production" }]
    }
    error_message = "A role may be assumed by others than its GitHub environment."
  }

  assert {
    condition     = alltrue([for subject in one(jsondecode(data.aws_iam_policy_document.plan_trust.json).Statement).Condition.StringEquals["token.actions.githubusercontent.com:sub"] : startswith(subject, "repo:owner/rivulet:") && !strcontains(subject, "*")])
    error_message = "Another repository may plan."
  }
}

run "the_assertion_above_detects_another_repository" {
  command = plan

  variables {
    repository = "other/fork"
  }

  assert {
    condition     = anytrue([for subject in one(jsondecode(data.aws_iam_policy_document.plan_trust.json).Statement).Condition.StringEquals["token.actions.githubusercontent.com:sub"] : !startswith(subject, "repo:owner/rivulet:")])
    error_message = "Another repository is not detected."
  }
}

run "a_role_can_only_be_created_with_the_boundary_which_cannot_be_removed" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in values(data.aws_iam_policy_document.apply) : [
        for statement in jsondecode(document.json).Statement :
        try(statement.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::123456789012:policy/rivulet-boundary", false)
        if contains(flatten([statement.Action]), "iam:CreateRole") || contains(flatten([statement.Action]), "iam:PutRolePolicy")
      ]
    ]))
    error_message = "A role can be created or extended without the boundary."
  }

  assert {
    condition = alltrue(flatten([
      for document in values(data.aws_iam_policy_document.apply) : [
        for statement in jsondecode(document.json).Statement : [
          for action in flatten([statement.Action]) : !contains(["iam:*", "iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:AttachRolePolicy", "*"], action)
        ] if statement.Effect == "Allow"
      ]
    ]))
    error_message = "The boundary can be removed or changed."
  }
}

run "an_environment_writes_its_own_state_only" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.apply["dev"].json).Statement : statement.Resource
      if statement.Effect == "Allow" && contains(flatten([statement.Action]), "s3:PutObject")
    ])) == toset(["arn:aws:s3:::rivulet-123456789012-terraform/rivulet/dev.tfstate", "arn:aws:s3:::rivulet-123456789012-terraform/rivulet/*.tflock"])
    error_message = "dev may write another environment's state."
  }
}

run "a_plan_reads_no_data" {
  command = plan

  assert {
    condition = length(setsubtract(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "kinesis:GetRecords", "sqs:ReceiveMessage"], flatten([
      for statement in jsondecode(data.aws_iam_policy_document.plan.json).Statement : statement.Action if statement.Effect == "Deny"
    ]))) == 0
    error_message = "A plan may read data."
  }
}

run "the_boundary_denies_every_role_the_state_and_the_creation_of_roles" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.boundary.json).Statement : [
        for action in flatten([statement.Action]) : action == "iam:PassRole" || !startswith(action, "iam:")
      ] if statement.Effect == "Allow"
    ]))
    error_message = "A role of the pipeline may change roles."
  }

  assert {
    condition     = anytrue([for statement in jsondecode(data.aws_iam_policy_document.boundary.json).Statement : statement.Effect == "Deny" && contains(flatten([statement.Resource]), "arn:aws:s3:::rivulet-123456789012-terraform/*")])
    error_message = "A role of the pipeline may read the state."
  }
}

run "a_repository_with_a_wildcard_and_an_unknown_environment_are_refused" {
  command = plan

  variables {
    repository   = "owner/*"
    environments = ["staging"]
  }

  expect_failures = [var.repository, var.environments]
}
