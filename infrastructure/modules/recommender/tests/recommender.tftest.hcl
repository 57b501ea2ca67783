# The real provider without a network; only the state machine is overridden, since the provider calls AWS to validate it at plan.

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
  tags                   = { Project = "rivulet", Environment = "test", ManagedBy = "terraform" }
  key_arn                = "arn:aws:kms:eu-central-1:123456789012:key/none"
  solutions_file         = "tests/declaration/solutions.json"
  campaigns              = {}
  schemas_directory      = "tests/declaration"
  buckets                = { lake = "lake", datasets = "datasets", records = "records" }
  answers_table          = "rivulet-test-answers"
  locks_table            = "rivulet-test-locks"
  glue_job_name          = "rivulet-test-datasets"
  recommend_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-recommend"
  judge_function_arn     = "arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-judge"
  tracking_id_parameter  = "/rivulet/test/tracking-id"
  filters_parameter      = "/rivulet/test/filters"
  poll_seconds           = 60
  training_days          = 365
  log_retention_days     = 30
  alarm_topic_arn        = "arn:aws:sns:eu-central-1:123456789012:rivulet-test-alarms"
  runbooks_url           = "deployment/runbooks"
}

run "the_definition_is_json_and_contains_the_declaration" {
  command = plan

  assert {
    condition     = jsondecode(output.definition).States[jsondecode(output.definition).StartAt].Assign.configuration.dataset_group == "rivulet-test"
    error_message = "The state machine creates a different dataset group."
  }

  assert {
    condition     = toset(local.configuration.solutions[*].name) == toset([for name in keys(jsondecode(file("tests/declaration/solutions.json")).solutions) : "rivulet-test-${name}"])
    error_message = "The solutions differ from the declared ones."
  }

  assert {
    condition     = alltrue([for dataset in local.configuration.datasets : endswith(dataset.schema_name, substr(sha256(file("tests/declaration/${dataset.folder}.avsc")), 0, 8))])
    error_message = "The name of a schema does not depend on its content, so that Personalize would keep the old schema."
  }
}

run "filters_are_named_by_their_expression_and_published_with_their_parameters" {
  command = plan

  assert {
    condition     = local.configuration.filters[0].name == "rivulet-test-cheap-${substr(sha256(local.configuration.filters[0].expression), 0, 8)}"
    error_message = "The name of a filter does not depend on its expression, so that Personalize would keep the old one."
  }

  assert {
    condition = [for filter in jsondecode(jsondecode(output.definition).States.EnsureFilters.Assign.declared_filters) : [filter.name, filter.parameters, filter.of_user]] == [
      ["cheap", { CATEGORY = "text", MOST = "number" }, false],
      ["not-bought", {}, true],
    ]
    error_message = "The function recommend is not given the parameters of a filter."
  }

  assert {
    condition     = toset(jsondecode(local.published_filters)[*].arn) == toset(local.configuration.filters[*].arn)
    error_message = "Other filters are published than are created."
  }
}

run "a_training_reads_the_days_that_are_set_and_all_events_without_them" {
  command = plan

  variables {
    training_days = null
  }

  assert {
    condition     = jsondecode(output.definition).States.Configure.Assign.training_days == null && strcontains(jsondecode(output.definition).States.BuildDataSets.Arguments.Arguments, "'--from'")
    error_message = "A training without a window has one, or the window is not passed to the Spark job."
  }
}

run "a_window_of_less_than_a_day_is_refused" {
  command = plan

  variables {
    training_days = 0
  }

  expect_failures = [var.training_days]
}

run "the_workflow_has_exactly_the_actions_of_its_states" {
  command = plan

  # The actions of Personalize in the definition, against those that the policy allows.
  assert {
    condition = toset([
      for call in distinct(regexall("aws-sdk:personalize:([A-Za-z]+)", output.definition)) : "personalize:${title(call[0])}"
      ]) == toset([
      for action in flatten([for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Action]) : action if startswith(action, "personalize:") && action != "personalize:TagResource"
    ])
    error_message = "The policy has an action of Personalize that no state uses, or lacks one."
  }
}

