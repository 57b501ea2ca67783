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
  name            = "rivulet-test-events"
  shards          = 2
  retention_hours = 24
  key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/none"
}

run "a_stream_with_shards_is_provisioned_and_encrypted" {
  command = plan

  assert {
    condition     = one(aws_kinesis_stream.this.stream_mode_details).stream_mode == "PROVISIONED" && aws_kinesis_stream.this.shard_count == 2
    error_message = "The stream does not have the two shards of the setting."
  }

  assert {
    condition     = aws_kinesis_stream.this.encryption_type == "KMS" && aws_kinesis_stream.this.kms_key_id == var.key_arn
    error_message = "Records are not encrypted with the environment's key."
  }
}

run "a_stream_without_shards_is_on_demand" {
  command = plan

  variables {
    shards = null
  }

  assert {
    condition     = one(aws_kinesis_stream.this.stream_mode_details).stream_mode == "ON_DEMAND"
    error_message = "A stream without a number of shards is not on demand."
  }
}

run "half_a_shard_is_refused" {
  command = plan

  variables {
    shards = 1.5
  }

  expect_failures = [var.shards]
}

run "an_hour_of_retention_is_refused" {
  command = plan

  variables {
    retention_hours = 1
  }

  expect_failures = [var.retention_hours]
}
