# The real provider without a network: policies and settings are rendered as they are sent to AWS.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  partition          = "aws"
  region             = "eu-central-1"
  account_id         = "123456789012"
  prefix             = "rivulet-test"
  deletion_protected = true

  buckets = {
    lake     = {}
    datasets = { zones = { "" = { expiration_days = 90 } }, readers = ["personalize.amazonaws.com"] }
  }

  tables = {
    history = { hash_key = "person", range_key = "moment", expires_attribute = "expires_at" }
    answers = { hash_key = "question" }
  }
}

run "every_bucket_denies_requests_without_tls" {
  command = plan

  assert {
    condition = alltrue([
      for document in values(data.aws_iam_policy_document.bucket) : anytrue([
        for statement in jsondecode(document.json).Statement :
        statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*"
        && statement.Condition == { Bool = { "aws:SecureTransport" = "false" } }
      ])
    ])
    error_message = "A bucket's policy allows requests without TLS."
  }

  assert {
    condition     = alltrue([for bucket in values(aws_s3_bucket_public_access_block.this) : bucket.block_public_acls && bucket.block_public_policy && bucket.ignore_public_acls && bucket.restrict_public_buckets])
    error_message = "A bucket does not block public access."
  }
}

run "personalize_may_read_the_data_sets_only_and_for_this_account_only" {
  command = plan

  assert {
    condition = {
      for purpose, document in data.aws_iam_policy_document.bucket : purpose => [
        for statement in jsondecode(document.json).Statement :
        [statement.Principal.Service, statement.Condition.StringEquals["aws:SourceAccount"]] if statement.Effect == "Allow"
      ]
      } == {
      datasets = [["personalize.amazonaws.com", "123456789012"]]
      lake     = []
    }
    error_message = "A service other than Personalize, or another account, may read a bucket."
  }
}

run "the_assertion_above_detects_another_readable_bucket" {
  command = plan

  variables {
    buckets = { lake = { readers = ["personalize.amazonaws.com"] } }
  }

  assert {
    condition     = length([for statement in jsondecode(data.aws_iam_policy_document.bucket["lake"].json).Statement : statement if statement.Effect == "Allow"]) == 1
    error_message = "A readable bucket is not detected."
  }
}

run "the_key_encrypts_logs_of_this_environment_and_of_apis_only" {
  command = plan

  assert {
    condition = flatten([
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      statement.Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] if statement.Sid == "EncryptLogGroupsOfThisEnvironment"
      ]) == [
      "arn:aws:logs:eu-central-1:123456789012:log-group:*rivulet-test*",
      "arn:aws:logs:eu-central-1:123456789012:log-group:API-Gateway-Execution-Logs_*",
    ]
    error_message = "CloudWatch may use the key for other log groups."
  }
}

# Services, their actions on the key, and the conditions.
run "services_use_the_key_as_aws_documents_it" {
  command = plan

  assert {
    condition = jsonencode({
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      statement.Sid => [statement.Principal.Service, sort(flatten([statement.Action])), statement.Condition]
      if contains(["ImportAndTrainWithPersonalize", "DeliverLogsOfTheStateMachine"], statement.Sid)
      }) == jsonencode({
      ImportAndTrainWithPersonalize = [
        "personalize.amazonaws.com",
        ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"],
        { StringEquals = { "aws:SourceAccount" = "123456789012" } },
      ]
      DeliverLogsOfTheStateMachine = [
        "delivery.logs.amazonaws.com",
        ["kms:Decrypt"],
        { StringEquals = { "kms:EncryptionContext:SourceArn" = "arn:aws:logs:eu-central-1:123456789012:*" } },
      ]
    })
    error_message = "Personalize cannot read the encrypted data sets, or the state machine's encrypted log cannot be delivered, or another account may have the key used."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement : strcontains(jsonencode(statement.Condition), var.account_id) if can(statement.Principal.Service)])
    error_message = "A service may use the key on behalf of another account."
  }
}

run "the_assertion_above_detects_another_account" {
  command = plan

  variables {
    account_id = "210987654321"
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement : statement.Condition.StringEquals["aws:SourceAccount"]
      if statement.Sid == "ImportAndTrainWithPersonalize"
    ] == ["210987654321"]
    error_message = "The account of the condition does not follow from the environment's account."
  }
}

run "protected_data_cannot_be_deleted" {
  command = plan

  assert {
    condition     = alltrue([for table in values(aws_dynamodb_table.this) : table.deletion_protection_enabled]) && !anytrue([for bucket in values(aws_s3_bucket.this) : bucket.force_destroy])
    error_message = "A table or a non-empty bucket can be deleted."
  }
}

run "unprotected_data_can_be_deleted" {
  command = plan

  variables {
    deletion_protected = false
  }

  assert {
    condition     = !anytrue([for table in values(aws_dynamodb_table.this) : table.deletion_protection_enabled]) && alltrue([for bucket in values(aws_s3_bucket.this) : bucket.force_destroy])
    error_message = "A development environment cannot be deleted."
  }
}

run "tables_have_their_keys_and_expiry" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this["history"].range_key == "moment" && one(aws_dynamodb_table.this["history"].ttl).attribute_name == "expires_at"
    error_message = "The keys of the history are not person and moment, or its items do not expire."
  }

  assert {
    condition     = length(aws_dynamodb_table.this["answers"].attribute) == 1
    error_message = "A table without a range key has one."
  }
}

