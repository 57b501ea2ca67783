# The real provider without a network.

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
  target          = aws_cloudfront_function.missing
  override_during = plan
  values          = { arn = "arn:aws:cloudfront::123456789012:function/rivulet-test-missing" }
}

override_resource {
  target          = aws_cloudfront_distribution.this
  override_during = plan
  values = {
    arn         = "arn:aws:cloudfront::123456789012:distribution/E1"
    id          = "E1"
    domain_name = "d1.cloudfront.net"
  }
}

# A plan takes seconds, so its assertions share one.
run "the_pages_and_the_listed_paths_of_the_api_are_one_origin" {
  command = plan

  # A route of the contract reaches the API where a pattern matches its path, as CloudFront matches: "*" is any text.
  assert {
    condition = sort([
      for route in keys(jsondecode(file("../api/generated/access.json")).routes) : route if anytrue([
        for pattern, methods in local.api_paths :
        can(regex("^${replace(pattern, "*", ".*")}$", "/v1${split(" ", route)[1]}")) && contains(methods, split(" ", route)[0])
      ])
      ]) == sort([
      for route in keys(jsondecode(file("../api/generated/access.json")).routes) : route if contains([
        "GET /categories",
        "GET /executions/{id}",
        "GET /health",
        "GET /popular",
        "GET /products",
        "GET /products/{item_id}",
        "GET /recommendations/{user_id}",
        "GET /similar-items/{item_id}",
        "GET /users/{user_id}/history",
        "POST /events",
        "POST /recommendations",
        "POST /rerank",
      ], route)
    ])
    error_message = "A route is reachable through the distribution that is not listed, or one that is listed is not."
  }

  assert {
    condition = [
      for path in ["/v1/train", "/v1/train/a", "/v1/e", "/v1/uploads", "/v1/update-data", "/v1/update-data/a", "/v1/models", "/v1/system-info", "/v1", "/v1/", "/v1/eventsx", "/v1/events/x", "/v1/executions", "/v1/popular/x", "/V1/events", "/v2/events", "/events"] : path
      if anytrue([for pattern in keys(local.api_paths) : can(regex("^${replace(pattern, "*", ".*")}$", path))])
    ] == []
    error_message = "A path that is not listed reaches the API."
  }

  assert {
    condition     = length(local.api_paths) <= 24
    error_message = "CloudFront has 25 behaviours at most, the default one included."
  }

  assert {
    condition = alltrue(flatten([
      for behaviour in aws_cloudfront_distribution.this.ordered_cache_behavior : [
        behaviour.target_origin_id == "api",
        behaviour.viewer_protocol_policy == "https-only",
        behaviour.cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        behaviour.origin_request_policy_id == "b689b0a8-53d0-40ab-baf2-68738e2966ac",
      ]
    ]))
    error_message = "A response of the API is cached, a request loses a part, or is sent without TLS."
  }

  assert {
    condition     = alltrue([for behaviour in aws_cloudfront_distribution.this.default_cache_behavior : behaviour.target_origin_id == "pages" && behaviour.allowed_methods == toset(["GET", "HEAD"]) && behaviour.viewer_protocol_policy == "redirect-to-https"])
    error_message = "What no pattern matches does not go to the bucket alone, by GET and TLS."
  }

  # Every other address is answered by the function, which the end-to-end test asks.
  assert {
    condition = alltrue([
      for behaviour in aws_cloudfront_distribution.this.default_cache_behavior : [
        for association in behaviour.function_association : "${association.event_type} ${association.function_arn}"
      ] == ["viewer-request arn:aws:cloudfront::123456789012:function/rivulet-test-missing"]
    ]) && alltrue([for behaviour in aws_cloudfront_distribution.this.ordered_cache_behavior : length(behaviour.function_association) == 0])
    error_message = "A mistyped address gets the bucket's error, or a request for the API is answered with a page."
  }

  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-functions
  assert {
    condition     = length(aws_cloudfront_function.missing.code) <= 10240 && local.missing_headers["content-security-policy"] == local.content_security_policy
    error_message = "The function is larger than CloudFront accepts, or its page has no security policy."
  }

  assert {
    condition     = length(aws_cloudfront_distribution.this.custom_error_response) == 0
    error_message = "Errors of the API would be answered with a page."
  }

  assert {
    condition = alltrue([
      for origin in nonsensitive(aws_cloudfront_distribution.this.origin) : alltrue([
        origin.domain_name == "api.execute-api.eu-central-1.amazonaws.com",
        origin.origin_path == "",
        one(origin.custom_origin_config).origin_protocol_policy == "https-only",
        one(origin.custom_origin_config).origin_ssl_protocols == toset(["TLSv1.2"]),
        one(origin.custom_header).name == "x-api-key",
      ]) if origin.origin_id == "api"
    ])
    error_message = "The API is called without its key, by another path, or without TLS 1.2."
  }

  assert {
    condition = alltrue([
      for directive in ["default-src 'none'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'", "upgrade-insecure-requests"] :
      contains(split("; ", local.content_security_policy), directive)
    ]) && !strcontains(local.content_security_policy, "unsafe") && !strcontains(local.content_security_policy, "*")
    error_message = "A page may load, run or send more than it must."
  }

  assert {
    condition = alltrue([
      for security in aws_cloudfront_response_headers_policy.this.security_headers_config : alltrue([
        one(security.content_security_policy).content_security_policy == local.content_security_policy,
        one(security.content_type_options).override,
        one(security.frame_options).frame_option == "DENY",
        one(security.referrer_policy).referrer_policy == "strict-origin-when-cross-origin",
        one(security.strict_transport_security).access_control_max_age_sec == 63072000,
      ])
    ])
    error_message = "A security header is missing or weak."
  }

  assert {
    condition = {
      for item in one(aws_cloudfront_response_headers_policy.this.custom_headers_config).items : item.header => item.value if item.header != "Permissions-Policy"
    } == { Cross-Origin-Opener-Policy = "same-origin", Cross-Origin-Resource-Policy = "same-origin" }
    error_message = "Pages of other origins may open or embed these."
  }

  assert {
    condition     = aws_s3_bucket.pages.bucket == "rivulet-test-123456789012-pages" && !aws_s3_bucket.pages.force_destroy && aws_s3_bucket_public_access_block.pages.restrict_public_buckets && aws_s3_bucket_public_access_block.pages.block_public_policy
    error_message = "The bucket is public, or is deleted with its pages."
  }

  assert {
    condition     = jsondecode(aws_s3_object.config.content) == { api = "/v1", environment = "test", demonstration_users = [] } && aws_s3_object.config.cache_control == "no-cache"
    error_message = "The pages find another API, or keep their settings."
  }

  assert {
    condition     = one(aws_api_gateway_usage_plan.this.throttle_settings).rate_limit == 50 && aws_api_gateway_api_key.this.value == "rivulet-test-usage-of-distribution" && length(aws_api_gateway_usage_plan.this.quota_settings) == 0
    error_message = "The distribution's requests are not limited by themselves."
  }

  assert {
    condition     = aws_ssm_parameter.key.name == "/rivulet/test/keys/distribution" && aws_ssm_parameter.key.type == "SecureString" && keys(terraform_data.key) == ["1"]
    error_message = "The authoriser does not find the key, or there are others."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.viewer_certificate).minimum_protocol_version == "TLSv1" && output.url == "https://d1.cloudfront.net"
    error_message = "CloudFront's own certificate is not used as AWS has it."
  }

  assert {
    condition     = length(aws_wafv2_web_acl.this) + length(aws_cloudwatch_log_delivery.this) == 0
    error_message = "The firewall or the log is on by default."
  }
}

