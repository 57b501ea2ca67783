module "workflow" {
  source = "../workflow"

  account_id        = var.account_id
  state_machine_arn = local.state_machine_arn
  key_arn           = var.key_arn
}

data "aws_iam_policy_document" "this" {
  #checkov:skip=CKV_AWS_111:PutEvents has no resource level; the rest names its resources
  #checkov:skip=CKV_AWS_356:As above
  source_policy_documents = [module.workflow.permissions]

  statement {
    sid       = "WriteTheFactsOfVisitors"
    actions   = ["personalize:PutUsers"]
    resources = [local.users_dataset_arn]
  }

  statement {
    sid       = "WriteTheChoicesOfVisitors"
    actions   = ["personalize:PutEvents"]
    resources = ["*"] # no resource level: https://docs.aws.amazon.com/personalize/latest/dg/recording-item-interaction-events.html
  }

  statement {
    sid     = "AskTheCampaign"
    actions = ["personalize:GetRecommendations"]
    # A request with a filter also needs the permission for the filter.
    resources = [var.campaign_arn, "${local.personalize_arn}:filter/${var.prefix}-*"]
  }

  statement {
    sid       = "ReadTheTrackingId"
    actions   = ["ssm:GetParameter"]
    resources = [local.parameter_arn]
  }
}

resource "aws_iam_role" "this" {
  name                 = "${local.state_machine_name}-workflow"
  description          = "Role of the state machine that writes visitors and asks for their recommendations"
  assume_role_policy   = module.workflow.trust
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "workflow"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.this.json
}
