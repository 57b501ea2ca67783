# The shop's pages: permissions of the plan and apply roles beside their own policies. CloudFront's resources have no
# region, and generated ids: a distribution is identified by its tags, and what belongs to it in us-east-1 by its name.

locals {
  edge           = "us-east-1:${var.account_id}"
  cloudfront_arn = "arn:${local.partition}:cloudfront::${var.account_id}"

  # These have neither tags nor names in their ARNs, so that the environments of an account share the permission.
  shared_by_distributions = [for kind in ["origin-access-control", "response-headers-policy"] : "${local.cloudfront_arn}:${kind}/*"]

  function_arns = { for environment, prefix in local.prefixes : environment => "${local.cloudfront_arn}:function/${prefix}-*" }

  edge_arns = {
    for environment, prefix in local.prefixes : environment => [
      for resource in [
        "logs:${local.edge}:delivery-destination:${prefix}-*",
        "logs:${local.edge}:delivery-source:${prefix}-*",
        "logs:${local.edge}:log-group:aws-waf-logs-${prefix}-*",
        "wafv2:${local.edge}:global/webacl/${prefix}-*/*",
      ] : "arn:${local.partition}:${resource}"
    ]
  }

  deliveries_arn = "arn:${local.partition}:logs:${local.edge}:delivery:*"

  # What Terraform itself writes beside the distribution: the settings of the pages, and the digest of the key.
  page_settings_arns     = { for environment, prefix in local.prefixes : environment => "arn:${local.partition}:s3:::${prefix}-${var.account_id}-pages/config.json" }
  distribution_key_names = { for environment in var.environments : environment => "arn:${local.partition}:ssm:${local.here}:parameter/${var.project}/${environment}/keys/distribution" }
}

