resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "plan_trust" {
  #checkov:skip=CKV_AWS_358:The subjects name the repository in full; checkov does not resolve the locals and variables they come from
  statement {
    sid     = "PullRequestsAndMainOfThisRepository"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = local.plan_subjects
    }
  }
}

data "aws_iam_policy_document" "apply_trust" {
  #checkov:skip=CKV_AWS_358:The subjects name the repository in full; checkov does not resolve the locals and variables they come from
  for_each = var.environments

  statement {
    sid     = "ThisEnvironmentOfThisRepository"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      # The subject contains the environment in place of the branch: the GitHub environment must restrict the branches.
      values = ["repo:${var.repository}:environment:${each.key}"]
    }
  }
}

resource "aws_iam_role" "plan" {
  name                 = "${var.project}-plan"
  description          = "Reads settings for terraform plan in GitHub Actions"
  assume_role_policy   = data.aws_iam_policy_document.plan_trust.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "plan" {
  name   = "plan"
  role   = aws_iam_role.plan.name
  policy = data.aws_iam_policy_document.plan.json
}

resource "aws_iam_role" "apply" {
  for_each = var.environments

  name                 = "${var.project}-apply-${each.key}"
  description          = "Changes ${var.project}-${each.key}, for terraform apply in GitHub Actions"
  assume_role_policy   = data.aws_iam_policy_document.apply_trust[each.key].json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "apply" {
  for_each = var.environments

  name   = "apply"
  role   = aws_iam_role.apply[each.key].name
  policy = data.aws_iam_policy_document.apply[each.key].json
}