run "a_table_has_its_indexes_with_their_keys_and_attributes" {
  command = plan

  variables {
    tables = {
      entities = {
        hash_key = "entity"
        indexes  = { products = { hash_key = "category", range_key = "title", attributes = ["price", "product"] } }
      }
    }
  }

  assert {
    condition = [
      for index in aws_dynamodb_table.this["entities"].global_secondary_index :
      [index.name, index.hash_key, index.range_key, index.projection_type, join(" ", sort(index.non_key_attributes))]
    ] == [["products", "category", "title", "INCLUDE", "price product"]]
    error_message = "The index of products has other keys or attributes."
  }

  assert {
    condition     = toset(aws_dynamodb_table.this["entities"].attribute[*].name) == toset(["entity", "category", "title"])
    error_message = "A key of the table or of its index is not declared, or another attribute is."
  }
}

run "objects_expire_where_a_bucket_has_expiration_days" {
  command = plan

  assert {
    condition     = { for purpose, bucket in aws_s3_bucket_lifecycle_configuration.this : purpose => length(bucket.rule) } == { lake = 1, datasets = 2 }
    error_message = "The data sets do not expire, or objects of the lake do."
  }
}

run "the_laptop_has_no_lifecycle_rules" {
  command = plan

  variables {
    lifecycle_enabled = false
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0
    error_message = "Lifecycle rules exist on the laptop."
  }
}

run "a_prefix_that_makes_bucket_names_too_long_is_refused" {
  command = plan

  variables {
    prefix = "a-prefix-that-is-longer-than-forty-characters"
  }

  expect_failures = [var.prefix]
}

run "an_expiry_of_less_than_a_day_is_refused" {
  command = plan

  variables {
    buckets = { lake = { zones = { "raw/" = { expiration_days = 0 } } } }
  }

  expect_failures = [var.buckets]
}

run "infrequent_access_that_costs_more_than_it_saves_is_refused" {
  command = plan

  variables {
    buckets = { lake = { zones = { "raw/" = { infrequent_days = 30, expiration_days = 59 } } } }
  }

  expect_failures = [var.buckets]
}

run "each_zone_has_its_own_retention" {
  command = plan

  variables {
    buckets = {
      lake = { zones = { "raw/events/" = { expiration_days = 730, infrequent_days = 180 }, "errors/" = { expiration_days = 90 }, "raw/items/" = {} } }
    }
  }

  assert {
    condition = jsonencode({
      for rule in aws_s3_bucket_lifecycle_configuration.this["lake"].rule :
      rule.filter[0].prefix => [rule.id, rule.expiration[*].days, [for transition in rule.transition : [transition.days, transition.storage_class]]] if rule.id != "old-versions-and-broken-uploads"
      }) == jsonencode({
      "errors/"     = ["errors", [90], []]
      "raw/events/" = ["raw-events", [730], [[180, "STANDARD_IA"]]]
      "raw/items/"  = ["raw-items", [], []]
    })
    error_message = "A zone is kept for another time, or in another storage class."
  }
}

run "access_logs_are_written_to_a_bucket_of_their_own" {
  command = plan

  variables {
    buckets = { lake = {}, uploads = {}, logs = { receives_access_logs = true } }
  }

  assert {
    condition     = toset(keys(aws_s3_bucket_logging.this)) == toset(["lake", "uploads"])
    error_message = "Requests to a bucket are not recorded, or the record records itself."
  }

  assert {
    condition = jsonencode({
      for purpose, encryption in merge(aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_server_side_encryption_configuration.logs) :
      purpose => one(one(encryption.rule).apply_server_side_encryption_by_default).sse_algorithm
    }) == jsonencode({ lake = "aws:kms", logs = "AES256", uploads = "aws:kms" })
    error_message = "S3 cannot deliver access logs, which needs SSE-S3, or data has no key."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.bucket["logs"].json).Statement :
      jsonencode([statement.Principal.Service, statement.Action, statement.Resource, statement.Condition]) if statement.Sid == "WriteAccessLogsOfThisEnvironment"
      ] == [jsonencode([
        "logging.s3.amazonaws.com", "s3:PutObject", "arn:aws:s3:::rivulet-test-123456789012-logs/s3/*",
        {
          ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::rivulet-test-123456789012-lake", "arn:aws:s3:::rivulet-test-123456789012-uploads"] }
          StringEquals = { "aws:SourceAccount" = "123456789012" }
        },
    ])]
    error_message = "S3 cannot write the access logs, or writes those of other buckets."
  }

  assert {
    condition = {
      for bucket, document in data.aws_iam_policy_document.bucket : bucket => [
        for statement in jsondecode(document.json).Statement : [statement.Principal.Service, statement.Resource, statement.Condition.ArnLike["aws:SourceArn"]] if statement.Sid == "WriteAccessLogsOfCloudFront"
      ]
      } == {
      lake    = []
      logs    = [["delivery.logs.amazonaws.com", "arn:aws:s3:::rivulet-test-123456789012-logs/AWSLogs/123456789012/*", "arn:aws:logs:us-east-1:123456789012:delivery-source:rivulet-test-*"]]
      uploads = []
    }
    error_message = "CloudFront cannot write its access log, or writes that of another environment."
  }
}

run "a_second_bucket_for_access_logs_is_refused" {
  command = plan

  variables {
    buckets = { logs = { receives_access_logs = true }, more = { receives_access_logs = true } }
  }

  expect_failures = [var.buckets]
}
