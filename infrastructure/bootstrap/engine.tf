# Hosting the engine on EKS, off by default: permissions of the plan and apply roles beside their own policies, and a
# boundary for the roles of a created cluster, which have AWS's managed policies.

locals {
  engine_clusters = { for environment, hosting in var.engine_hosting : environment => coalesce(hosting.existing_cluster, "${local.prefixes[environment]}-engine") }
  engine_arns = {
    for environment, cluster in local.engine_clusters : environment => [
      for resource in [
        "ecr:${local.here}:repository/${local.prefixes[environment]}-engine",
        "eks:${local.here}:access-entry/${cluster}/*",
        "eks:${local.here}:cluster/${cluster}",
        "eks:${local.here}:podidentityassociation/${cluster}/*",
      ] : "arn:${local.partition}:${resource}"
    ]
  }

  # Composed, so that the policies are known at plan.
  engine_boundary_arns = { for environment in keys(var.engine_hosting) : environment => "${local.boundary_arns[environment]}-engine" }

  # The managed policies that the module engine attaches; a test compares both.
  engine_policies = [
    for policy in [
      "AmazonEC2ContainerRegistryPullOnly",
      "AmazonEKSBlockStoragePolicy",
      "AmazonEKSClusterPolicy",
      "AmazonEKSComputePolicy",
      "AmazonEKSLoadBalancingPolicy",
      "AmazonEKSNetworkingPolicy",
      "AmazonEKSWorkerNodeMinimalPolicy",
    ] : "arn:${local.partition}:iam::aws:policy/${policy}"
  ]

  engine_reads = [
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:ListTagsForResource",
    "eks:Describe*",
    "eks:ListAssociatedAccessPolicies",
  ]
}

data "aws_iam_policy_document" "engine_plan" {
  for_each = var.engine_hosting

  statement {
    sid       = "ReadTheHostedEngine"
    actions   = local.engine_reads
    resources = local.engine_arns[each.key]
  }
}

resource "aws_iam_role_policy" "engine_plan" {
  for_each = var.engine_hosting

  name   = "engine"
  role   = aws_iam_role.plan[each.key].name
  policy = data.aws_iam_policy_document.engine_plan[each.key].json
}

data "aws_iam_policy_document" "engine_apply" {
  for_each = var.engine_hosting

  statement {
    sid       = "HostTheEngine"
    actions   = ["ecr:*", "eks:*"]
    resources = local.engine_arns[each.key]
  }

  statement {
    sid       = "CreateRolesOfTheClusterWithTheirBoundary"
    actions   = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
    resources = ["${local.roles_arn}/${local.prefixes[each.key]}-engine-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.engine_boundary_arns[each.key]]
    }
  }

  statement {
    sid       = "AttachTheirManagedPolicies"
    actions   = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
    resources = ["${local.roles_arn}/${local.prefixes[each.key]}-engine-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.engine_boundary_arns[each.key]]
    }

    condition {
      test     = "ArnEquals"
      variable = "iam:PolicyARN"
      values   = local.engine_policies
    }
  }

  statement {
    sid       = "DenyOtherPolicies"
    effect    = "Deny"
    actions   = ["iam:AttachRolePolicy"]
    resources = ["*"]

    condition {
      test     = "ArnNotEquals"
      variable = "iam:PolicyARN"
      values   = local.engine_policies
    }
  }

  statement {
    sid       = "PassRolesToEks"
    actions   = ["iam:PassRole"]
    resources = ["${local.roles_arn}/${local.prefixes[each.key]}-engine", "${local.roles_arn}/${local.prefixes[each.key]}-engine-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com"]
    }
  }

  statement {
    sid       = "CreateTheServiceLinkedRoleOfEks"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["${local.roles_arn}/aws-service-role/eks.amazonaws.com/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["eks.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "engine" {
  for_each = var.engine_hosting

  name        = "${var.project}-engine-${each.key}"
  description = "Lets the apply role of ${each.key} host the engine on EKS"
  policy      = data.aws_iam_policy_document.engine_apply[each.key].json
}

resource "aws_iam_role_policy_attachment" "engine" {
  for_each = var.engine_hosting

  role       = aws_iam_role.apply[each.key].name
  policy_arn = aws_iam_policy.engine[each.key].arn
}

# The services that the managed policies use; each policy limits them further, by the cluster's tag. iam:PutRolePolicy is
# not allowed with this boundary, so no role has other policies under it.
data "aws_iam_policy_document" "engine_boundary" {
  #checkov:skip=CKV_AWS_107:A boundary grants no permissions; the managed policies name their resources
  #checkov:skip=CKV_AWS_108:As above
  #checkov:skip=CKV_AWS_109:As above
  #checkov:skip=CKV_AWS_110:As above
  #checkov:skip=CKV_AWS_111:As above
  #checkov:skip=CKV_AWS_356:As above
  for_each = var.engine_hosting

  statement {
    sid = "ServicesOfAClusterInAutoMode"
    actions = [
      "acm:*",
      "autoscaling:*",
      "cognito-idp:DescribeUserPoolClient",
      "ec2:*",
      "ecr:*",
      "eks-auth:AssumeRoleForPodIdentity",
      "eks:*",
      "elasticloadbalancing:*",
      "iam:*InstanceProfile",
      "iam:CreateServiceLinkedRole",
      "iam:GetServerCertificate",
      "iam:ListServerCertificates",
      "kms:DescribeKey",
      "shield:*",
      "waf-regional:*",
      "wafv2:*",
    ]
    resources = ["*"] # the managed policies name them
  }

  statement {
    sid       = "PassTheRoleOfTheNodes"
    actions   = ["iam:PassRole"]
    resources = ["${local.roles_arn}/${local.prefixes[each.key]}-engine-nodes"]
  }
}

resource "aws_iam_policy" "engine_boundary" {
  for_each = var.engine_hosting

  name        = "${local.boundaries[each.key]}-engine"
  description = "Bounds the roles of the engine's cluster in ${local.prefixes[each.key]}"
  policy      = data.aws_iam_policy_document.engine_boundary[each.key].json
}
