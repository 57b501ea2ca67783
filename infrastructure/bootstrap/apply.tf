# A role per environment for terraform apply: it changes the environment's resources and state, but no other environment
# and none of bootstrap's resources.

locals {
  # All actions on the resources whose names contain the environment.
  named_writes = [
    "athena:*",
    "budgets:*",
    "cloudwatch:*",
    "dynamodb:*",
    "firehose:*",
    "glue:*",
    "kinesis:*",
    "lambda:*",
    "logs:*",
    "s3:*",
    "sagemaker:*",
    "scheduler:*",
    "sns:*",
    "sqs:*",
    "ssm:GetParametersByPath",
    "states:*",
    "wafv2:*",
  ]

  # Write actions without a resource level. The ARN of an SNS subscription contains its topic, but IAM does not evaluate it.
  account_writes = [
    "glue:CreateSecurityConfiguration",
    "glue:DeleteSecurityConfiguration",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
  ]

  # Services that need a service-linked role: API Gateway for the first API, WAF for the first log.
  linked_roles = ["ops.apigateway.amazonaws.com", "wafv2.amazonaws.com"]

  passed_to = [
    "firehose.amazonaws.com",
    "glue.amazonaws.com",
    "lambda.amazonaws.com",
    "sagemaker.amazonaws.com",
    "scheduler.amazonaws.com",
    "states.amazonaws.com",
  ]
}