run "what_the_workflow_creates_carries_the_tags_of_the_environment" {
  command = plan

  assert {
    condition = { for tag in jsondecode(output.definition).States.Configure.Assign.tags : tag.TagKey => tag.TagValue } == {
      Project     = "rivulet"
      Environment = "test"
      ManagedBy   = "rivulet-test-train"
    }
    error_message = "The tags are not those of the environment."
  }

  assert {
    condition = length(setsubtract(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Resource
      if contains(["CreateAndDescribeDeclaredResources", "CreateAndDescribeTheEventTracker"], statement.Sid)
      ]), flatten([
      for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Resource if contains(flatten([statement.Action]), "personalize:TagResource")
    ]))) == 0
    error_message = "The workflow may create a resource that it may not tag."
  }
}

run "the_workflow_accesses_its_own_resources_only" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Sid => statement.Resource
      if contains(["PassTheRoleOfPersonalize", "RunTheSparkJob", "PublishTheTrackingId", "PublishTheFilters", "InvokeRecommendForPopularItems", "InvokeTheJudge", "ReadAndWriteProfilesOfChampions", "ListProfilesToDetectMissingOnes", "ReadTheManifests", "TakeTheLock", "NoteTheServingVersions", "FindWhoHoldsTheLockAndStopTheOthers"], statement.Sid)
      } == {
      PassTheRoleOfPersonalize       = "arn:aws:iam::123456789012:role/rivulet-test-personalize"
      RunTheSparkJob                 = "arn:aws:glue:eu-central-1:123456789012:job/rivulet-test-datasets"
      PublishTheTrackingId           = "arn:aws:ssm:eu-central-1:123456789012:parameter/rivulet/test/tracking-id"
      PublishTheFilters              = "arn:aws:ssm:eu-central-1:123456789012:parameter/rivulet/test/filters"
      InvokeRecommendForPopularItems = "arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-recommend"
      InvokeTheJudge                 = "arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-judge"
      ReadTheManifests               = "arn:aws:s3:::datasets/*/manifest.json"
      NoteTheServingVersions         = "arn:aws:dynamodb:eu-central-1:123456789012:table/rivulet-test-answers"
      TakeTheLock                    = "arn:aws:dynamodb:eu-central-1:123456789012:table/rivulet-test-locks"

      FindWhoHoldsTheLockAndStopTheOthers = "arn:aws:states:eu-central-1:123456789012:execution:rivulet-test-train:*"

      ReadAndWriteProfilesOfChampions = "arn:aws:s3:::records/champions/*"
      ListProfilesToDetectMissingOnes = "arn:aws:s3:::records"
    }
    error_message = "The workflow may access other resources."
  }

  assert {
    condition = toset([
      for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
    ]) == toset(["DeliverItsLog", "FindTheEventTrackerAndTheFilters", "WriteTraces"])
    error_message = "An unexpected statement applies to all resources."
  }
}

run "the_assertions_above_detect_a_wildcard_function" {
  command = plan

  variables {
    recommend_function_arn = "*"
  }

  assert {
    condition = contains([
      for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
    ], "InvokeRecommendForPopularItems")
    error_message = "A statement for all resources is not detected."
  }
}

run "a_new_version_is_judged_by_the_declared_metrics_before_deployment" {
  command = plan

  assert {
    condition = jsondecode(output.definition).States.Configure.Assign.configuration.judge == {
      metrics = ["precision_at_25"]
      slices  = ["new_users"]
    }
    error_message = "The judge does not compare the declared metrics and slices."
  }

  assert {
    condition = alltrue([
      for name, state in jsondecode(output.definition).States.TrainAndDeploy.ItemProcessor.States :
      contains(["IsAnythingToDeploy"], name) || !can(regex("CreateCampaign|UpdateCampaign", jsonencode([try(state.Choices, null), try(state.Next, null), try(state.Default, null)])))
    ])
    error_message = "A campaign is created or changed without the judge."
  }
}

