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
  account_id        = "123456789012"
  state_machine_arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train"
  key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/none"
}

run "only_the_state_machine_takes_the_role_and_only_the_key_is_used" {
  command = plan

  assert {
    condition = one(jsondecode(output.trust).Statement).Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-test-train" }
    }
    error_message = "Another state machine, or another account's, may take the role."
  }

  assert {
    condition = [
      for statement in jsondecode(output.permissions).Statement : statement.Resource
      if anytrue([for action in statement.Action : startswith(action, "kms:")])
    ] == ["arn:aws:kms:eu-central-1:123456789012:key/none"]
    error_message = "The role may use another key."
  }
}