run "a_domain_of_ones_own_has_tls_12_a_firewall_and_a_log_without_paths" {
  command = plan

  variables {
    aliases         = ["shop.example.com"]
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/a"
    firewall        = true
    log_bucket_arn  = "arn:aws:s3:::rivulet-test-123456789012-logs"
    key_generation  = 3
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.viewer_certificate).minimum_protocol_version == "TLSv1.2_2021" && one(aws_cloudfront_distribution.this.viewer_certificate).ssl_support_method == "sni-only" && output.url == "https://shop.example.com"
    error_message = "An own certificate admits older TLS than 1.2, or the address is another."
  }

  assert {
    condition     = aws_wafv2_web_acl.this[0].scope == "CLOUDFRONT" && [for rule in aws_wafv2_web_acl.this[0].rule : one(one(rule.statement).rate_based_statement).limit if rule.name == "requests-per-address"] == [1200]
    error_message = "The firewall does not limit the requests of an address."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.waf[0].name, "aws-waf-logs-") && length([for field in aws_wafv2_web_acl_logging_configuration.this[0].redacted_fields : field if length(field.uri_path) + length(field.query_string) > 0]) == 2
    error_message = "The firewall's log has a name that WAF refuses, or contains paths or queries."
  }

  assert {
    condition     = length([for field in aws_cloudwatch_log_delivery.this[0].record_fields : field if contains(["cs-uri-stem", "cs-uri-query", "c-ip", "cs(Referer)", "cs(Cookie)", "x-forwarded-for"], field)]) == 0 && contains(aws_cloudwatch_log_delivery.this[0].record_fields, "cache-behavior-path-pattern")
    error_message = "The access log contains user ids or addresses."
  }

  assert {
    condition     = keys(terraform_data.key) == ["2", "3"]
    error_message = "The key before the present one is not accepted any more, or an older one is."
  }
}

run "the_laptop_has_plain_http_and_the_emulators_api" {
  command = plan

  variables {
    emulated = true
    api      = { id = "api", stage_name = "v1", domain_name = "localhost", path = "/_aws/execute-api/api", http_port = 4566, is_https = false }
  }

  assert {
    condition = alltrue([
      for origin in nonsensitive(aws_cloudfront_distribution.this.origin) : origin.origin_path == "/_aws/execute-api/api" && one(origin.custom_origin_config).http_port == 4566 && one(origin.custom_origin_config).origin_protocol_policy == "http-only" if origin.origin_id == "api"
    ])
    error_message = "The distribution does not find the emulator's API."
  }

  assert {
    condition     = alltrue([for behaviour in concat(aws_cloudfront_distribution.this.ordered_cache_behavior, aws_cloudfront_distribution.this.default_cache_behavior) : behaviour.viewer_protocol_policy == "allow-all"]) && !strcontains(local.content_security_policy, "upgrade-insecure-requests")
    error_message = "A page would be redirected to a port that nothing serves."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.pages) == 0
    error_message = "The provider would wait for lifecycle rules."
  }
}

run "an_alias_without_a_certificate_is_refused" {
  command = plan

  variables {
    aliases = ["shop.example.com"]
  }

  expect_failures = [var.certificate_arn]
}

run "a_certificate_of_another_region_and_an_unknown_price_class_are_refused" {
  command = plan

  variables {
    aliases         = ["shop.example.com"]
    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/a"
    price_class     = "PriceClass_300"
  }

  expect_failures = [var.certificate_arn, var.price_class]
}

run "a_firewall_on_the_laptop_and_limits_that_admit_nothing_are_refused" {
  command = plan

  variables {
    emulated            = true
    firewall            = true
    limits              = { requests_per_second = 0, burst = 1 }
    requests_per_minute = 5
    key_generation      = 0
  }

  expect_failures = [var.emulated, var.limits, var.requests_per_minute, var.key_generation]
}
