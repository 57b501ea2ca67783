module "workflow" {
  source = "../workflow"

  account_id        = var.account_id
  state_machine_arn = local.state_machine_arn
  key_arn           = var.key_arn
}

data "aws_iam_policy_document" "this" {
  source_policy_documents = [module.workflow.permissions]

  statement {
    sid       = "RunTheSparkJob"
    actions   = ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"]
    resources = [local.glue_job_arn]
  }
}

resource "aws_iam_role" "this" {
  name                 = "${local.state_machine_name}-workflow"
  description          = "Role of the state machine that curates the lake"
  assume_role_policy   = module.workflow.trust
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "workflow"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.this.json
}
