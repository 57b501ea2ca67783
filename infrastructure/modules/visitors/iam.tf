data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "AssumedByThisStateMachine"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.state_machine_arn]
    }
  }
}

data "aws_iam_policy_document" "this" {
  #checkov:skip=CKV_AWS_111:PutEvents, log deliveries and traces have no resource level; the rest names its resources
  #checkov:skip=CKV_AWS_356:As above
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

  statement {
    sid       = "UseTheEnvironmentsKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }

  statement {
    sid = "DeliverItsLog"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"] # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html: no resource level
  }

  statement {
    sid       = "WriteTraces"
    actions   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"] # X-Ray has no resource level
  }
}

resource "aws_iam_role" "this" {
  name                 = "${local.state_machine_name}-workflow"
  description          = "Role of the state machine that writes visitors and asks for their recommendations"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "workflow"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.this.json
}
