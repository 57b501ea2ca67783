locals {
  name         = "${var.prefix}-engine"
  cluster_name = coalesce(var.existing_cluster, local.name)
  cluster_arn  = "arn:${var.partition}:eks:${var.region}:${var.account_id}:cluster/${local.cluster_name}"
  # Composed, so that the kustomization is known at plan.
  repository_url = "${var.account_id}.dkr.ecr.${var.region}.${data.aws_partition.current.dns_suffix}/${local.name}"

  datasets_arn  = "arn:${var.partition}:s3:::${var.buckets.datasets}"
  artifacts_arn = "arn:${var.partition}:s3:::${var.buckets.artifacts}"

  # Bootstrap's second boundary: AWS's policies for clusters and nodes exceed the first.
  cluster_boundary_arn = var.permissions_boundary_arn == null ? null : "${var.permissions_boundary_arn}-engine"

  # https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html
  # https://docs.aws.amazon.com/eks/latest/userguide/auto-create-node-role.html
  cluster_roles = var.new_cluster == null ? {} : {
    cluster = {
      service  = "eks.amazonaws.com"
      policies = ["AmazonEKSBlockStoragePolicy", "AmazonEKSClusterPolicy", "AmazonEKSComputePolicy", "AmazonEKSLoadBalancingPolicy", "AmazonEKSNetworkingPolicy"]
    }
    nodes = {
      service  = "ec2.amazonaws.com"
      policies = ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodeMinimalPolicy"]
    }
  }

  attachments = merge([
    for purpose, role in local.cluster_roles : { for policy in role.policies : "${purpose}-${policy}" => { role = purpose, policy = policy } }
  ]...)
}
