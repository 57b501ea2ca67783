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

variable "authoriser" {
  description = "Lambda function that decides which routes the sender of a request may call."
  type = object({
    name       = string
    invoke_arn = string
    alias      = optional(string)
  })
}

variable "routes" {
  description = "Routes as \"METHOD /path\" with one to three path segments: the function, where the caller's key is (header: x-api-key, query: the parameter key, none: no key is needed), the model that documents the body, and whether the body holds data of users and items, in which the firewall only counts suspicious texts."
  type = map(object({
    function   = string
    credential = string
    model      = optional(string)
    data_body  = optional(bool, false)
  }))

  validation {
    condition     = alltrue([for route in values(var.routes) : contains(["header", "query", "none"], route.credential)])
    error_message = "The credential must be header, query or none; not so: ${join(", ", [for name, route in var.routes : name if !contains(["header", "query", "none"], route.credential)])}."
  }

  validation {
    condition     = alltrue([for route in keys(var.routes) : can(regex("^(GET|POST|PUT|DELETE|PATCH) /[a-z-]+(/([a-z-]+|\\{[a-z_]+\\})){0,2}$", route))])
    error_message = "Routes must be \"METHOD /segment\" with at most two further segments; invalid: ${join(", ", [for route in keys(var.routes) : route if !can(regex("^(GET|POST|PUT|DELETE|PATCH) /[a-z-]+(/([a-z-]+|\\{[a-z_]+\\})){0,2}$", route))])}."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : contains(keys(var.functions), route.function)])
    error_message = "Routes to unknown functions: ${join(", ", [for name, route in var.routes : "${name} to ${route.function}" if !contains(keys(var.functions), route.function)])}."
  }
}

variable "roles" {
  description = "Roles of keys; each has a usage plan."
  type        = list(string)
}

variable "role_limits" {
  description = "Limits of all keys of a role together, by role: requests per second, burst, and requests a day (null for any number). A role without limits has those of throttling."
  type = map(object({
    requests_per_second = number
    burst               = number
    requests_per_day    = optional(number)
  }))

  validation {
    condition     = alltrue([for role in keys(var.role_limits) : contains(var.roles, role)])
    error_message = "Limits of unknown roles: ${join(", ", [for role in keys(var.role_limits) : role if !contains(var.roles, role)])}."
  }
}

variable "throttling" {
  description = "Limits in requests per second and burst, of all callers together."
  type = object({
    requests_per_second = number
    burst               = number
  })
}

variable "page_limits" {
  description = "Limits of the routes whose key is in the address, which everyone can read: requests per second and burst of all pages together, and requests a minute of one address, where there is a firewall."
  type = object({
    requests_per_second = number
    burst               = number
    requests_per_minute = number
  })

  # https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
  validation {
    condition     = var.page_limits.requests_per_minute >= 10
    error_message = "page_limits.requests_per_minute is ${var.page_limits.requests_per_minute}; WAF accepts 10 at least."
  }
}

variable "cors_origins" {
  description = "Origins of web pages that may read the API's answers, as https://host; none for no page but those that a key names, which can send POST /e only."
  type        = list(string)

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https?://[a-z0-9-]+(\\.[a-z0-9-]+)*(:[0-9]{1,5})?$", origin)) && !can(regex("^(http://.*:80|https://.*:443)$", origin))])
    error_message = "cors_origins must be a scheme and a host in lower case, without a path, as browsers send it: without :443 of https and :80 of http; not so: ${join(", ", [for origin in var.cors_origins : origin if !can(regex("^https?://[a-z0-9-]+(\\.[a-z0-9-]+)*(:[0-9]{1,5})?$", origin)) || can(regex("^(http://.*:80|https://.*:443)$", origin))])}."
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
