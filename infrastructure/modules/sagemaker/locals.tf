locals {
  name          = "${var.prefix}-custom"
  role_name     = "${var.prefix}-sagemaker"
  datasets_arn  = "arn:${var.partition}:s3:::${var.buckets.datasets}"
  artifacts_arn = "arn:${var.partition}:s3:::${var.buckets.artifacts}"
  log_groups    = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/sagemaker"

  # <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag> or @<digest>
  image          = regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.[^/]+/(?P<repository>[^:@]+)", var.image_uri)
  repository_arn = "arn:${var.partition}:ecr:${local.image.region}:${local.image.account}:repository/${local.image.repository}"

  # Composed from names, so that the policies are known at plan.
  role_arn = "arn:${var.partition}:iam::${var.account_id}:role/${local.role_name}"

  # Models and endpoint configurations are immutable: another model has another name.
  model_name = var.serving == null ? null : "${local.name}-${substr(sha256(jsonencode([var.image_uri, var.serving])), 0, 12)}"
}
