# The real provider without a network; only the state machine is overridden, since the provider has AWS validate it at plan.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target          = aws_sfn_state_machine.this
  override_during = plan
  values = {
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"
  }
}

variables {
  partition              = "aws"
  region                 = "eu-central-1"
  account_id             = "123456789012"
  prefix                 = "rivulet-test"
  key_arn                = "arn:aws:kms:eu-central-1:123456789012:key/none"
  solutions_file         = "tests/declaration/solutions.json"
  schemas_directory      = "tests/declaration"
  buckets                = { lake = "lake", datasets = "datasets" }
  glue_job_name          = "rivulet-test-datasets"
  recommend_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-recommend"
  tracking_id_parameter  = "/rivulet/test/tracking-id"
  poll_seconds           = 60
  log_retention_days     = 30
}

run "the_definition_is_json_and_knows_the_declaration" {
  command = plan

  assert {
    condition     = jsondecode(output.definition).States[jsondecode(output.definition).StartAt].Assign.configuration.dataset_group == "rivulet-test"
    error_message = "The state machine makes another dataset group."
  }

  assert {
    condition     = toset(local.configuration.solutions[*].name) == toset([for name in keys(jsondecode(file("tests/declaration/solutions.json")).solutions) : "rivulet-test-${name}"])
    error_message = "A solution that is declared is not made, or another is."
  }

  assert {
    condition     = alltrue([for dataset in local.configuration.datasets : endswith(dataset.schema_name, substr(sha256(file("tests/declaration/${dataset.folder}.avsc")), 0, 8))])
    error_message = "A changed schema would keep its name, and Personalize would keep the old one."
  }
}

run "the_workflow_may_do_what_its_states_do_and_nothing_else" {
  command = plan

  # The services' actions as the definition names them, against those that the policy allows.
  assert {
    condition = toset([
      for call in distinct(regexall("aws-sdk:personalize:([A-Za-z]+)", output.definition)) : "personalize:${title(call[0])}"
      ]) == toset([
      for action in flatten([for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Action]) : action if startswith(action, "personalize:")
    ])
    error_message = "The policy has an action of Personalize that no state calls, or misses one."
  }
}

run "the_workflow_reaches_its_own_resources_only" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Sid => statement.Resource
      if contains(["LetPersonalizeReadTheDataSets", "RunTheSparkJob", "PublishTheTrackingId", "AskForPopularItems", "ReadTheManifests"], statement.Sid)
      } == {
      LetPersonalizeReadTheDataSets = "arn:aws:iam::123456789012:role/rivulet-test-personalize"
      RunTheSparkJob                = "arn:aws:glue:eu-central-1:123456789012:job/rivulet-test-datasets"
      PublishTheTrackingId          = "arn:aws:ssm:eu-central-1:123456789012:parameter/rivulet/test/tracking-id"
      AskForPopularItems            = "arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-recommend"
      ReadTheManifests              = "arn:aws:s3:::datasets/*/manifest.json"
    }
    error_message = "The workflow may reach something else."
  }

  assert {
    condition = toset([
      for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
    ]) == toset(["DeliverItsLog", "FindTheEventTracker", "WriteTraces"])
    error_message = "Another statement holds for all resources."
  }
}

run "the_assertions_above_find_a_function_that_is_anything" {
  command = plan

  variables {
    recommend_function_arn = "*"
  }

  assert {
    condition = contains([
      for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
    ], "AskForPopularItems")
    error_message = "A statement for all resources goes unnoticed."
  }
}

run "personalize_reads_the_data_sets_of_this_account" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.personalize.json).Statement : statement.Action
    ])) == toset(["kms:Decrypt", "s3:GetObject", "s3:ListBucket"])
    error_message = "Personalize may do more than read."
  }

  assert {
    condition     = one(jsondecode(data.aws_iam_policy_document.personalize_trust.json).Statement).Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Personalize on behalf of another account may take the role."
  }
}

run "nothing_is_scheduled_where_no_schedule_is_given" {
  command = plan

  assert {
    condition     = length(aws_scheduler_schedule.this) + length(aws_iam_role.schedule) == 0
    error_message = "Trainings start by themselves."
  }
}

run "a_schedule_may_start_this_state_machine" {
  command = plan

  variables {
    schedule = "cron(0 2 * * ? *)"
  }

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.schedule.json).Statement : statement.Resource if contains(flatten([statement.Action]), "states:StartExecution")
    ]) == ["arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"]
    error_message = "The schedule may start something else."
  }

  assert {
    condition     = one(aws_scheduler_schedule.this).schedule_expression == "cron(0 2 * * ? *)"
    error_message = "The schedule is another."
  }
}

run "an_odd_schedule_and_parameter_are_refused" {
  command = plan

  variables {
    schedule              = "daily"
    tracking_id_parameter = "tracking-id"
    poll_seconds          = 0
  }

  expect_failures = [var.schedule, var.tracking_id_parameter, var.poll_seconds]
}
