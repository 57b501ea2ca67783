# The real provider without a network: what it renders of policies and settings is what AWS would get.

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
    datasets = { expiration_days = 90, readers = ["personalize.amazonaws.com"] }
  }

  tables = {
    history = { hash_key = "person", range_key = "moment", expires_attribute = "expires_at" }
    answers = { hash_key = "question" }
  }
}

run "every_bucket_refuses_requests_without_tls" {
  command = plan

  assert {
    condition = alltrue([
      for document in values(data.aws_iam_policy_document.bucket) : anytrue([
        for statement in jsondecode(document.json).Statement :
        statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*"
        && statement.Condition == { Bool = { "aws:SecureTransport" = "false" } }
      ])
    ])
    error_message = "A bucket's policy lets requests without TLS through."
  }

  assert {
    condition     = alltrue([for bucket in values(aws_s3_bucket_public_access_block.this) : bucket.block_public_acls && bucket.block_public_policy && bucket.ignore_public_acls && bucket.restrict_public_buckets])
    error_message = "A bucket can be made public."
  }
}

run "only_the_data_sets_are_open_to_personalize_and_only_for_this_account" {
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
    error_message = "Something else than Personalize, or for another account, may read a bucket."
  }
}

run "the_assertion_above_finds_a_bucket_that_was_opened" {
  command = plan

  variables {
    buckets = { lake = { readers = ["personalize.amazonaws.com"] } }
  }

  assert {
    condition     = length([for statement in jsondecode(data.aws_iam_policy_document.bucket["lake"].json).Statement : statement if statement.Effect == "Allow"]) == 1
    error_message = "An opened bucket goes unnoticed."
  }
}

run "the_key_serves_logs_of_this_environment_only" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      statement.Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] if statement.Sid == "LogGroupsOfThisEnvironment"
    ] == ["arn:aws:logs:eu-central-1:123456789012:log-group:*rivulet-test*"]
    error_message = "CloudWatch may use the key for other log groups."
  }
}

run "what_is_protected_can_not_be_destroyed" {
  command = plan

  assert {
    condition     = alltrue([for table in values(aws_dynamodb_table.this) : table.deletion_protection_enabled]) && !anytrue([for bucket in values(aws_s3_bucket.this) : bucket.force_destroy])
    error_message = "A table or a bucket with objects can be destroyed."
  }
}

run "what_is_not_protected_can" {
  command = plan

  variables {
    deletion_protected = false
  }

  assert {
    condition     = !anytrue([for table in values(aws_dynamodb_table.this) : table.deletion_protection_enabled]) && alltrue([for bucket in values(aws_s3_bucket.this) : bucket.force_destroy])
    error_message = "A development environment can not be taken down."
  }
}

run "keys_and_expiry_of_tables" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this["history"].range_key == "moment" && one(aws_dynamodb_table.this["history"].ttl).attribute_name == "expires_at"
    error_message = "The history is not kept by person and moment, or does not expire."
  }

  assert {
    condition     = length(aws_dynamodb_table.this["answers"].attribute) == 1
    error_message = "A table without a range key got one."
  }
}

run "objects_expire_where_a_bucket_says_so" {
  command = plan

  assert {
    condition     = { for purpose, bucket in aws_s3_bucket_lifecycle_configuration.this : purpose => length(bucket.rule) } == { lake = 1, datasets = 2 }
    error_message = "The data sets do not expire, or the lake does."
  }
}

run "the_laptop_has_no_lifecycle_rules" {
  command = plan

  variables {
    lifecycle_enabled = false
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0
    error_message = "Rules are written where nothing carries them out."
  }
}

run "a_prefix_that_makes_bucket_names_too_long_is_refused" {
  command = plan

  variables {
    prefix = "a-prefix-that-is-longer-than-forty-characters"
  }

  expect_failures = [var.prefix]
}

run "a_bucket_whose_objects_live_less_than_a_day_is_refused" {
  command = plan

  variables {
    buckets = { lake = { expiration_days = 0 } }
  }

  expect_failures = [var.buckets]
}
