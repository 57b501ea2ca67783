locals {
  partition    = data.aws_partition.current.partition
  state_bucket = "${var.project}-${var.account_id}-terraform"
  state_arn    = "arn:${local.partition}:s3:::${local.state_bucket}"
  account_arn  = "arn:${local.partition}:iam::${var.account_id}:root"
  boundary     = "${var.project}-boundary"
  boundary_arn = "arn:${local.partition}:iam::${var.account_id}:policy/${local.boundary}"
  issuer       = "token.actions.githubusercontent.com"
  provider_arn = "arn:${local.partition}:iam::${var.account_id}:oidc-provider/${local.issuer}"

  # Subjects that may plan: pull requests of the repository itself, and its main branch.
  plan_subjects = ["repo:${var.repository}:pull_request", "repo:${var.repository}:ref:refs/heads/main"]
}