data "aws_iam_policy_document" "apply" {
  #checkov:skip=CKV_AWS_107:A role that may change an environment may also read it; the session lasts at most two hours, and one GitHub environment is trusted
  #checkov:skip=CKV_AWS_108:As above, and only this environment's
  #checkov:skip=CKV_AWS_109:Roles can only be created with the boundary, which cannot be changed or removed
  #checkov:skip=CKV_AWS_110:As above
  #checkov:skip=CKV_AWS_111:Only for actions without a resource level, and for generated ids, which conditions on tags limit
  #checkov:skip=CKV_AWS_286:As for CKV_AWS_110
  #checkov:skip=CKV_AWS_287:As for CKV_AWS_107
  #checkov:skip=CKV_AWS_288:As for CKV_AWS_107
  #checkov:skip=CKV_AWS_289:As for CKV_AWS_110
  #checkov:skip=CKV_AWS_290:As for CKV_AWS_111
  #checkov:skip=CKV_AWS_355:As for CKV_AWS_111
  #checkov:skip=CKV_AWS_356:As for CKV_AWS_111
  #checkov:skip=CKV2_AWS_40:As for CKV_AWS_110
  for_each = local.prefixes

  statement {
    sid       = "FindTheState"
    actions   = ["s3:ListBucket"]
    resources = [local.state_arn]
  }

  statement {
    sid       = "ReadAndWriteTheState"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = [local.state_keys[each.key], "${local.state_keys[each.key]}.tflock", local.plans_arns[each.key], local.releases_arns[each.key]]
  }

  statement {
    sid       = "UnlockTheState"
    actions   = ["s3:DeleteObject"]
    resources = ["${local.state_keys[each.key]}.tflock"]
  }

  statement {
    sid       = "EncryptTheState"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [local.keys_arn]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values   = [local.state_alias]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "ChangeNamedResources"
    actions   = local.named_writes
    resources = local.named_arns[each.key]
  }

  statement {
    sid       = "ChangeTheCatalogue"
    actions   = ["glue:*Database", "glue:*Table", "glue:GetPartitionIndexes"]
    resources = ["arn:${local.partition}:glue:${local.here}:catalog"] # evaluated in addition to the database and the table
  }

  statement {
    sid       = "ChangeWhatHasNoResourceLevel"
    actions   = concat(local.account_reads, local.account_writes)
    resources = ["*"] # none of these actions takes a resource with the environment's name
  }

  # Keys of the API that a deployment makes: those of the canary and of its checks.
  statement {
    sid       = "MakeKeysOfTheApi"
    actions   = ["ssm:AddTagsToResource", "ssm:DeleteParameters", "ssm:GetParameters", "ssm:PutParameter"]
    resources = [for folder in ["keys", "secrets"] : "arn:${local.partition}:ssm:${local.here}:parameter/${var.project}/${each.key}/${folder}/*"]
  }

  # Event source mappings have generated ids, and none before they are created.
  statement {
    sid       = "ChangeMappings"
    actions   = ["lambda:*EventSourceMapping"]
    resources = ["*"]

    condition {
      test     = "ArnLike"
      variable = "lambda:FunctionArn"
      values   = ["arn:${local.partition}:lambda:${local.here}:function:${each.value}-*"]
    }
  }

  # The provider reads a mapping until it is gone, and then no condition key names its function.
  statement {
    sid       = "ReadDeletedMappings"
    actions   = ["lambda:GetEventSourceMapping"]
    resources = ["arn:${local.partition}:lambda:${local.here}:event-source-mapping:*"]

    condition {
      test     = "Null"
      variable = "lambda:FunctionArn"
      values   = ["true"]
    }
  }

  # APIs have generated ids, and none before they are created.
  statement {
    sid       = "CreateTaggedApisAndTheirLogs"
    actions   = ["apigateway:POST", "logs:CreateLogGroup"]
    resources = concat([for collection in ["apikeys", "restapis", "usageplans"] : "${local.apis_arn}/${collection}"], [local.api_logs_arn])

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "CreateTaggedKeys"
    actions   = ["kms:CreateKey"]
    resources = ["*"] # a key has a generated id, and none before it is created

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # Resources with generated ids are identified by tags; API Gateway's children inherit those of their API or usage plan:
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
  statement {
    sid     = "ChangeTaggedResources"
    actions = ["apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:SetWebACL", "kms:*", "logs:*"]
    resources = [
      local.api_logs_arn,
      "${local.apis_arn}/apikeys/*",
      "${local.apis_arn}/restapis/*",
      "${local.apis_arn}/usageplans/*",
      local.keys_arn,
    ]

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }

    # The tags of another environment cannot be set.
    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEqualsIfExists"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # A new resource is tagged before it has tags; a resource with the tags of another environment is not new.
  statement {
    sid     = "TagNewResources"
    actions = ["apigateway:PUT", "kms:TagResource", "lambda:ListTags", "lambda:TagResource", "lambda:UntagResource", "logs:TagResource"]
    resources = [
      local.api_logs_arn,
      "${local.apis_arn}/tags/*",
      "arn:${local.partition}:lambda:${local.here}:event-source-mapping:*",
      local.keys_arn,
    ]

    dynamic "condition" {
      for_each = merge([for kind in ["RequestTag", "ResourceTag"] : { for key, value in local.tags[each.key] : "aws:${kind}/${key}" => value }]...)

      content {
        test     = "StringEqualsIfExists"
        variable = condition.key
        values   = [condition.value]
      }
    }

    # A key with another alias is not new.
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "kms:ResourceAliases"
      values   = ["alias/${each.value}"]
    }
  }

  statement {
    sid       = "ChangeTheAliasOfItsKey"
    actions   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
    resources = ["arn:${local.partition}:kms:${local.here}:alias/${each.value}"]
  }

  statement {
    sid     = "AssociateTheFirewall"
    actions = ["wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource"]
    # WAF does not evaluate a stage's tags; apigateway:SetWebACL, which both changes require, does.
    resources = ["${local.apis_arn}/restapis/*/stages/*"]
  }

  statement {
    sid       = "UseManagedRules"
    actions   = ["wafv2:CreateWebACL", "wafv2:UpdateWebACL"]
    resources = ["arn:${local.partition}:wafv2:${var.region}:*:regional/managedruleset/*/*"] # AWS's own account
  }

  statement {
    sid       = "CreateRolesWithTheBoundary"
    actions   = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = ["${local.roles_arn}/${each.value}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary_arns[each.key]]
    }
  }

  statement {
    sid = "ChangeRoles"
    actions = [
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = ["${local.roles_arn}/${each.value}-*"]
  }

  statement {
    sid       = "PassRolesToTheirServices"
    actions   = ["iam:PassRole"]
    resources = ["${local.roles_arn}/${each.value}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = local.passed_to
    }
  }

  statement {
    sid       = "CreateServiceLinkedRoles"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = [for service in local.linked_roles : "${local.roles_arn}/aws-service-role/${service}/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = local.linked_roles
    }
  }

  statement {
    sid     = "DenyOtherObjectsAndBuckets"
    effect  = "Deny"
    actions = ["s3:*"]
    not_resources = [
      "arn:${local.partition}:s3:::${each.value}-*",
      local.state_arn,
      local.state_keys[each.key],
      "${local.state_keys[each.key]}.tflock",
      local.plans_arns[each.key],
      local.releases_arns[each.key],
    ]
  }

  statement {
    sid         = "DenyChangesOfTheStateBucket"
    effect      = "Deny"
    not_actions = ["s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]
    resources   = [local.state_arn, "${local.state_arn}/*"]
  }

  statement {
    sid         = "DenyChangesOfTheStateKey"
    effect      = "Deny"
    not_actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources   = [local.keys_arn]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values   = [local.state_alias]
    }
  }

  statement {
    sid       = "DenyAliasOfTheStateKey"
    effect    = "Deny"
    actions   = ["kms:*"]
    resources = ["arn:${local.partition}:kms:${local.here}:${local.state_alias}"]
  }

  statement {
    sid       = "DenyPermissionsWithoutBoundary"
    effect    = "Deny"
    actions   = concat(["iam:CreateUser", "iam:DeleteRolePermissionsBoundary"], contains(keys(var.engine_hosting), each.key) ? [] : ["iam:AttachRolePolicy"])
    resources = ["*"]
  }

  statement {
    sid     = "DenyChangesOfBootstrap"
    effect  = "Deny"
    actions = ["iam:*"]
    resources = [
      "${local.roles_arn}/${var.project}-api-gateway-logs",
      "${local.roles_arn}/${var.project}-apply-*",
      "${local.roles_arn}/${var.project}-plan-*",
      "arn:${local.partition}:iam::${var.account_id}:policy/${var.project}-boundary-*",
      "arn:${local.partition}:iam::${var.account_id}:policy/${var.project}-engine-*",
      "arn:${local.partition}:iam::${var.account_id}:policy/${var.project}-removal-*",
      "arn:${local.partition}:iam::${var.account_id}:policy/${var.project}-web-*",
      local.provider_arn,
    ]
  }
}

resource "aws_iam_role" "apply" {
  for_each = var.environments

  name                 = "${var.project}-apply-${each.key}"
  description          = "Changes ${local.prefixes[each.key]}, for terraform apply in GitHub Actions"
  assume_role_policy   = data.aws_iam_policy_document.github_trust["apply-${each.key}"].json
  max_session_duration = 7200 # an apply, up to half an hour of preparing, another apply
}

resource "aws_iam_role_policy" "apply" {
  for_each = var.environments

  name   = "apply"
  role   = aws_iam_role.apply[each.key].name
  policy = data.aws_iam_policy_document.apply[each.key].json
}

# A policy of its own: with it the inline policy would exceed IAM's quota.
# python -m deployment.remove, before and after a destroy
data "aws_iam_policy_document" "removal" {
  for_each = local.prefixes

  statement {
    sid       = "RemoveTheRecommender"
    actions   = ["personalize:Delete*", "personalize:StopSolutionVersionCreation"]
    resources = [for resource in ["*/${each.value}", "*/${each.value}-*", "dataset/${each.value}/*"] : "${local.personalize_arn}:${resource}"]
  }

  statement {
    sid       = "RemoveTheEventTracker"
    actions   = ["personalize:DeleteEventTracker"]
    resources = ["${local.personalize_arn}:event-tracker/*"] # Personalize generates the tracker's id

    dynamic "condition" {
      for_each = local.tags[each.key]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid     = "StopTrainingsAndRemoveParameters"
    actions = ["ssm:DeleteParameters", "ssm:GetParameters", "states:ListExecutions", "states:StopExecution"]
    resources = [
      "arn:${local.partition}:ssm:${local.here}:parameter/${var.project}/${each.key}/*",
      "arn:${local.partition}:states:${local.here}:execution:${each.value}-train:*",
      "arn:${local.partition}:states:${local.here}:stateMachine:${each.value}-train",
    ]
  }

  statement {
    sid       = "FindWhatIsLeft"
    actions   = ["personalize:List*", "tag:GetResources"]
    resources = ["*"] # lists have no resource level
  }
}

resource "aws_iam_policy" "removal" {
  for_each = local.prefixes

  name        = "${var.project}-removal-${each.key}"
  description = "Remove what the training workflow of ${each.key} created."
  policy      = data.aws_iam_policy_document.removal[each.key].json
}

resource "aws_iam_role_policy_attachment" "removal" {
  for_each = local.prefixes

  role       = aws_iam_role.apply[each.key].name
  policy_arn = aws_iam_policy.removal[each.key].arn
}
