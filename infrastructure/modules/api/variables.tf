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
    name       = string
    invoke_arn = string
  }))
}

variable "routes" {
  description = "Routes as \"METHOD /path\" with one or two path segments: the function, whether an API key is required, and the model that documents the body."
  type = map(object({
    function         = string
    api_key_required = optional(bool, true)
    model            = optional(string)
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

variable "requests_per_address" {
  description = "Number of requests in five minutes above which the web application firewall blocks an address; null for no firewall."
  type        = number
  nullable    = true

  validation {
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html
    condition     = var.requests_per_address == null ? true : var.requests_per_address >= 10
    error_message = "requests_per_address is ${var.requests_per_address == null ? "null" : var.requests_per_address}; WAF's minimum is 10."
  }
}

variable "log_retention_days" {
  description = "Retention of the access log in days."
  type        = number
}
