# The real provider without a network.

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
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/none"
  state_machine_arns = ["arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"]
  database_name      = "rivulet_test"
  workgroup_name     = "rivulet-test"
  buckets            = { lake = "lake", athena = "athena" }
  operators          = ["arn:aws:iam::123456789012:role/on-call"]
  analysts           = ["arn:aws:iam::123456789012:role/analysts"]
}

run "without_users_no_role_exists" {
  command = plan

  variables {
    operators = []
    analysts  = []
  }

  assert {
    condition     = length(aws_iam_role.this) == 0
    error_message = "A role exists without a user."
  }
}

run "each_role_is_assumed_by_its_users_only" {
  command = plan

  assert {
    condition = { for name, role in aws_iam_role.this : name => one(jsondecode(role.assume_role_policy).Statement).Principal.AWS } == {
      analyst  = "arn:aws:iam::123456789012:role/analysts"
      operator = "arn:aws:iam::123456789012:role/on-call"
    }
    error_message = "A role may be assumed by the users of the other."
  }
}

run "operators_decrypt_trainings_and_change_nothing" {
  command = plan

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.this["operator"].policy).Statement : statement.Condition.StringEquals if contains(flatten([statement.Action]), "kms:Decrypt")
      ]) == {
      "kms:EncryptionContext:aws:states:stateMachineArn" = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"
      "kms:ViaService"                                   = "states.eu-central-1.amazonaws.com"
    }
    error_message = "Operators cannot read encrypted executions, or may decrypt other data."
  }

  assert {
    condition = alltrue([
      for action in flatten([for statement in jsondecode(aws_iam_role_policy.this["operator"].policy).Statement : statement.Action]) :
      can(regex(":(Describe|Filter|Get|List)|^kms:Decrypt$|^logs:StartQuery$", action))
    ])
    error_message = "Operators may change a resource."
  }
}

run "analysts_read_the_lake_and_write_results_of_queries_only" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.this["analyst"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:GetObject")
    ])) == toset(["arn:aws:s3:::lake/curated/*", "arn:aws:s3:::lake/raw/*", "arn:aws:s3:::athena/results/*"])
    error_message = "Analysts cannot read a part of the lake, or may read other objects."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.this["analyst"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:PutObject")
    ]) == ["arn:aws:s3:::athena/results/*"]
    error_message = "Analysts may write into the lake."
  }
}

run "analysts_use_prepared_statements_and_the_catalogue_and_change_nothing" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.this["analyst"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "athena:GetPreparedStatement")
    ])) == toset(["arn:aws:athena:eu-central-1:123456789012:workgroup/rivulet-test"])
    error_message = "Analysts cannot run prepared statements, or those of another work group."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.this["analyst"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "athena:GetTableMetadata")
    ])) == toset(["arn:aws:athena:eu-central-1:123456789012:datacatalog/AwsDataCatalog"])
    error_message = "Analysts cannot see the columns of tables in the console."
  }

  assert {
    condition = alltrue([
      for action in flatten([for statement in jsondecode(aws_iam_role_policy.this["analyst"].policy).Statement : statement.Action]) :
      can(regex("^(athena|glue):(BatchGet|Get|List)|^athena:(Start|Stop)QueryExecution$|^s3:(Get|List|PutObject$|AbortMultipartUpload$)|^kms:(Decrypt|GenerateDataKey)$", action))
    ])
    error_message = "Analysts may change a resource."
  }
}

run "the_assertion_above_detects_results_in_the_lake" {
  command = plan

  variables {
    buckets = { lake = "lake", athena = "lake" }
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.this["analyst"].policy, "arn:aws:s3:::lake/results/*")
    error_message = "Results in the lake are not detected."
  }
}
