# A setting per account and region, without which API Gateway cannot write execution logs.

resource "aws_api_gateway_account" "this" {
  count = var.api_gateway_logging ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.api_gateway[count.index].arn

  depends_on = [aws_iam_role_policy.api_gateway]
}

data "aws_iam_policy_document" "api_gateway_trust" {
  statement {
    sid     = "ApiGateway"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "api_gateway" {
  statement {
    sid       = "WriteTheLogsOfApis"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${var.region}:${var.account_id}:log-group:*"]
  }

  statement {
    sid       = "ListLogGroups"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["arn:${local.partition}:logs:${var.region}:${var.account_id}:log-group:*"]
  }
}

resource "aws_iam_role" "api_gateway" {
  count = var.api_gateway_logging ? 1 : 0

  name               = "${var.project}-api-gateway-logs"
  description        = "Lets API Gateway write logs in this account and region"
  assume_role_policy = data.aws_iam_policy_document.api_gateway_trust.json
}

resource "aws_iam_role_policy" "api_gateway" {
  count = var.api_gateway_logging ? 1 : 0

  name   = "logs"
  role   = aws_iam_role.api_gateway[count.index].name
  policy = data.aws_iam_policy_document.api_gateway.json
}
