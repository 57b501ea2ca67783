locals {
  partition       = data.aws_partition.current.partition
  here            = "${var.region}:${var.account_id}"
  state_bucket    = "${var.project}-${var.account_id}-terraform"
  state_arn       = "arn:${local.partition}:s3:::${local.state_bucket}"
  state_alias     = "alias/${var.project}-terraform"
  keys_arn        = "arn:${local.partition}:kms:${local.here}:key/*" # keys have generated ids; each statement has a condition
  account_arn     = "arn:${local.partition}:iam::${var.account_id}:root"
  roles_arn       = "arn:${local.partition}:iam::${var.account_id}:role"
  issuer          = "token.actions.githubusercontent.com"
  provider_arn    = "arn:${local.partition}:iam::${var.account_id}:oidc-provider/${local.issuer}"
  apis_arn        = "arn:${local.partition}:apigateway:${var.region}::"
  personalize_arn = "arn:${local.partition}:personalize:${local.here}"
  api_logs_arn    = "arn:${local.partition}:logs:${local.here}:log-group:API-Gateway-Execution-Logs_*" # named by API Gateway

  # Composed, so that the policies are known at plan.
  boundaries    = { for environment in var.environments : environment => "${var.project}-boundary-${environment}" }
  boundary_arns = { for environment, name in local.boundaries : environment => "arn:${local.partition}:iam::${var.account_id}:policy/${name}" }

  prefixes   = { for environment in var.environments : environment => "${var.project}-${environment}" }
  state_keys = { for environment in var.environments : environment => "${local.state_arn}/${var.project}/${environment}.tfstate" }

  # Plans that were shown and not applied yet, and the record of each applied commit, beside the state.
  plans_arns    = { for environment in var.environments : environment => "${local.state_arn}/${var.project}/${environment}/plans/*" }
  releases_arns = { for environment in var.environments : environment => "${local.state_arn}/${var.project}/${environment}/releases/*" }

  # Default tags of the root; they identify the resources with generated ids.
  tags = { for environment in var.environments : environment => { Environment = environment, Project = var.project } }

  # Code of the functions and of the Spark job, which the provider reads.
  archives_arns = {
    for environment, prefix in local.prefixes :
    environment => [for folder in ["glue", "lambda"] : "arn:${local.partition}:s3:::${prefix}-${var.account_id}-artifacts/${folder}/*"]
  }

  # A pull request plans dev only: its code is not reviewed yet, and a plan can print the content of a state.
  plan_subjects = {
    for environment in var.environments : environment => coalesce(try(var.github_subjects[environment].plan, null), [
      for claim in environment == "dev" ? ["pull_request", "ref:refs/heads/main"] : ["ref:refs/heads/main", "environment:${environment}"] :
      "repo:${var.repository}:${claim}"
    ])
  }

  # The subject contains the environment in place of the branch: the GitHub environment must restrict the branches.
  apply_subjects = {
    for environment in var.environments : environment => coalesce(
      try(var.github_subjects[environment].apply, null), ["repo:${var.repository}:environment:${environment}"]
    )
  }

  # The root's resources whose names contain the environment. Resources with generated ids have their own statements.
  named_arns = {
    for environment, prefix in local.prefixes : environment => [
      for resource in [
        "athena:${local.here}:workgroup/${prefix}",
        "budgets::${var.account_id}:budget/${prefix}",
        "cloudwatch:${local.here}:alarm:${prefix}-*",
        "cloudwatch::${var.account_id}:dashboard/${prefix}",
        "dynamodb:${local.here}:table/${prefix}-*",
        "events:${local.here}:rule/${prefix}-*",
        "firehose:${local.here}:deliverystream/${prefix}-*",
        "glue:${local.here}:database/${var.project}_${environment}",
        "glue:${local.here}:job/${prefix}-*",
        "glue:${local.here}:table/${var.project}_${environment}/*",
        "glue:${local.here}:userDefinedFunction/${var.project}_${environment}/*", # deleted with their database
        "kinesis:${local.here}:stream/${prefix}-*",
        "lambda:${local.here}:function:${prefix}-*",
        "logs:${local.here}:log-group:/aws*/${prefix}*",
        "logs:${local.here}:log-group:aws-waf-logs-${prefix}*",
        "s3:::${prefix}-*",
        "sagemaker:${local.here}:*/${prefix}-*",
        "scheduler:${local.here}:schedule/default/${prefix}-*",
        "sns:${local.here}:${prefix}-*",
        "sqs:${local.here}:${prefix}-*",
        "ssm:${local.here}:parameter/${var.project}/${environment}", # the path of GetParametersByPath
        "ssm:${local.here}:parameter/${var.project}/${environment}/*",
        "states:${local.here}:*:${prefix}-*",
        "wafv2:${local.here}:regional/webacl/${prefix}/*",
      ] : "arn:${local.partition}:${resource}"
    ]
  }
}
