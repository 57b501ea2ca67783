# The real provider without a network; what is known only after an apply is stated, for the wiring between resources.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target          = aws_api_gateway_rest_api.this
  override_during = plan
  values = {
    id               = "id"
    root_resource_id = "root"
    execution_arn    = "arn:aws:execute-api:eu-central-1:123456789012:id"
  }
}

override_resource {
  target          = aws_api_gateway_resource.top
  override_during = plan
  values = {
    id = "top"
  }
}

override_resource {
  target          = aws_api_gateway_authorizer.this["header"]
  override_during = plan
  values = {
    id = "header"
  }
}

override_resource {
  target          = aws_api_gateway_authorizer.this["query"]
  override_during = plan
  values = {
    id = "query"
  }
}

override_resource {
  target          = aws_wafv2_web_acl.this
  override_during = plan
  values = {
    arn = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/a/b"
  }
}

override_resource {
  target          = aws_api_gateway_stage.this
  override_during = plan
  values = {
    arn = "arn:aws:apigateway:eu-central-1::/restapis/id/stages/v1"
  }
}

variables {
  prefix             = "rivulet-test"
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/none"
  authoriser         = { name = "rivulet-test-authorise", invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/authorise", alias = "live" }
  roles              = ["events:write", "read", "train"]
  role_limits        = { train = { requests_per_second = 5, burst = 10, requests_per_day = 1000 } }
  throttling         = { requests_per_second = 100, burst = 200 }
  page_limits        = { requests_per_second = 50, burst = 60, requests_per_minute = 30 }
  cors_origins       = []
  firewall           = false
  log_retention_days = 30

  functions = {
    collect = { name = "rivulet-test-collect", invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/collect", timeout_seconds = 28 }
    serve   = { name = "rivulet-test-serve", invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/serve", timeout_seconds = 10 }
  }

  routes = {
    "POST /events"          = { function = "collect", credential = "header", model = "EventBatch", data_body = true }
    "POST /e"               = { function = "collect", credential = "query", data_body = true }
    "GET /items/{item_id}"  = { function = "serve", credential = "header" }
    "GET /items/{other_id}" = { function = "serve", credential = "header" }
    "GET /health"           = { function = "serve", credential = "none" }
  }
}

# A plan takes a second, so assertions on the same variables share one.
run "routes_invoke_their_functions_need_a_key_are_throttled_and_log_no_user_ids" {
  command = plan

  assert {
    condition     = toset(keys(aws_api_gateway_resource.top)) == toset(["/e", "/events", "/items", "/health"]) && alltrue([for resource in values(aws_api_gateway_resource.top) : resource.parent_id == "root"])
    error_message = "A first segment does not exist exactly once under the root."
  }

  assert {
    condition     = aws_api_gateway_resource.deep["/items/{item_id}"].parent_id == aws_api_gateway_resource.top["/items"].id && aws_api_gateway_resource.deep["/items/{item_id}"].path_part == "{item_id}"
    error_message = "A second segment is not under its first segment."
  }

  assert {
    condition     = aws_api_gateway_integration.this["POST /events"].uri == var.functions.collect.invoke_arn && aws_api_gateway_integration.this["GET /health"].uri == var.functions.serve.invoke_arn
    error_message = "A route invokes a wrong function."
  }

  assert {
    condition     = aws_api_gateway_method.this["POST /events"].request_models == tomap({ "application/json" = "EventBatch" })
    error_message = "The body of POST /events is not documented."
  }

  assert {
    condition     = alltrue([for permission in values(aws_lambda_permission.this) : permission.source_arn == "arn:aws:execute-api:eu-central-1:123456789012:id/*/*"])
    error_message = "Other APIs may invoke the functions."
  }

  assert {
    condition = { for name, authorizer in aws_api_gateway_authorizer.this : name => [authorizer.type, authorizer.identity_source, authorizer.authorizer_result_ttl_in_seconds] } == {
      header = ["REQUEST", "method.request.header.x-api-key", 30]
      query  = ["REQUEST", "method.request.querystring.key", 30]
    }
    error_message = "The gateway finds the key elsewhere, or uses an answer for longer than the README says."
  }

  assert {
    condition     = aws_lambda_permission.authoriser.source_arn == "arn:aws:execute-api:eu-central-1:123456789012:id/authorizers/*" && aws_lambda_permission.authoriser.qualifier == "live"
    error_message = "Others than this API's authorisers may invoke the function, or not its released version."
  }

  assert {
    condition     = aws_api_gateway_rest_api.this.api_key_source == "AUTHORIZER" && { for route, method in aws_api_gateway_method.this : route => method.api_key_required } == { "GET /health" = false, "GET /items/{item_id}" = true, "GET /items/{other_id}" = true, "POST /e" = false, "POST /events" = true }
    error_message = "A caller could name a usage plan, or a route with a key counts on none."
  }

  assert {
    condition     = values(aws_api_gateway_api_key.this)[*].value == ["rivulet-test-usage-of-events-write", "rivulet-test-usage-of-read", "rivulet-test-usage-of-train"]
    error_message = "The value of a usage plan's key is not the one that the authoriser returns."
  }

  assert {
    condition = alltrue([
      one(aws_api_gateway_usage_plan.this["read"].throttle_settings).rate_limit == 100,
      length(aws_api_gateway_usage_plan.this["read"].quota_settings) == 0,
      one(aws_api_gateway_usage_plan.this["train"].throttle_settings).rate_limit == 5,
      one(aws_api_gateway_usage_plan.this["train"].quota_settings).limit == 1000,
    ])
    error_message = "A role's limits are not those that are set."
  }

  assert {
    condition = alltrue([
      for response in values(aws_api_gateway_gateway_response.this) :
      length(jsondecode(replace(response.response_templates["application/json"], "$context.error.messageString", "\"text\"")).error.message) > 0
    ])
    error_message = "A gateway error is not JSON, or has no message."
  }

  assert {
    condition     = strcontains(aws_api_gateway_gateway_response.this["ACCESS_DENIED"].response_templates["application/json"], "$context.authorizer.denial")
    error_message = "A refused key gets no reason."
  }

  assert {
    condition     = aws_api_gateway_gateway_response.this["THROTTLED"].response_parameters["gatewayresponse.header.Retry-After"] == "'1'" && [for type in ["UNAUTHORIZED", "ACCESS_DENIED", "AUTHORIZER_FAILURE"] : aws_api_gateway_gateway_response.this[type].status_code] == ["401", "403", "503"]
    error_message = "A throttled response has no Retry-After, or a key that is missing, refused or not verified has another status."
  }

  assert {
    condition     = alltrue([for response in values(aws_api_gateway_gateway_response.this) : response.response_parameters["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"])
    error_message = "A page cannot read an error of the gateway."
  }

  assert {
    condition = alltrue([
      one(aws_api_gateway_method_settings.this.settings).throttling_rate_limit == 100,
      one(aws_api_gateway_method_settings.this.settings).throttling_burst_limit == 200,
      !one(aws_api_gateway_method_settings.this.settings).data_trace_enabled,
    ])
    error_message = "Requests are not throttled, or bodies are logged."
  }

  assert {
    condition     = !strcontains(one(aws_api_gateway_stage.this.access_log_settings).format, "$context.path\"") && strcontains(one(aws_api_gateway_stage.this.access_log_settings).format, "$context.resourcePath") && !strcontains(one(aws_api_gateway_stage.this.access_log_settings).format, "query")
    error_message = "The access log contains paths, and thereby user ids, or queries, and thereby keys."
  }

  assert {
    condition     = !aws_api_gateway_stage.this.xray_tracing_enabled
    error_message = "Traces of the stage contain URLs, and thereby user ids."
  }

  assert {
    condition = [
      aws_cloudwatch_log_group.execution.name, aws_cloudwatch_log_group.execution.retention_in_days, aws_cloudwatch_log_group.execution.kms_key_id,
    ] == ["API-Gateway-Execution-Logs_${aws_api_gateway_rest_api.this.id}/${aws_api_gateway_stage.this.stage_name}", 30, var.key_arn]
    error_message = "API Gateway writes its execution log into a group without retention or without the key."
  }

  assert {
    condition     = length(aws_api_gateway_method.cors) + length(aws_wafv2_web_acl.this) == 0
    error_message = "CORS or the firewall is on by default."
  }
}

run "with_an_origin_every_path_answers_preflight_requests_for_its_methods" {
  command = plan

  variables {
    cors_origins = ["https://shop.example", "http://localhost:8080"]
  }

  assert {
    condition     = toset(keys(aws_api_gateway_method.cors)) == toset(["/e", "/events", "/items/{item_id}", "/items/{other_id}", "/health"])
    error_message = "A path does not answer preflight requests."
  }

  assert {
    condition = alltrue([
      aws_api_gateway_integration_response.cors["/events"].response_parameters["method.response.header.Access-Control-Allow-Methods"] == "'OPTIONS,POST'",
      strcontains(aws_api_gateway_integration_response.cors["/events"].response_templates["application/json"], "#if($origin == \"https://shop.example\" || $origin == \"http://localhost:8080\")"),
    ])
    error_message = "The allowed origins or methods of a path are wrong."
  }
}

run "the_firewall_admits_what_the_throttling_does_and_blocks_suspicious_bodies_but_those_of_data" {
  command = plan

  variables {
    firewall   = true
    throttling = { requests_per_second = 1000, burst = 2000 }
  }

  assert {
    condition     = aws_wafv2_web_acl_association.this[0].resource_arn == aws_api_gateway_stage.this.arn
    error_message = "The firewall is not associated with the stage."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.waf[0].name, "aws-waf-logs-")
    error_message = "The log group's name lacks the prefix aws-waf-logs-, which WAF requires."
  }

  assert {
    condition = alltrue([
      anytrue([for field in aws_wafv2_web_acl_logging_configuration.this[0].redacted_fields : length(field.uri_path) > 0]),
      anytrue([for field in aws_wafv2_web_acl_logging_configuration.this[0].redacted_fields : length(field.query_string) > 0]),
    ])
    error_message = "The firewall's log contains paths or query strings, and thereby user ids."
  }

  assert {
    condition = [
      for rule in aws_wafv2_web_acl.this[0].rule :
      one(one(rule.statement).rate_based_statement).limit / one(one(rule.statement).rate_based_statement).evaluation_window_sec if rule.name == "requests-per-address"
    ] == [62000 / 60]
    error_message = "The firewall blocks an address that the throttling admits, or admits another rate."
  }

  # The rules of AWS on bodies, and the one that requires a User-Agent.
  assert {
    condition = jsonencode({
      for rule in aws_wafv2_web_acl.this[0].rule :
      rule.name => sort(one(one(rule.statement).managed_rule_group_statement).rule_action_override[*].name) if length(one(rule.statement).managed_rule_group_statement) > 0
      }) == jsonencode({
      AWSManagedRulesAmazonIpReputationList = []
      AWSManagedRulesKnownBadInputsRuleSet  = ["JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"]
      AWSManagedRulesCommonRuleSet = [
        "CrossSiteScripting_BODY", "EC2MetaDataSSRF_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "NoUserAgent_HEADER", "SizeRestrictions_BODY",
      ]
    })
    error_message = "A rule on bodies blocks a whole batch of events, or another rule does not block."
  }

  assert {
    condition     = alltrue([for group in local.managed_rule_groups : alltrue([for rule in group.counted : contains([for label in local.blocking_labels : lower(element(split(":", label), 4))], lower(rule)) || rule == "SizeRestrictions_BODY"])])
    error_message = "A counted rule blocks nowhere."
  }

  assert {
    condition = [
      for path in ["/v1/events", "/events", "/v1/rerank", "/v1/items/events", "/v1/events/", "/v1/e", "/v1"] : path if can(regex(one(flatten([
        for rule in aws_wafv2_web_acl.this[0].rule : [
          for part in one(one(rule.statement).and_statement).statement : one(one(one(part.not_statement).statement).regex_match_statement).regex_string if length(part.not_statement) > 0
        ] if rule.name == "suspicious-without-data"
      ])), path))
    ] == ["/v1/events", "/events", "/v1/events/", "/v1/e"]
    error_message = "Another path than those of data is exempt, or a path of data is not."
  }

  # The gateway decodes a path before it looks for its route.
  assert {
    condition = join(", ", sort(flatten([
      for rule in aws_wafv2_web_acl.this[0].rule : [
        for scope in one(one(rule.statement).rate_based_statement).scope_down_statement : [
          for transformation in one(scope.regex_match_statement).text_transformation : "${transformation.priority} ${transformation.type}"
        ]
      ] if rule.name == "requests-of-pages-per-address"
    ]))) == "0 URL_DECODE, 1 NORMALIZE_PATH"
    error_message = "An encoded path evades the limit of pages."
  }

  assert {
    condition     = max(aws_wafv2_web_acl.this[0].rule[*].priority...) == one([for rule in aws_wafv2_web_acl.this[0].rule : rule.priority if rule.name == "suspicious-without-data"])
    error_message = "The rule on labels is evaluated before the groups that set them."
  }

  assert {
    condition     = [for route, settings in aws_api_gateway_method_settings.page : [route, settings.method_path, one(settings.settings).throttling_rate_limit, one(settings.settings).data_trace_enabled]] == [["POST /e", "e/POST", 50, false]]
    error_message = "The route of pages is not throttled by itself, or its key is logged."
  }

  assert {
    condition = [
      for rule in aws_wafv2_web_acl.this[0].rule : one(one(rule.statement).rate_based_statement).limit if rule.name == "requests-of-pages-per-address"
    ] == [30]
    error_message = "An address may send any number of requests as a page."
  }

  assert {
    condition = [
      for path in ["/v1/e", "/e", "/v1/events", "/v1/e/", "/v1/e/x"] : path if can(regex(one(flatten([
        for rule in aws_wafv2_web_acl.this[0].rule : one(one(one(one(rule.statement).rate_based_statement).scope_down_statement).regex_match_statement).regex_string if rule.name == "requests-of-pages-per-address"
      ])), path))
    ] == ["/v1/e", "/e", "/v1/e/"]
    error_message = "The limit of pages is on another path."
  }
}

# Of each route of the contract's table, what it says of roles is what its method requires.
run "each_route_of_the_table_needs_the_key_that_it_says" {
  command = plan

  variables {
    functions = { all = { name = "all", invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/all", timeout_seconds = 10 } }
    routes = {
      for route, access in jsondecode(file("generated/access.json")).routes : route => { function = "all", credential = access.credential }
    }
    roles       = jsondecode(file("generated/access.json")).roles
    role_limits = {}
  }

  assert {
    condition = alltrue([
      for route, access in jsondecode(file("generated/access.json")).routes :
      length(access.roles) == 0
      ? aws_api_gateway_method.this[route].authorization == "NONE" && access.credential == "none"
      : aws_api_gateway_method.this[route].authorization == "CUSTOM" && aws_api_gateway_method.this[route].authorizer_id == access.credential
    ])
    error_message = "A route is open that needs a role, or its key is not where the table says."
  }

  assert {
    condition     = [for route, method in aws_api_gateway_method.this : route if method.authorization == "NONE"] == ["GET /health"] && length(aws_api_gateway_method.this) == length(jsondecode(file("generated/access.json")).routes)
    error_message = "Another route than GET /health is open, or a route of the table is missing."
  }

  assert {
    condition     = alltrue([for route, access in jsondecode(file("generated/access.json")).routes : alltrue([for role in access.roles : contains(keys(aws_api_gateway_usage_plan.this), role)])])
    error_message = "A role of a route has no usage plan."
  }
}

run "a_function_that_outlasts_the_gateway_is_refused" {
  command = plan

  variables {
    functions = {
      collect = { name = "a", invoke_arn = "a", timeout_seconds = 29 }
      serve   = { name = "b", invoke_arn = "b", timeout_seconds = 10 }
    }
  }

  expect_failures = [var.functions]
}

run "a_path_of_three_segments_has_a_resource_for_each" {
  command = plan

  variables {
    routes = {
      "GET /users/{user_id}/history" = { function = "serve", credential = "header" }
      "GET /health"                  = { function = "serve", credential = "none" }
    }
  }

  assert {
    condition = (
      { for path, resource in aws_api_gateway_resource.top : path => resource.path_part } == { "/health" = "health", "/users" = "users" }
      && { for path, resource in aws_api_gateway_resource.deep : path => resource.path_part } == { "/users/{user_id}" = "{user_id}" }
      && { for path, resource in aws_api_gateway_resource.deepest : path => resource.path_part } == { "/users/{user_id}/history" = "history" }
    )
    error_message = "A segment of the path has no resource, or another path has one."
  }

  assert {
    condition     = keys(aws_api_gateway_method.this) == ["GET /health", "GET /users/{user_id}/history"]
    error_message = "A resource without a route has a method."
  }
}

run "a_path_of_four_segments_is_refused" {
  command = plan

  variables {
    routes = { "GET /a/b/c/d" = { function = "serve", credential = "header" } }
  }

  expect_failures = [var.routes]
}

run "a_route_to_an_unknown_function_is_refused" {
  command = plan

  variables {
    routes = { "GET /health" = { function = "unknown", credential = "none" } }
  }

  expect_failures = [var.routes]
}

run "limits_of_an_unknown_role_and_an_origin_with_a_path_are_refused" {
  command = plan

  variables {
    role_limits  = { write = { requests_per_second = 1, burst = 1 } }
    cors_origins = ["https://shop.example/path"]
  }

  expect_failures = [var.role_limits, var.cors_origins]
}

run "an_origin_that_no_browser_sends_is_refused" {
  command = plan

  variables {
    cors_origins = ["https://shop.example:443"]
  }

  expect_failures = [var.cors_origins]
}
