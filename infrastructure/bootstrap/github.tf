resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "github_trust" {
  #checkov:skip=CKV_AWS_358:The subjects name the repository in full; checkov does not resolve the locals and variables they come from
  for_each = merge(
    { for environment, subjects in local.plan_subjects : "plan-${environment}" => subjects },
    { for environment, subjects in local.apply_subjects : "apply-${environment}" => subjects },
  )

  statement {
    sid     = "SubjectsOfThisRepository"
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
      values   = each.value
    }
  }
}
