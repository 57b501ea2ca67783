# The key that the distribution sends to the API, and the usage plan by which its requests are limited. Terraform makes
# the key in place of the command for keys, so that the first apply has it. It is in the state and in the distribution's
# settings, so it may do no more than a key that stands in a page: send events, and read what every visitor may.

resource "terraform_data" "key" {
  # The present one and the one before, which is accepted until the distribution sends the present one everywhere.
  for_each = toset([for generation in [var.key_generation - 1, var.key_generation] : tostring(generation) if generation > 0])

  # Made once, since later changes are ignored. Each uuid() is 128 random bits of the operating system.
  input = sensitive({ secret = "${uuid()}${uuid()}", created_at = timestamp() })

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  # As backend/contract/access/keys.py makes and stores them; a test of the contract reads what is stored.
  api_keys = { for generation, made in terraform_data.key : generation => "rivulet_${replace(made.output.secret, "-", "")}" }
  api_key  = sensitive(local.api_keys[tostring(var.key_generation)])
}

resource "aws_ssm_parameter" "key" {
  #checkov:skip=CKV2_AWS_34:It is encrypted; checkov does not see the type of a value that is sensitive
  name        = "${var.keys_path}/${local.name}"
  description = "SHA-256, roles and state of the key that the distribution sends to the API"
  type        = "SecureString"

  # One key of KMS by two names in turn: the provider sends a name only where it has changed, and a new value without one
  # is encrypted with the account's default key.
  # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
  key_id = var.key_generation % 2 == 1 ? var.key_arn : "alias/${var.prefix}"

  value = jsonencode({
    name     = local.name
    roles    = ["events:write", "read:visitor"]
    producer = "page"
    origins  = []
    versions = [
      for generation in sort(keys(local.api_keys)) : {
        sha256     = sha256(local.api_keys[generation])
        created_at = terraform_data.key[generation].output.created_at
      }
    ]
  })
}

resource "aws_api_gateway_api_key" "this" {
  name        = "${var.prefix}-${local.name}"
  description = "Counts the requests of the distribution; it is no credential"
  value       = var.usage_key
}

resource "aws_api_gateway_usage_plan" "this" {
  name        = "${var.prefix}-${local.name}"
  description = "Limits of all requests through the distribution"

  api_stages {
    api_id = var.api.id
    stage  = var.api.stage_name
  }

  throttle_settings {
    rate_limit  = var.limits.requests_per_second
    burst_limit = var.limits.burst
  }

  dynamic "quota_settings" {
    for_each = var.limits.requests_per_day[*]

    content {
      limit  = quota_settings.value
      period = "DAY"
    }
  }
}

resource "aws_api_gateway_usage_plan_key" "this" {
  key_id        = aws_api_gateway_api_key.this.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.this.id
}
