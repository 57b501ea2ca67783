module "workflow" {
  source = "../workflow"

  account_id        = var.account_id
  state_machine_arn = local.state_machine_arn
  key_arn           = var.key_arn
}

data "aws_iam_policy_document" "workflow" {
  #checkov:skip=CKV_AWS_356:Personalize's lists have no resource level; the rest names its resources
  source_policy_documents = [module.workflow.permissions]

  statement {
    sid = "CreateAndDescribeDeclaredResources"
    actions = [
      "personalize:CreateCampaign",
      "personalize:CreateDataset",
      "personalize:CreateDatasetGroup",
      "personalize:CreateDatasetImportJob",
      "personalize:CreateFilter",
      "personalize:CreateSchema",
      "personalize:CreateSolution",
      "personalize:CreateSolutionVersion",
      "personalize:DeleteFilter",
      "personalize:DescribeCampaign",
      "personalize:DescribeDataset",
      "personalize:DescribeDatasetGroup",
      "personalize:DescribeDatasetImportJob",
      "personalize:DescribeFilter",
      "personalize:DescribeSchema",
      "personalize:DescribeSolution",
      "personalize:DescribeSolutionVersion",
      "personalize:GetSolutionMetrics",
      "personalize:UpdateCampaign",
      "personalize:UpdateDataset",
    ]
    resources = local.declared_arns
  }

  # Tags of a create call need this permission as well.
  statement {
    sid       = "TagTheResourcesThatItCreates"
    actions   = ["personalize:TagResource"]
    resources = concat(local.declared_arns, ["${local.personalize_arn}:event-tracker/*"])
  }

  statement {
    sid       = "CreateAndDescribeTheEventTracker"
    actions   = ["personalize:CreateEventTracker", "personalize:DescribeEventTracker"]
    resources = ["${local.personalize_arn}:dataset-group/${var.prefix}", "${local.personalize_arn}:event-tracker/*"] # Personalize generates the tracker's id
  }

  statement {
    sid       = "UseAmazonsRecipes"
    actions   = ["personalize:CreateSolution"]
    resources = ["arn:${var.partition}:personalize:::recipe/*"]
  }

  statement {
    sid       = "FindTheEventTrackerAndTheFilters"
    actions   = ["personalize:ListEventTrackers", "personalize:ListFilters"]
    resources = ["*"] # Personalize's lists have no resource level
  }

  statement {
    sid       = "PassTheRoleOfPersonalize"
    actions   = ["iam:PassRole"]
    resources = [local.personalize_role_arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["personalize.amazonaws.com"]
    }
  }

  statement {
    sid       = "TakeTheLock"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [local.locks_arn]
  }

  statement {
    sid       = "NoteTheServingVersions"
    actions   = ["dynamodb:PutItem"]
    resources = [local.answers_arn]
  }

  statement {
    sid       = "FindWhoHoldsTheLockAndStopTheOthers"
    actions   = ["states:DescribeExecution", "states:StopExecution"]
    resources = [local.execution_arn]
  }

  statement {
    sid       = "RunTheSparkJob"
    actions   = ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"]
    resources = [local.glue_job_arn]
  }

  statement {
    sid       = "ReadTheManifests"
    actions   = ["s3:GetObject"]
    resources = ["${local.datasets_arn}/*/manifest.json"]
  }

  statement {
    sid       = "ReadAndWriteProfilesOfChampions"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.records_arn}/champions/*"]
  }

  statement {
    sid       = "ListProfilesToDetectMissingOnes"
    actions   = ["s3:ListBucket"]
    resources = [local.records_arn]
  }

  statement {
    sid       = "PublishTheTrackingId"
    actions   = ["ssm:PutParameter"]
    resources = [local.parameter_arn]
  }

  statement {
    sid       = "PublishTheFilters"
    actions   = ["ssm:PutParameter"]
    resources = [local.filters_arn]
  }

  statement {
    sid       = "InvokeRecommendForPopularItems"
    actions   = ["lambda:InvokeFunction"]
    resources = [var.recommend_function_arn]
  }

  statement {
    sid       = "InvokeTheJudge"
    actions   = ["lambda:InvokeFunction"]
    resources = [var.judge_function_arn]
  }

  dynamic "statement" {
    for_each = var.sagemaker[*]

    content {
      sid       = "TrainCustomModels"
      actions   = ["sagemaker:AddTags", "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"]
      resources = ["arn:${var.partition}:sagemaker:${var.region}:${var.account_id}:training-job/${statement.value.name}-*"]
    }
  }

  dynamic "statement" {
    for_each = var.sagemaker[*]

    content {
      sid       = "PassTheRoleOfSageMaker"
      actions   = ["iam:PassRole"]
      resources = [statement.value.role_arn]

      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = ["sagemaker.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.sagemaker[*]

    content {
      sid       = "LetSageMakerEncryptItsDisks"
      actions   = ["kms:CreateGrant"]
      resources = [var.key_arn]

      condition {
        test     = "Bool"
        variable = "kms:GrantIsForAWSResource"
        values   = ["true"]
      }
    }
  }

  # https://docs.aws.amazon.com/step-functions/latest/dg/sagemaker-iam.html: the rule that notifies .sync of the end.
  dynamic "statement" {
    for_each = var.sagemaker[*]

    content {
      sid       = "ReceiveTheEndOfTrainingJobs"
      actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
      resources = ["arn:${var.partition}:events:${var.region}:${var.account_id}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"]
    }
  }
}

resource "aws_iam_role" "workflow" {
  name                 = "${var.prefix}-train-workflow"
  description          = "Role of the training state machine"
  assume_role_policy   = module.workflow.trust
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "workflow" {
  name   = "workflow"
  role   = aws_iam_role.workflow.name
  policy = data.aws_iam_policy_document.workflow.json
}

data "aws_iam_policy_document" "personalize_trust" {
  statement {
    sid     = "PersonalizeOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["personalize.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

data "aws_iam_policy_document" "personalize" {
  statement {
    sid       = "ReadTheDataSets"
    actions   = ["s3:GetObject"]
    resources = ["${local.datasets_arn}/*"]
  }

  statement {
    sid       = "ListTheDataSets"
    actions   = ["s3:ListBucket"]
    resources = [local.datasets_arn]
  }

  # https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html; only the key policy grants CreateGrant
  statement {
    sid       = "DecryptTheDataSets"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
    resources = [var.key_arn]
  }
}

resource "aws_iam_role" "personalize" {
  name                 = local.personalize_role
  description          = "Role with which Personalize imports the data sets"
  assume_role_policy   = data.aws_iam_policy_document.personalize_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "personalize" {
  name   = "import"
  role   = aws_iam_role.personalize.name
  policy = data.aws_iam_policy_document.personalize.json
}
