# The real provider without a network, and an apply of overridden resources: the policy of the bucket and the key are known then.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "us_east_1"
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  prefix             = "rivulet-test"
  partition          = "aws"
  account_id         = "123456789012"
  environment        = "test"
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/none"
  keys_path          = "/rivulet/test/keys"
  usage_key          = "rivulet-test-usage-of-distribution"
  limits             = { requests_per_second = 50, burst = 100 }
  log_retention_days = 30
  deletion_protected = true
  api                = { id = "api", stage_name = "v1", domain_name = "api.execute-api.eu-central-1.amazonaws.com" }
}

override_resource {
  target = aws_s3_bucket.pages
}

override_resource {
  target = aws_s3_bucket_public_access_block.pages
}

override_resource {
  target = aws_s3_bucket_ownership_controls.pages
}

override_resource {
  target = aws_s3_bucket_versioning.pages
}

override_resource {
  target = aws_s3_bucket_server_side_encryption_configuration.pages
}

override_resource {
  target = aws_s3_bucket_lifecycle_configuration.pages
}

override_resource {
  target = aws_s3_bucket_policy.pages
}

override_resource {
  target = aws_s3_object.config
}

override_resource {
  target = aws_cloudfront_origin_access_control.pages
}

override_resource {
  target = aws_cloudfront_response_headers_policy.this
}

override_resource {
  target = aws_cloudfront_function.missing
  values = { arn = "arn:aws:cloudfront::123456789012:function/rivulet-test-missing" }
}

override_resource {
  target = aws_ssm_parameter.key
}

override_resource {
  target = aws_api_gateway_api_key.this
}

override_resource {
  target = aws_api_gateway_usage_plan.this
}

override_resource {
  target = aws_api_gateway_usage_plan_key.this
}

override_resource {
  target = aws_cloudfront_distribution.this
  values = {
    arn         = "arn:aws:cloudfront::123456789012:distribution/E1"
    id          = "E1"
    domain_name = "d1.cloudfront.net"
  }
}

run "the_bucket_admits_the_distribution_alone" {
  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.pages.json).Statement : "${statement.Action} ${statement.Resource} ${jsonencode(statement.Condition)}" if statement.Effect == "Allow"
    ] == ["s3:GetObject arn:aws:s3:::rivulet-test-123456789012-pages/* ${jsonencode({ StringEquals = { "aws:SourceArn" = "arn:aws:cloudfront::123456789012:distribution/E1" } })}"]
    error_message = "Others than the distribution may read the bucket, or it may list or write."
  }

  assert {
    condition     = [for statement in jsondecode(data.aws_iam_policy_document.pages.json).Statement : statement.Sid if statement.Effect == "Deny"] == ["DenyWithoutTls", "DenyOlderTlsThan12"]
    error_message = "The bucket answers without TLS 1.2."
  }

  # 64 hexadecimal digits behind the prefix of every key.
  assert {
    condition     = can(regex("^rivulet_[0-9a-f]{64}$", nonsensitive(local.api_key)))
    error_message = "The key is not random, or scanners for secrets do not find it."
  }

  assert {
    condition     = nonsensitive(jsondecode(aws_ssm_parameter.key.value).versions[*].sha256) == [nonsensitive(sha256(local.api_key))] && !strcontains(nonsensitive(aws_ssm_parameter.key.value), nonsensitive(local.api_key))
    error_message = "Parameter Store has the key itself, or the digest of another."
  }

  assert {
    condition     = one(flatten([for origin in nonsensitive(aws_cloudfront_distribution.this.origin) : [for header in origin.custom_header : header.value] if origin.origin_id == "api"])) == nonsensitive(local.api_key)
    error_message = "The distribution sends another key."
  }
}

run "a_further_generation_has_another_key_and_keeps_the_present_one" {
  variables {
    key_generation = 2
  }

  assert {
    condition     = nonsensitive(jsondecode(aws_ssm_parameter.key.value).versions[*].sha256) == [for generation in ["1", "2"] : nonsensitive(sha256(local.api_keys[generation]))] && nonsensitive(local.api_key) == nonsensitive(local.api_keys["2"]) && nonsensitive(local.api_keys["1"] != local.api_keys["2"])
    error_message = "The present key stops before the new one is sent."
  }

  assert {
    condition     = aws_ssm_parameter.key.key_id == "alias/rivulet-test"
    error_message = "A new value would be encrypted with the account's default key."
  }
}
