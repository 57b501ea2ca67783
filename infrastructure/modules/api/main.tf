resource "aws_api_gateway_rest_api" "this" {
  name        = var.prefix
  description = "Receives events and serves recommendations"

  # A usage plan counts by what the authoriser returns, so that the header x-api-key holds our own keys.
  api_key_source = "AUTHORIZER"

  # Functions receive bodies as the bytes that were sent: gzip stays gzip, and invalid UTF-8 stays detectable.
  binary_media_types = ["*/*"]

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_resource" "top" {
  for_each = local.top_paths

  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = trimprefix(each.key, "/")
}

resource "aws_api_gateway_resource" "deep" {
  for_each = local.deep_paths

  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.top[join("/", slice(split("/", each.key), 0, 2))].id
  path_part   = split("/", each.key)[2]
}

resource "aws_api_gateway_resource" "deepest" {
  for_each = local.deepest_paths

  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.deep[join("/", slice(split("/", each.key), 0, 3))].id
  path_part   = split("/", each.key)[3]
}

resource "aws_api_gateway_model" "this" {
  for_each = local.models

  rest_api_id  = aws_api_gateway_rest_api.this.id
  name         = each.key
  content_type = "application/json"
  schema       = jsonencode(each.value)
}

resource "aws_api_gateway_authorizer" "this" {
  for_each = local.authorisers

  rest_api_id                      = aws_api_gateway_rest_api.this.id
  name                             = each.key
  type                             = "REQUEST"
  authorizer_uri                   = var.authoriser.invoke_arn
  identity_source                  = each.value
  authorizer_result_ttl_in_seconds = local.authoriser_cache_seconds
}

resource "aws_lambda_permission" "authoriser" {
  statement_id  = "apigateway"
  action        = "lambda:InvokeFunction"
  function_name = var.authoriser.name
  qualifier     = var.authoriser.alias
  principal     = "apigateway.amazonaws.com"
  source_arn    = local.authoriser_arn
}

resource "aws_api_gateway_method" "this" {
  #checkov:skip=CKV_AWS_59:Routes without an authoriser, such as /health, are open on purpose
  #checkov:skip=CKV2_AWS_53:The functions validate bodies, and report every invalid field with the violated rule
  for_each = local.routes

  rest_api_id      = aws_api_gateway_rest_api.this.id
  resource_id      = local.resource_ids[each.value.path]
  http_method      = each.value.method
  authorization    = each.value.credential == "none" ? "NONE" : "CUSTOM"
  authorizer_id    = each.value.credential == "none" ? null : aws_api_gateway_authorizer.this[each.value.credential].id
  api_key_required = each.value.credential == "header" # for the usage plan of the key's role

  request_models = { for model in each.value.model[*] : "application/json" => aws_api_gateway_model.this[model].name }
}

resource "aws_api_gateway_integration" "this" {
  for_each = local.routes

  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = local.resource_ids[each.value.path]
  http_method             = aws_api_gateway_method.this[each.key].http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = var.functions[each.value.function].invoke_arn
}

resource "aws_lambda_permission" "this" {
  for_each = var.functions

  statement_id  = "apigateway"
  action        = "lambda:InvokeFunction"
  function_name = each.value.name
  qualifier     = each.value.alias
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/*/*"
}

resource "aws_api_gateway_gateway_response" "this" {
  for_each = local.gateway_errors

  rest_api_id   = aws_api_gateway_rest_api.this.id
  response_type = each.key
  status_code   = try(each.value.status, null)

  response_templates = {
    # Where the gateway has a detailed message, it is used: $context.error.messageString is already quoted.
    "application/json" = join("", [
      "{\"error\":{\"code\":\"${each.value.code}\",\"message\":",
      each.value.message == null ? "$context.error.messageString" : jsonencode(each.value.message),
      "},\"request_id\":\"$context.requestId\"}",
    ])
  }

  response_parameters = merge(
    { for seconds in try([each.value.retry_after_seconds], []) : "gatewayresponse.header.Retry-After" => "'${seconds}'" },
    local.gateway_error_headers,
  )
}
