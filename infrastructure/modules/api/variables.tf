variable "prefix" {
  description = "Project and environment, joined by a hyphen: the beginning of every name."
  type        = string
}

variable "key_arn" {
  description = "KMS key of the environment."
  type        = string
}


variable "functions" {
  description = "Lambda functions behind the routes, by the name that routes use."
  type = map(object({
    name       = string
    invoke_arn = string
  }))
}

variable "routes" {
  description = "Routes as \"METHOD /path\", one or two segments deep: the function behind each, whether it needs the key, and the model that its body is documented by."
  type = map(object({
    function         = string
    api_key_required = optional(bool, true)
    model            = optional(string)
  }))

  validation {
    condition     = alltrue([for route in keys(var.routes) : can(regex("^(GET|POST|PUT|DELETE|PATCH) /[a-z-]+(/([a-z-]+|\\{[a-z_]+\\}))?$", route))])
    error_message = "Not \"METHOD /segment\" or \"METHOD /segment/segment\": ${join(", ", [for route in keys(var.routes) : route if !can(regex("^(GET|POST|PUT|DELETE|PATCH) /[a-z-]+(/([a-z-]+|\\{[a-z_]+\\}))?$", route))])}."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : contains(keys(var.functions), route.function)])
    error_message = "Routes to functions that are not given: ${join(", ", [for name, route in var.routes : "${name} to ${route.function}" if !contains(keys(var.functions), route.function)])}."
  }
}

variable "api_key" {
  description = "Value of the API key, 20 to 128 characters; null has API Gateway choose one."
  type        = string
  sensitive   = true
  nullable    = true

  validation {
    condition     = var.api_key == null ? true : length(var.api_key) >= 20 && length(var.api_key) <= 128
    error_message = "api_key must have 20 to 128 characters."
  }
}

variable "throttling" {
  description = "Requests per second and burst that all callers together, and a key, may reach."
  type = object({
    requests_per_second = number
    burst               = number
  })
}

variable "cors_origin" {
  description = "Origin of the web pages that may call the API, as https://host; null for none."
  type        = string
  nullable    = true

  validation {
    condition     = var.cors_origin == null ? true : can(regex("^(\\*|https?://[^/]+)$", var.cors_origin))
    error_message = "cors_origin is \"${var.cors_origin == null ? "null" : var.cors_origin}\": a scheme and a host without a path, or *."
  }
}

variable "requests_per_address" {
  description = "Requests in five minutes after which the web application firewall blocks an address; null for no firewall."
  type        = number
  nullable    = true

  validation {
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html
    condition     = var.requests_per_address == null ? true : var.requests_per_address >= 10
    error_message = "requests_per_address is ${var.requests_per_address == null ? "null" : var.requests_per_address}: WAF takes 10 at least."
  }
}

variable "log_retention_days" {
  description = "Days that the access log is kept."
  type        = number
}
