resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

# API Gateway would create this group itself, without retention and key, with its first error.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-execution-logging.html
resource "aws_cloudwatch_log_group" "execution" {
  name              = "API-Gateway-Execution-Logs_${aws_api_gateway_rest_api.this.id}/${local.stage_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  triggers = {
    # A change of any of these resources, and only that, causes a deployment.
    redeployment = sha256(jsonencode([
      local.routes, values(var.functions)[*].invoke_arn, local.models, local.gateway_errors, local.gateway_error_headers, var.cors_origins, local.cors_template,
      local.authorisers, local.authoriser_cache_seconds, var.authoriser.invoke_arn,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }

  # A deployment is a snapshot of the resources that exist when it is created.
  depends_on = [
    aws_api_gateway_integration.this,
    aws_api_gateway_integration_response.cors,
    aws_api_gateway_gateway_response.this,
    aws_lambda_permission.authoriser,
  ]
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV_AWS_120:Recommendations change with the next event, so the gateway must not cache them
  #checkov:skip=CKV2_AWS_29:The firewall is a setting of the environment; production requires it
  #checkov:skip=CKV2_AWS_77:The firewall has the group with the Log4j rules, which only count in bodies of data; no function runs Java
  #checkov:skip=CKV2_AWS_51:Client certificates authenticate the gateway to its integrations, which are Lambda functions
  #checkov:skip=CKV_AWS_73:Traces of the stage contain URLs with user ids, which X-Ray cannot redact; the functions trace themselves
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = local.stage_name
  xray_tracing_enabled = false

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this.arn

    # The resource in place of the path and the query, since paths contain user ids, and the query of a page its key.
    format = jsonencode({
      request_id          = "$context.requestId"
      time                = "$context.requestTimeEpoch"
      method              = "$context.httpMethod"
      resource            = "$context.resourcePath"
      status              = "$context.status"
      latency_ms          = "$context.responseLatency"
      integration_latency = "$context.integrationLatency"
      integration_status  = "$context.integrationStatus"
      response_bytes      = "$context.responseLength"
      caller              = "$context.authorizer.principalId"
      error               = "$context.error.responseType"
    })
  }
}

resource "aws_api_gateway_method_settings" "this" {
  #checkov:skip=CKV_AWS_225:Recommendations change with the next event, so the gateway must not cache them
  #checkov:skip=CKV_AWS_308:As above
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    logging_level          = "ERROR"
    data_trace_enabled     = false # bodies contain user ids
    throttling_rate_limit  = var.throttling.requests_per_second
    throttling_burst_limit = var.throttling.burst
  }

  # This resource turns execution logs on.
  depends_on = [aws_cloudwatch_log_group.execution]
}

# The settings of a method replace those of all methods.
resource "aws_api_gateway_method_settings" "page" {
  #checkov:skip=CKV_AWS_225:As above
  #checkov:skip=CKV_AWS_308:As above
  for_each = { for name, route in local.routes : name => route if route.credential == "query" }

  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "${trimprefix(each.value.path, "/")}/${each.value.method}"

  settings {
    metrics_enabled        = true
    logging_level          = "ERROR"
    data_trace_enabled     = false
    throttling_rate_limit  = var.page_limits.requests_per_second
    throttling_burst_limit = var.page_limits.burst
  }

  depends_on = [aws_api_gateway_method_settings.this, aws_api_gateway_method.this]
}

resource "aws_api_gateway_api_key" "this" {
  for_each = toset(var.roles)

  name        = "${var.prefix}-${replace(each.key, ":", "-")}"
  description = "Counts the requests of keys with the role ${each.key}; it is no credential"
  value       = "${local.usage_prefix}${replace(each.key, ":", "-")}"
}

resource "aws_api_gateway_usage_plan" "this" {
  for_each = toset(var.roles)

  name        = "${var.prefix}-${replace(each.key, ":", "-")}"
  description = "Limits of all keys with the role ${each.key}"

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  throttle_settings {
    rate_limit  = try(var.role_limits[each.key].requests_per_second, var.throttling.requests_per_second)
    burst_limit = try(var.role_limits[each.key].burst, var.throttling.burst)
  }

  dynamic "quota_settings" {
    for_each = try(var.role_limits[each.key].requests_per_day[*], [])

    content {
      limit  = quota_settings.value
      period = "DAY"
    }
  }
}

resource "aws_api_gateway_usage_plan_key" "this" {
  for_each = toset(var.roles)

  key_id        = aws_api_gateway_api_key.this[each.key].id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.this[each.key].id
}
