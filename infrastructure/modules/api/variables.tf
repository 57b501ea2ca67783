variable "prefix" {
  description = "Project and environment, joined by a hyphen; the prefix of every name."
  type        = string
}

variable "key_arn" {
  description = "ARN of the environment's KMS key."
  type        = string
}

variable "functions" {
  description = "Lambda functions behind the routes, by the name used in routes."
  type = map(object({
    name            = string
    invoke_arn      = string
    alias           = optional(string)
    timeout_seconds = number
  }))

  validation {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    condition     = alltrue([for function in values(var.functions) : function.timeout_seconds < 29])
    error_message = "API Gateway waits 29 s for a function, so that one must time out earlier to be logged and answered; not so: ${join(", ", [for name, function in var.functions : name if function.timeout_seconds >= 29])}."
  }
}

variable "routes" {
  description = "Routes as \"METHOD /path\" with one or two path segments: the function, whether an API key is required, the model that documents the body, and whether the body holds data of users and items, in which the firewall only counts suspicious texts."
  type = map(object({
    function         = string
    api_key_required = optional(bool, true)
    model            = optional(string)
    data_body        = optional(bool, false)
  }))

  validation {
    condition     = alltrue([for route in keys(var.routes) : can(regex("^(GET|POST|PUT|DELETE|PATCH) /[a-z-]+(/([a-z-]+|\\{[a-z_]+\\}))?$", route))])
    error_message = "Routes must be \"METHOD /segment\" or \"METHOD /segment/segment\"; invalid: ${join(", ", [for route in keys(var.routes) : route if !can(regex("^(GET|POST|PUT|DELETE|PATCH) /[a-z-]+(/([a-z-]+|\\{[a-z_]+\\}))?$", route))])}."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : contains(keys(var.functions), route.function)])
    error_message = "Routes to unknown functions: ${join(", ", [for name, route in var.routes : "${name} to ${route.function}" if !contains(keys(var.functions), route.function)])}."
  }
}

variable "api_key" {
  description = "Value of the API key, 20 to 128 characters; null lets API Gateway generate one."
  type        = string
  sensitive   = true
  nullable    = true

  validation {
    condition     = var.api_key == null ? true : length(var.api_key) >= 20 && length(var.api_key) <= 128
    error_message = "api_key must have 20 to 128 characters."
  }
}

variable "throttling" {
  description = "Limits in requests per second and burst, of all callers together and of each key."
  type = object({
    requests_per_second = number
    burst               = number
  })
}

variable "cors_origin" {
  description = "Origin of web pages that may call the API, as https://host; null for none."
  type        = string
  nullable    = true

  validation {
    condition     = var.cors_origin == null ? true : can(regex("^(\\*|https?://[^/]+)$", var.cors_origin))
    error_message = "cors_origin is \"${var.cors_origin == null ? "null" : var.cors_origin}\"; it must be a scheme and a host without a path, or *."
  }
}

variable "firewall" {
  description = "Whether a web application firewall protects the API."
  type        = bool
}

variable "log_retention_days" {
  description = "Retention of the access log in days."
  type        = number
}
