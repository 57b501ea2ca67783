resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_sfn_state_machine" "this" {
  name     = local.state_machine_name
  role_arn = aws_iam_role.workflow.arn

  # Without the template's line breaks, so that AWS's stored definition compares equal.
  definition = jsonencode(jsondecode(local.definition))

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.key_arn
    kms_data_key_reuse_period_seconds = 300
  }

  logging_configuration {
    level = "ALL"
    # The input and output of the states contain resources and counts, but no users.
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  lifecycle {
    precondition {
      condition     = length(local.unacceptable_filters) == 0
      error_message = "Personalize does not accept the filters ${join(", ", local.unacceptable_filters)} of ${var.solutions_file}: with the environment and a hash a name has at most 63 letters, digits, '-' and '_', and an expression has at most 2,500 characters."
    }

    precondition {
      condition     = length(local.malformed_filters) == 0
      error_message = "The filters ${join(", ", local.malformed_filters)} of ${var.solutions_file} are malformed: each clause is INCLUDE or EXCLUDE, then ItemID, UserID or ActionID, WHERE and a condition; clauses are joined by |. The check filters of deployment.check points at the place."
    }

    precondition {
      condition     = length(local.unknown_filter_columns) == 0
      error_message = "Filters of ${var.solutions_file} use columns that no schema in ${var.schemas_directory} has: ${join(", ", local.unknown_filter_columns)}."
    }

    # https://docs.aws.amazon.com/personalize/latest/dg/limits.html: 30 filters a dataset group. A changed filter exists beside
    # the previous one until the training has deployed.
    precondition {
      condition     = 2 * length(local.filters) <= 30
      error_message = "${var.solutions_file} declares ${length(local.filters)} filters; declare at most 15, since a dataset group has at most 30 and a change creates each anew."
    }

    # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
    precondition {
      condition     = length(local.published_filters) <= 4096
      error_message = "The filters of ${var.solutions_file} take ${length(local.published_filters)} characters in their SSM parameter, which holds 4,096; declare fewer, or shorter names."
    }
  }

  # Step Functions rejects a state machine whose role may not write the log yet.
  depends_on = [aws_iam_role_policy.workflow]
}
