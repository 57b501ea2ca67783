data "aws_partition" "current" {}

resource "aws_ecr_repository" "this" {
  name                 = local.name
  image_tag_mutability = "IMMUTABLE"

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.key_arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the newest images"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 20 }
      action       = { type = "expire" }
    }]
  })
}

# The pods of the service account get the role's credentials from the node's Pod Identity agent.
resource "aws_eks_pod_identity_association" "this" {
  for_each = var.namespaces

  cluster_name    = var.existing_cluster == null ? aws_eks_cluster.this[0].name : var.existing_cluster
  namespace       = each.key
  service_account = "rivulet-engine"
  role_arn        = aws_iam_role.this.arn
}

resource "aws_cloudwatch_log_group" "cluster" {
  count = length(var.new_cluster[*])

  name              = "/aws/eks/${local.name}/cluster"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

# Auto Mode: EKS runs the nodes, volumes, network and DNS, and starts a node that the pod fits on, in its volume's zone.
resource "aws_eks_cluster" "this" {
  count = length(var.new_cluster[*])

  name                          = local.name
  version                       = var.new_cluster.version
  role_arn                      = aws_iam_role.cluster["cluster"].arn
  bootstrap_self_managed_addons = false
  enabled_cluster_log_types     = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  compute_config {
    enabled       = true
    node_pools    = ["general-purpose", "system"]
    node_role_arn = aws_iam_role.cluster["nodes"].arn
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = var.key_arn
    }
  }

  kubernetes_network_config {
    elastic_load_balancing {
      enabled = true
    }
  }

  storage_config {
    block_storage {
      enabled = true
    }
  }

  # Not extended support, which costs six times as much: EKS upgrades a version at the end of its standard support.
  upgrade_policy {
    support_type = "STANDARD"
  }

  vpc_config {
    subnet_ids              = var.new_cluster.subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = length(var.new_cluster.public_access_cidrs) > 0
    public_access_cidrs     = length(var.new_cluster.public_access_cidrs) > 0 ? var.new_cluster.public_access_cidrs : null
  }

  depends_on = [aws_cloudwatch_log_group.cluster, aws_iam_role_policy_attachment.cluster]
}

resource "aws_eks_access_entry" "administrators" {
  for_each = var.new_cluster == null ? toset([]) : var.new_cluster.administrators

  cluster_name  = aws_eks_cluster.this[0].name
  principal_arn = each.key
}

resource "aws_eks_access_policy_association" "administrators" {
  for_each = aws_eks_access_entry.administrators

  cluster_name  = each.value.cluster_name
  principal_arn = each.key
  policy_arn    = "arn:${var.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}
