# The real provider without a network: the documents are rendered as they are sent to AWS.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  partition             = "aws"
  region                = "eu-central-1"
  account_id            = "123456789012"
  prefix                = "rivulet-test"
  stream_arn            = "arn:aws:kinesis:eu-central-1:123456789012:stream/rivulet-test-events"
  state_machine_arn     = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"
  visitors_arn          = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-visitors"
  tracking_id_parameter = "/rivulet/test/tracking-id"
  filters_parameter     = "/rivulet/test/filters"
  keys_path             = "/rivulet/test/keys"
  key_arn               = "arn:aws:kms:eu-central-1:123456789012:key/none"

  served_lists_stream_arn = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/rivulet-test-served-lists"

  bucket_arns = {
    lake     = "arn:aws:s3:::lake"
    uploads  = "arn:aws:s3:::uploads"
    bad-rows = "arn:aws:s3:::bad-rows"
    datasets = "arn:aws:s3:::datasets"
  }

  table_arns = {
    history  = "arn:aws:dynamodb:eu-central-1:123456789012:table/history"
    entities = "arn:aws:dynamodb:eu-central-1:123456789012:table/entities"
    answers  = "arn:aws:dynamodb:eu-central-1:123456789012:table/answers"
  }

  campaign_arns = {
    popular = "arn:aws:personalize:eu-central-1:123456789012:campaign/rivulet-test-popular"
    ranking = "arn:aws:personalize:eu-central-1:123456789012:campaign/rivulet-test-ranking"
  }
}

run "no_action_is_a_wildcard" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in values(output.policy_json) : [
        for statement in jsondecode(document).Statement : [for action in flatten([statement.Action]) : !strcontains(action, "*")]
      ]
    ]))
    error_message = "A policy contains a wildcard action."
  }
}

run "every_resource_is_named_except_for_put_events_and_lists" {
  command = plan

  assert {
    condition = flatten([
      for document in values(output.policy_json) : [
        for statement in jsondecode(document).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
      ]
    ]) == ["PutEventsIntoTheTracker", "ListTheModels"]
    error_message = "A statement other than those of PutEvents and of lists applies to all resources."
  }
}

run "the_assertion_above_detects_a_wildcard_bucket" {
  command = plan

  variables {
    bucket_arns = { lake = "arn:aws:s3:::lake", uploads = "*", datasets = "arn:aws:s3:::datasets", bad-rows = "arn:aws:s3:::bad-rows" }
  }

  assert {
    condition = contains(flatten([
      for statement in jsondecode(output.policy_json.collect).Statement : flatten([statement.Resource])
    ]), "*")
    error_message = "A statement for all resources is not detected."
  }
}

run "collect_writes_bad_rows_items_and_users_but_no_events_to_s3" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(output.policy_json.collect).Statement : statement.Resource
      if contains(flatten([statement.Action]), "s3:PutObject")
      ])) == toset([
      "arn:aws:s3:::bad-rows/collect/*",
      "arn:aws:s3:::lake/raw/items/*",
      "arn:aws:s3:::lake/raw/users/*",
      "arn:aws:s3:::uploads/incoming/*",
      "arn:aws:s3:::uploads/reports/*",
    ])
    error_message = "collect may write to other prefixes in S3."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(output.policy_json.collect).Statement : statement.Resource
      if contains(flatten([statement.Action]), "lambda:InvokeFunction")
    ]) == ["arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-collect"]
    error_message = "collect may invoke other functions than itself."
  }
}

run "forward_reads_one_parameter_and_writes_history_and_its_own_bad_rows" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(output.policy_json.forward).Statement : statement.Sid => statement.Resource if statement.Sid != "EncryptItsData"
      } == {
      PutEventsIntoTheTracker = "*"
      ReadTheTrackingId       = "arn:aws:ssm:eu-central-1:123456789012:parameter/rivulet/test/tracking-id"
      WriteTheHistoryOfUsers  = "arn:aws:dynamodb:eu-central-1:123456789012:table/history"
      WriteBadRows            = "arn:aws:s3:::bad-rows/forward/*"
    }
    error_message = "forward may access other resources."
  }
}

run "lake_writes_its_own_bad_rows_and_nothing_else" {
  command = plan

  assert {
    condition = { for statement in jsondecode(output.policy_json.lake).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      WriteBadRows   = ["s3:PutObject", "arn:aws:s3:::bad-rows/lake/*"]
      EncryptBadRows = ["kms:GenerateDataKey", "arn:aws:kms:eu-central-1:123456789012:key/none"]
    }
    error_message = "lake may access other resources."
  }
}

run "authorise_reads_the_keys_and_nothing_else" {
  command = plan

  assert {
    condition = [for statement in jsondecode(output.policy_json.authorise).Statement : "${statement.Action} ${statement.Resource} ${jsonencode(try(statement.Condition.StringLike, null))}"] == [
      "ssm:GetParametersByPath arn:aws:ssm:eu-central-1:123456789012:parameter/rivulet/test/keys null",
      "kms:Decrypt arn:aws:kms:eu-central-1:123456789012:key/none {\"kms:EncryptionContext:PARAMETER_ARN\":\"arn:aws:ssm:eu-central-1:123456789012:parameter/rivulet/test/keys/*\"}",
    ]
    error_message = "authorise may read other parameters than keys, or cannot read them."
  }
}

