locals {
  stage_name     = "v1"
  log_group_name = "/aws/apigateway/${var.prefix}"
  waf_log_group  = "aws-waf-logs-${var.prefix}" # the prefix is required by WAF

  routes = {
    for name, route in var.routes : name => merge(route, {
      method = split(" ", name)[0]
      path   = split(" ", name)[1]
    })
  }

  paths      = toset([for route in local.routes : route.path])
  top_paths  = toset([for path in local.paths : join("/", slice(split("/", path), 0, 2))])
  deep_paths = toset([for path in local.paths : join("/", slice(split("/", path), 0, 3)) if length(split("/", path)) >= 3])
  # A path of three segments, as /users/{user_id}/history.
  deepest_paths = toset([for path in local.paths : path if length(split("/", path)) == 4])

  resource_ids = merge(
    { for path, resource in aws_api_gateway_resource.top : path => resource.id },
    { for path, resource in aws_api_gateway_resource.deep : path => resource.id },
    { for path, resource in aws_api_gateway_resource.deepest : path => resource.id },
  )

  # Where the gateway finds the key of a request; it asks the authoriser once for each key.
  identity_sources = { header = "method.request.header.x-api-key", query = "method.request.querystring.key" }
  authorisers      = { for credential, source in local.identity_sources : credential => source if contains(values(local.routes)[*].credential, credential) }
  authoriser_arn   = "${aws_api_gateway_rest_api.this.execution_arn}/authorizers/*"

  # How long the gateway uses the authoriser's answer for a key.
  authoriser_cache_seconds = 30

  # Values of the gateway's own keys, by which usage plans count: the authoriser returns one. They are no credentials,
  # since the gateway takes them from the authoriser alone.
  usage_prefix = "${var.prefix}-usage-of-"

  # Paths that answer preflight requests.
  cors_paths   = length(var.cors_origins) == 0 ? toset([]) : local.paths
  cors_headers = "content-type,x-api-key"
  cors_exposed = "Retry-After, x-amzn-RequestId"
  cors_methods = {
    for path in local.cors_paths :
    path => join(",", concat(["OPTIONS"], sort([for route in local.routes : route.method if route.path == path])))
  }

  # What the requests' bodies look like; generated from the contract. Functions answer with every field and rule that
  # was broken and count it, so the models document and do not refuse.
  models = jsondecode(file("${path.module}/generated/models.json"))

  # The gateway can compare with no list, so that pages of every origin can read its errors, which hold no data. It
  # reads names of headers in a case-sensitive way, so that it would not repeat the origin of every version of HTTP.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
  gateway_error_headers = {
    "gatewayresponse.header.Access-Control-Allow-Origin"   = "'*'"
    "gatewayresponse.header.Access-Control-Expose-Headers" = "'${local.cors_exposed}'"
  }

  # Errors that the gateway returns itself, in the format of the functions' errors. The authoriser's answer says why it
  # denies a request.
  gateway_errors = {
    UNAUTHORIZED                 = { status = "401", code = "unauthorized", message = "The request has no key, or several: send one in the header x-api-key, to POST /e in the address." }
    INVALID_API_KEY              = { status = "403", code = "forbidden", message = "The usage plan of the key's role does not exist." }
    MISSING_AUTHENTICATION_TOKEN = { status = "404", code = "not_found", message = "The path does not exist, or not with this method." }
    ACCESS_DENIED                = { status = "403", code = "forbidden", message = "The key is refused. $context.authorizer.denial" }
    AUTHORIZER_FAILURE           = { status = "503", code = "unavailable", message = "The key could not be verified: retry after some seconds.", retry_after_seconds = 5 }
    THROTTLED                    = { status = "429", code = "throttled", message = "Too many requests: retry after a second.", retry_after_seconds = 1 }
    QUOTA_EXCEEDED               = { status = "429", code = "quota_exceeded", message = "The quota of the key's role is exhausted." }
    REQUEST_TOO_LARGE            = { status = "413", code = "too_large", message = "The body is too large: events may have 1 MiB, and larger files go to POST /uploads." }
    UNSUPPORTED_MEDIA_TYPE       = { status = "415", code = "unsupported_media_type", message = "The body must be application/json." }
    WAF_FILTERED                 = { status = "403", code = "forbidden", message = "The request was blocked by the firewall." }
    INTEGRATION_FAILURE          = { status = "503", code = "unavailable", message = "The function behind this path failed: retry after a second.", retry_after_seconds = 1 }
    INTEGRATION_TIMEOUT          = { status = "504", code = "timeout", message = "The function behind this path took longer than 29 seconds.", retry_after_seconds = 1 }
    API_CONFIGURATION_ERROR      = { status = "500", code = "internal_error", message = "The gateway's configuration of this path is invalid." }
    DEFAULT_4XX                  = { code = "bad_request", message = null }
    DEFAULT_5XX                  = { code = "internal_error", message = null }
  }
}