run "every_task_is_retried_and_a_missing_object_is_not" {
  command = plan

  assert {
    condition = [
      for name, state in merge(concat(
        [jsondecode(output.definition).States],
        [for state in values(jsondecode(output.definition).States) : state.ItemProcessor.States if state.Type == "Map"],
      )...) : name if state.Type == "Task" && length(try(state.Retry, [])) == 0
    ] == []
    error_message = "A task fails the workflow at its first error."
  }

  # Throttling and internal errors are not modelled by Personalize: Step Functions reports them by the SDK's base exception.
  assert {
    condition     = contains(flatten(jsondecode(output.definition).States.DescribeDatasetGroup.Retry[*].ErrorEquals), "Personalize.PersonalizeException")
    error_message = "Throttling by Personalize is not retried."
  }

  assert {
    condition = alltrue([
      for retry in jsondecode(output.definition).States.DescribeDatasetGroup.Retry : retry.IntervalSeconds >= 60
      if length(setintersection(retry.ErrorEquals, ["Personalize.LimitExceededException", "Personalize.ResourceInUseException"])) > 0
    ]) && contains(flatten(jsondecode(output.definition).States.DescribeDatasetGroup.Retry[*].ErrorEquals), "Personalize.LimitExceededException")
    error_message = "A limit or a resource in use is not retried, or before it can have changed."
  }

  assert {
    condition     = !strcontains(jsonencode([jsondecode(output.definition).States.ReadManifest.Retry, jsondecode(output.definition).States.ReadRecordOfCustomChampion.Retry]), "NoSuchKey")
    error_message = "A missing object is retried before it is caught."
  }
}

run "the_laptop_retries_at_its_polling_interval" {
  command = plan

  variables {
    poll_seconds = 1
  }

  assert {
    condition     = max(jsondecode(output.definition).States.DescribeDatasetGroup.Retry[*].IntervalSeconds...) <= 2
    error_message = "The laptop waits for AWS's intervals."
  }
}

run "without_sagemaker_no_role_is_passed_to_it_and_the_trainer_is_refused" {
  command = plan

  assert {
    condition     = !strcontains(data.aws_iam_policy_document.workflow.json, "sagemaker") && jsondecode(output.definition).States.Configure.Assign.custom == {}
    error_message = "SageMaker can be used although it is not set up."
  }
}

run "with_sagemaker_a_custom_model_is_trained_with_its_own_role" {
  command = plan

  variables {
    sagemaker = {
      name               = "rivulet-test-custom"
      image_uri          = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/rivulet:1"
      role_arn           = "arn:aws:iam::123456789012:role/rivulet-test-sagemaker"
      instance_type      = "ml.m5.xlarge"
      volume_gigabytes   = 30
      maximum_seconds    = 3600
      hyperparameters    = { recipe = "aws-user-personalization-v2" }
      metric_definitions = [{ Name = "precision_at_25", Regex = "precision_at_25=([0-9.]+)" }]
    }
  }

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.workflow.json).Statement : statement.Sid => statement.Resource
      if contains(["TrainCustomModels", "PassTheRoleOfSageMaker", "ReceiveTheEndOfTrainingJobs"], statement.Sid)
      } == {
      TrainCustomModels           = "arn:aws:sagemaker:eu-central-1:123456789012:training-job/rivulet-test-custom-*"
      PassTheRoleOfSageMaker      = "arn:aws:iam::123456789012:role/rivulet-test-sagemaker"
      ReceiveTheEndOfTrainingJobs = "arn:aws:events:eu-central-1:123456789012:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"
    }
    error_message = "The workflow may start other training jobs, or pass other roles."
  }

  assert {
    condition     = jsondecode(output.definition).States.Configure.Assign.custom.hyperparameters.recipe == "aws-user-personalization-v2"
    error_message = "The hyper-parameters are not passed on."
  }
}

