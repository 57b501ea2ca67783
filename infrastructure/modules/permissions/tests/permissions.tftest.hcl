# The real provider without a network: the documents are rendered as AWS would get them.

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
  tracking_id_parameter = "/rivulet/test/tracking-id"
  key_arn               = "arn:aws:kms:eu-central-1:123456789012:key/none"

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
    error_message = "A function may do more than is named."
  }
}

run "every_resource_is_named_but_for_put_events" {
  command = plan

  assert {
    condition = flatten([
      for document in values(output.policy_json) : [
        for statement in jsondecode(document).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
      ]
    ]) == ["PutEventsIntoTheTracker"]
    error_message = "A statement other than that of PutEvents holds for all resources."
  }
}

run "the_assertion_above_finds_an_open_bucket" {
  command = plan

  variables {
    bucket_arns = { lake = "arn:aws:s3:::lake", uploads = "*", bad-rows = "arn:aws:s3:::bad-rows" }
  }

  assert {
    condition = contains(flatten([
      for statement in jsondecode(output.policy_json.collect).Statement : flatten([statement.Resource])
    ]), "*")
    error_message = "A statement for all resources goes unnoticed."
  }
}

run "collect_writes_bad_rows_items_and_users_and_never_events_into_the_lake" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(output.policy_json.collect).Statement : statement.Resource
      if contains(flatten([statement.Action]), "s3:PutObject")
      ])) == toset([
      "arn:aws:s3:::bad-rows/collect/*",
      "arn:aws:s3:::lake/raw/items/*",
      "arn:aws:s3:::lake/raw/users/*",
      "arn:aws:s3:::uploads/reports/*",
    ])
    error_message = "collect writes elsewhere in S3."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(output.policy_json.collect).Statement : statement.Resource
      if contains(flatten([statement.Action]), "lambda:InvokeFunction")
    ]) == ["arn:aws:lambda:eu-central-1:123456789012:function:rivulet-test-collect"]
    error_message = "collect invokes another function than itself."
  }
}

run "forward_reads_one_parameter_and_writes_history_and_its_own_bad_rows" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(output.policy_json.forward).Statement : statement.Sid => statement.Resource if statement.Sid != "EncryptWhatItStores"
      } == {
      PutEventsIntoTheTracker = "*"
      ReadTheTrackingId       = "arn:aws:ssm:eu-central-1:123456789012:parameter/rivulet/test/tracking-id"
      KeepEachPersonsHistory  = "arn:aws:dynamodb:eu-central-1:123456789012:table/history"
      WriteBadRows            = "arn:aws:s3:::bad-rows/forward/*"
    }
    error_message = "forward may reach something else."
  }
}

run "recommend_changes_nothing_but_its_answers" {
  command = plan

  assert {
    condition = flatten([
      for statement in jsondecode(output.policy_json.recommend).Statement : statement.Resource
      if anytrue([for action in flatten([statement.Action]) : can(regex("Put|Update|Delete|Write", action))])
    ]) == [var.table_arns.answers]
    error_message = "recommend writes into something else than the answers."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(output.policy_json.recommend).Statement : statement.Resource if statement.Sid == "AskTheCampaigns"
    ])) == toset(values(var.campaign_arns))
    error_message = "recommend asks other campaigns, or not all of its own."
  }
}

run "train_starts_one_state_machine_and_reads_its_executions" {
  command = plan

  assert {
    condition = { for statement in jsondecode(output.policy_json.train).Statement : statement.Sid => statement.Resource } == {
      StartATrainingWhereNoneRuns = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"
      TellHowATrainingGoes        = "arn:aws:states:eu-central-1:123456789012:execution:rivulet-test-train:*"
    }
    error_message = "train may start or read something else."
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
    error_message = "A function may call KMS by itself."
  }
}
