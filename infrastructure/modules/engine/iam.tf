data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "PodsOfTheCluster"
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.cluster_arn]
    }
  }
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "ReadImports"
    actions   = ["s3:GetObject"]
    resources = ["${local.datasets_arn}/*", "${local.artifacts_arn}/engine/*"] # batch jobs read their input here
  }

  statement {
    sid       = "WriteExportsAndResults"
    actions   = ["s3:PutObject"]
    resources = ["${local.artifacts_arn}/engine/*"]
  }

  statement {
    sid       = "ListItsBuckets"
    actions   = ["s3:ListBucket"]
    resources = [local.artifacts_arn, local.datasets_arn]
  }

  statement {
    sid       = "DecryptAndEncryptObjects"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = local.name
  description          = "Role with which the hosted engine reads imports and writes exports"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "engine"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.this.json
}

# --- the roles of a created cluster ----------------------------------------------------------------------------------

data "aws_iam_policy_document" "cluster_trust" {
  for_each = local.cluster_roles

  statement {
    sid     = "TheService"
    actions = each.key == "cluster" ? ["sts:AssumeRole", "sts:TagSession"] : ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value.service]
    }
  }
}

resource "aws_iam_role" "cluster" {
  for_each = local.cluster_roles

  name                 = "${local.name}-${each.key}"
  description          = each.key == "cluster" ? "Role with which EKS runs the cluster of the engine" : "Role of the nodes of the engine's cluster"
  assume_role_policy   = data.aws_iam_policy_document.cluster_trust[each.key].json
  permissions_boundary = local.cluster_boundary_arn
}

resource "aws_iam_role_policy_attachment" "cluster" {
  for_each = local.attachments

  role       = aws_iam_role.cluster[each.value.role].name
  policy_arn = "arn:${var.partition}:iam::aws:policy/${each.value.policy}"
}