run "recommend_writes_to_its_answers_and_served_lists_only" {
  command = plan

  assert {
    condition = flatten([
      for statement in jsondecode(output.policy_json.recommend).Statement : statement.Resource
      if anytrue([for action in flatten([statement.Action]) : can(regex("Put|Update|Delete|Write", action))])
    ]) == [var.table_arns.answers, var.served_lists_stream_arn]
    error_message = "recommend may write elsewhere than to answers and served lists."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(output.policy_json.recommend).Statement : statement.Resource if statement.Sid == "QueryTheCampaigns"
    ])) == toset(concat(values(var.campaign_arns), ["arn:aws:personalize:eu-central-1:123456789012:filter/rivulet-test-*"]))
    error_message = "recommend cannot query exactly its own campaigns and filters."
  }

  assert {
    condition = [
      for statement in jsondecode(output.policy_json.recommend).Statement : statement.Resource
      if anytrue([for action in flatten([statement.Action]) : contains(["dynamodb:Scan", "dynamodb:Query"], action)])
    ] == [var.table_arns.history, "${var.table_arns.entities}/index/products"]
    error_message = "recommend may query or scan other data than the history and the index of products."
  }

  assert {
    condition = {
      for statement in jsondecode(output.policy_json.recommend).Statement : statement.Sid => toset(flatten([statement.Resource]))
      if endswith(statement.Sid, "TheModels")
      } == {
      DescribeTheModels = toset(concat(values(var.campaign_arns), ["arn:aws:personalize:eu-central-1:123456789012:solution/rivulet-test-*"]))
      ListTheModels     = toset(["*"])
    }
    error_message = "recommend describes models of another environment."
  }
}

run "recommend_invokes_the_endpoint_of_the_custom_model_where_there_is_one" {
  command = plan

  variables {
    custom_endpoint_arn = "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/rivulet-test-custom"
  }

  assert {
    condition     = [for statement in jsondecode(output.policy_json.recommend).Statement : "${statement.Action} ${statement.Resource}" if statement.Sid == "InvokeTheCustomModel"] == ["sagemaker:InvokeEndpoint arn:aws:sagemaker:eu-central-1:123456789012:endpoint/rivulet-test-custom"]
    error_message = "recommend cannot invoke exactly the endpoint of the custom model."
  }
}

run "recommend_invokes_no_endpoint_without_a_custom_model" {
  command = plan

  assert {
    condition     = length([for statement in jsondecode(output.policy_json.recommend).Statement : statement.Sid if statement.Sid == "InvokeTheCustomModel"]) == 0
    error_message = "recommend may invoke an endpoint, and there is none."
  }
}

run "recommend_reads_one_object_of_the_data_sets" {
  command = plan

  assert {
    condition = flatten([
      for statement in jsondecode(output.policy_json.recommend).Statement : statement.Resource
      if anytrue([for action in flatten([statement.Action]) : startswith(action, "s3:")])
    ]) == ["arn:aws:s3:::datasets/popular-by-fact.json"]
    error_message = "recommend may read the data sets themselves, or not the popular items by fact."
  }
}

run "train_starts_one_state_machine_and_reads_its_executions" {
  command = plan

  assert {
    condition = { for statement in jsondecode(output.policy_json.train).Statement : statement.Sid => statement.Resource if startswith(flatten([statement.Action])[0], "states:") } == {
      StartATrainingUnlessOneRuns = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"
      ReadTheProgressOfTrainings  = "arn:aws:states:eu-central-1:123456789012:execution:rivulet-test-train:*"
    }
    error_message = "train may start or read other resources."
  }
}

# An encrypted state machine: Step Functions decrypts executions and their history with the caller's permissions.
run "train_decrypts_executions_of_its_state_machine_only" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(output.policy_json.train).Statement : [flatten([statement.Action]), statement.Resource, statement.Condition]
      if anytrue([for action in flatten([statement.Action]) : startswith(action, "kms:")])
      ] == [[
        ["kms:Decrypt"],
        "arn:aws:kms:eu-central-1:123456789012:key/none",
        { StringEquals = {
          "kms:EncryptionContext:aws:states:stateMachineArn" = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"
          "kms:ViaService"                                   = "states.eu-central-1.amazonaws.com"
        } },
    ]]
    error_message = "train cannot read encrypted executions, or may decrypt data other than those of its state machine."
  }
}

run "the_assertion_above_detects_another_state_machine" {
  command = plan

  variables {
    state_machine_arn = "*"
  }

  assert {
    condition = contains([
      for statement in jsondecode(output.policy_json.train).Statement : try(statement.Condition.StringEquals["kms:EncryptionContext:aws:states:stateMachineArn"], null)
    ], "*")
    error_message = "The encryption context does not follow from the state machine."
  }
}

run "recommend_starts_and_reads_executions_for_visitors_only" {
  command = plan

  assert {
    condition = { for statement in jsondecode(output.policy_json.recommend).Statement : statement.Action => statement.Resource if startswith(flatten([statement.Action])[0], "states:") } == {
      "states:StartExecution"    = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-visitors"
      "states:DescribeExecution" = "arn:aws:states:eu-central-1:123456789012:execution:rivulet-test-visitors:*"
    }
    error_message = "recommend may start or read other resources."
  }

  assert {
    condition = [
      for statement in jsondecode(output.policy_json.recommend).Statement : statement.Condition.StringEquals["kms:EncryptionContext:aws:states:stateMachineArn"] if statement.Sid == "DecryptExecutionsForVisitors"
    ] == ["arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-visitors"]
    error_message = "recommend decrypts executions of other state machines."
  }
}

run "the_key_is_used_through_services_only" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in values(output.policy_json) : [
        for statement in jsondecode(document).Statement : length(statement.Condition.StringEquals["kms:ViaService"]) > 0
        if anytrue([for action in flatten([statement.Action]) : startswith(action, "kms:")])
      ]
    ]))
    error_message = "A function may call KMS directly."
  }
}
