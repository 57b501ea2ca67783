# Browsers send preflight requests (OPTIONS); the gateway answers them without a function.

locals {
  # Names the origin of the request where it is listed. HTTP/2 has the names of headers in lower case.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html
  cors_template = <<-EOT
    #set($origin = $input.params().header.get("Origin"))
    #if(!$origin)
    #set($origin = $input.params().header.get("origin"))
    #end
    #if(${join(" || ", [for origin in var.cors_origins : "$origin == \"${origin}\""])})
    #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
    #end
  EOT
}

resource "aws_api_gateway_method" "cors" {
  #checkov:skip=CKV2_AWS_53:A preflight request has neither body nor parameters
  for_each = local.cors_paths

  rest_api_id   = aws_api_gateway_rest_api.this.id
  resource_id   = local.resource_ids[each.key]
  http_method   = "OPTIONS"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "cors" {
  for_each = local.cors_paths

  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = local.resource_ids[each.key]
  http_method = aws_api_gateway_method.cors[each.key].http_method
  type        = "MOCK"

  # Mapping templates need text, but every body is treated as binary here.
  content_handling = "CONVERT_TO_TEXT"

  request_templates = {
    "application/json" = jsonencode({ statusCode = 204 })
  }
}

resource "aws_api_gateway_method_response" "cors" {
  for_each = local.cors_paths

  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = local.resource_ids[each.key]
  http_method = aws_api_gateway_method.cors[each.key].http_method
  status_code = "204"

  response_parameters = {
    "method.response.header.Access-Control-Allow-Headers" = true
    "method.response.header.Access-Control-Allow-Methods" = true
    "method.response.header.Access-Control-Max-Age"       = true
    "method.response.header.Vary"                         = true
  }
}

resource "aws_api_gateway_integration_response" "cors" {
  for_each = local.cors_paths

  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = local.resource_ids[each.key]
  http_method = aws_api_gateway_integration.cors[each.key].http_method
  status_code = aws_api_gateway_method_response.cors[each.key].status_code

  response_parameters = {
    "method.response.header.Access-Control-Allow-Headers" = "'${local.cors_headers}'"
    "method.response.header.Access-Control-Allow-Methods" = "'${local.cors_methods[each.key]}'"
    "method.response.header.Access-Control-Max-Age"       = "'600'"
    "method.response.header.Vary"                         = "'Origin'"
  }

  response_templates = {
    "application/json" = local.cors_template
  }
}