run "personalize_reads_the_data_sets_of_this_account" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.personalize.json).Statement : statement.Action
    ])) == toset(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants", "s3:GetObject", "s3:ListBucket"])
    error_message = "Personalize may do more than read the encrypted data sets, or cannot use their key."
  }

  assert {
    condition     = one(jsondecode(data.aws_iam_policy_document.personalize_trust.json).Statement).Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Personalize may assume the role on behalf of another account."
  }
}

run "nothing_is_scheduled_by_default" {
  command = plan

  assert {
    condition     = length(module.schedule) == 0
    error_message = "A schedule exists by default."
  }
}

run "a_training_that_cannot_be_started_raises_an_alarm" {
  command = plan

  variables {
    schedule = "cron(0 2 * * ? *)"
  }

  assert {
    condition = [
      module.schedule[0].alarms["training-not-started"].dimensions.QueueName, module.schedule[0].alarms["training-not-started"].alarm_actions,
    ] == [module.schedule[0].queue_name, toset([var.alarm_topic_arn])]
    error_message = "A training that cannot be started raises no alarm."
  }
}

run "an_invalid_parameter_is_refused" {
  command = plan

  variables {
    tracking_id_parameter = "tracking-id"
    poll_seconds          = 0
  }

  expect_failures = [var.tracking_id_parameter, var.poll_seconds]
}

run "only_campaigns_of_the_environment_are_deployed_with_its_capacity" {
  command = plan

  variables {
    campaigns = { popular = {}, ranking = { min_provisioned_tps = 3 } }
  }

  assert {
    condition = { for solution in local.configuration.solutions : solution.name => try(solution.campaign.min_provisioned_tps, 0) } == {
      rivulet-test-popular              = 1
      rivulet-test-ranking              = 3
      rivulet-test-similar-items        = 0
      rivulet-test-user-personalization = 0
    }
    error_message = "Other campaigns are deployed than the environment has, or with another capacity."
  }

  assert {
    condition     = jsondecode(output.definition).States.Configure.Assign.is_popular_served
    error_message = "The workflow does not verify that popular items are served."
  }
}

run "without_campaigns_solutions_are_trained_and_no_answer_is_expected" {
  command = plan

  assert {
    condition     = length(local.configuration.solutions) == 4 && alltrue([for solution in local.configuration.solutions : solution.campaign == null])
    error_message = "Without campaigns, a solution is not trained or is deployed."
  }

  assert {
    condition     = !jsondecode(output.definition).States.Configure.Assign.is_popular_served
    error_message = "The workflow expects an answer of a campaign that is not deployed."
  }
}

run "a_campaign_of_an_undeclared_solution_is_refused" {
  command = plan

  variables {
    campaigns = { other = {} }
  }

  expect_failures = [var.campaigns]
}

run "a_campaign_without_capacity_is_refused" {
  command = plan

  variables {
    campaigns = { popular = { min_provisioned_tps = 0 } }
  }

  expect_failures = [var.campaigns]
}

run "a_filter_that_personalize_would_refuse_fails_the_plan_by_its_name" {
  command = plan

  variables {
    solutions_file = "tests/declaration/wrong-filters.json"
  }

  expect_failures = [aws_sfn_state_machine.this]

  assert {
    condition     = local.malformed_filters == ["misspelled-verb"]
    error_message = "Malformed filters are ${join(", ", local.malformed_filters)}."
  }

  assert {
    condition     = local.unknown_filter_columns == ["Items.CATEGRY of misspelled-column"]
    error_message = "Unknown columns are ${join(", ", local.unknown_filter_columns)}."
  }

  assert {
    condition     = local.unacceptable_filters == ["a-name-that-is-with-the-environment-and-a-hash-longer-than-it-may-be"]
    error_message = "Filters that are not accepted are ${join(", ", local.unacceptable_filters)}."
  }
}