data "aws_iam_policy_document" "web_plan" {
  #checkov:skip=CKV_AWS_356:ssm:DescribeParameters has no resource level
  for_each = local.prefixes

  statement {
    sid       = "ReadTheDistribution"
    actions   = ["cloudfront:GetDistribution", "cloudfront:ListTagsForResource", "logs:GetDelivery", "logs:ListTagsForResource"]
    resources = ["${local.cloudfront_arn}:distribution/*", local.deliveries_arn]

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "ReadWhatDistributionsShare"
    actions   = ["cloudfront:GetOriginAccessControl", "cloudfront:GetResponseHeadersPolicy"]
    resources = local.shared_by_distributions
  }

  statement {
    sid       = "ReadTheFunction"
    actions   = ["cloudfront:DescribeFunction", "cloudfront:GetFunction"]
    resources = [local.function_arns[each.key]]
  }

  statement {
    sid = "ReadTheFirewallAndTheLogs"
    actions = [
      "logs:GetDeliveryDestination",
      "logs:GetDeliverySource",
      "logs:ListTagsForResource",
      "wafv2:GetLoggingConfiguration",
      "wafv2:GetWebACL",
      "wafv2:ListTagsForResource",
    ]
    resources = local.edge_arns[each.key]
  }

  statement {
    sid       = "ReadTheSettingsOfThePages"
    actions   = ["s3:GetObject", "s3:GetObjectTagging"]
    resources = [local.page_settings_arns[each.key]]
  }

  statement {
    sid       = "ReadTheDigestOfTheKey"
    actions   = ["ssm:GetParameter", "ssm:ListTagsForResource"]
    resources = [local.distribution_key_names[each.key]]
  }

  statement {
    sid       = "DescribeParameters"
    actions   = ["ssm:DescribeParameters"]
    resources = ["*"] # it has no resource level, and returns no values
  }

  statement {
    sid       = "DecryptTheDigestOfTheKey"
    actions   = ["kms:Decrypt"]
    resources = [local.keys_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:PARAMETER_ARN"
      values   = [local.distribution_key_names[each.key]]
    }

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "web_apply" {
  #checkov:skip=CKV_AWS_111:Only for what has neither tags nor names in its ARN, and for actions without a resource level
  #checkov:skip=CKV_AWS_356:As above
  for_each = local.prefixes

  # A distribution has no tags before it is created, and is useless without the next statements.
  statement {
    sid       = "CreateDistributions"
    actions   = ["cloudfront:CreateDistribution"]
    resources = ["${local.cloudfront_arn}:distribution/*"]
  }

  statement {
    sid = "ChangeTheDistribution"
    actions = [
      "cloudfront:AllowVendedLogDeliveryForResource",
      "cloudfront:CreateInvalidation",
      "cloudfront:DeleteDistribution",
      "cloudfront:GetDistribution",
      "cloudfront:GetDistributionConfig",
      "cloudfront:GetInvalidation",
      "cloudfront:ListTagsForResource",
      "cloudfront:UntagResource",
      "cloudfront:UpdateDistribution",
      "logs:DeleteDelivery",
      "logs:GetDelivery",
      "logs:ListTagsForResource",
      "logs:UntagResource",
      "logs:UpdateDeliveryConfiguration",
    ]
    resources = ["${local.cloudfront_arn}:distribution/*", local.deliveries_arn]

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # What is new has no tags yet; what has those of another environment is not new.
  statement {
    sid       = "TagNewDistributionsAndDeliveries"
    actions   = ["cloudfront:TagResource", "logs:CreateDelivery", "logs:TagResource"]
    resources = ["${local.cloudfront_arn}:distribution/*", local.deliveries_arn]

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEqualsIfExists"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid = "ChangeWhatDistributionsShare"
    actions = [
      "cloudfront:CreateOriginAccessControl",
      "cloudfront:CreateResponseHeadersPolicy",
      "cloudfront:DeleteOriginAccessControl",
      "cloudfront:DeleteResponseHeadersPolicy",
      "cloudfront:GetOriginAccessControl",
      "cloudfront:GetResponseHeadersPolicy",
      "cloudfront:UpdateOriginAccessControl",
      "cloudfront:UpdateResponseHeadersPolicy",
    ]
    resources = local.shared_by_distributions
  }

  statement {
    sid = "ChangeTheFunction"
    actions = [
      "cloudfront:CreateFunction",
      "cloudfront:DeleteFunction",
      "cloudfront:DescribeFunction",
      "cloudfront:GetFunction",
      "cloudfront:PublishFunction",
      "cloudfront:UpdateFunction",
    ]
    resources = [local.function_arns[each.key]]
  }

  statement {
    sid       = "ChangeTheFirewallAndTheLogs"
    actions   = ["logs:*", "wafv2:*"]
    resources = local.edge_arns[each.key]
  }

  statement {
    sid       = "UseManagedRulesOfCloudFront"
    actions   = ["wafv2:CreateWebACL", "wafv2:UpdateWebACL"]
    resources = ["arn:${local.partition}:wafv2:us-east-1:*:global/managedruleset/*/*"] # AWS's own account
  }

  statement {
    sid       = "ChangeTheDigestOfTheKey"
    actions   = ["ssm:DeleteParameter", "ssm:GetParameter", "ssm:ListTagsForResource", "ssm:RemoveTagsFromResource"]
    resources = [local.distribution_key_names[each.key]]
  }

  statement {
    sid       = "DescribeParameters"
    actions   = ["ssm:DescribeParameters"]
    resources = ["*"] # it has no resource level, and returns no values
  }
}

resource "aws_iam_policy" "web_plan" {
  for_each = local.prefixes

  name        = "${var.project}-web-plan-${each.key}"
  description = "Read the settings of the shop's distribution in ${each.key}."
  policy      = data.aws_iam_policy_document.web_plan[each.key].json
}

resource "aws_iam_role_policy_attachment" "web_plan" {
  for_each = local.prefixes

  role       = aws_iam_role.plan[each.key].name
  policy_arn = aws_iam_policy.web_plan[each.key].arn
}

resource "aws_iam_policy" "web_apply" {
  for_each = local.prefixes

  name        = "${var.project}-web-apply-${each.key}"
  description = "Change the shop's distribution in ${each.key}, and invalidate its pages."
  policy      = data.aws_iam_policy_document.web_apply[each.key].json
}

resource "aws_iam_role_policy_attachment" "web_apply" {
  for_each = local.prefixes

  role       = aws_iam_role.apply[each.key].name
  policy_arn = aws_iam_policy.web_apply[each.key].arn
}
