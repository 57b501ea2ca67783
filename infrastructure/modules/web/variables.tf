variable "prefix" {
  description = "Project and environment, joined by a hyphen; the prefix of every name."
  type        = string
}

variable "partition" {
  description = "AWS partition of the ARNs: aws outside China and GovCloud."
  type        = string
}

variable "account_id" {
  description = "AWS account of the environment, twelve digits."
  type        = string
}

variable "environment" {
  description = "Name of the environment, which the pages show."
  type        = string
}

variable "emulated" {
  description = "Whether CloudFront is emulated on a laptop, which has plain HTTP, no lifecycle rules, no firewall and no log."
  type        = bool
  default     = false

  validation {
    condition     = !(var.emulated && (var.firewall || var.log_bucket_arn != null))
    error_message = "emulated is true, but the laptop has neither a firewall nor an access log of CloudFront."
  }
}

variable "api" {
  description = "API behind the distribution: its id, the stage, which is the first segment of its paths, and the origin that serves it. A path is put in front of those of requests, and is empty on AWS."
  type = object({
    id          = string
    stage_name  = string
    domain_name = string
    path        = optional(string, "")
    http_port   = optional(number, 80)
    is_https    = optional(bool, true)
  })

  validation {
    condition     = can(regex("^[a-z0-9]+$", var.api.stage_name))
    error_message = "api.stage_name is \"${var.api.stage_name}\"; it must be lower-case letters and digits, since it is part of patterns of paths."
  }

  # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Origin.html
  validation {
    condition     = can(regex("^(/[^ ]*[^ /])?$", var.api.path))
    error_message = "api.path is \"${var.api.path}\"; it must be empty, or begin with a slash and end without one."
  }
}

variable "key_arn" {
  description = "ARN of the environment's KMS key, which encrypts the record of the distribution's key."
  type        = string
}

variable "keys_path" {
  description = "Path of Parameter Store below which the authoriser reads the keys, as /rivulet/dev/keys."
  type        = string
}

variable "key_generation" {
  description = "Number of the distribution's key. One more makes a new key, and the present one is accepted until the next change; a second increase ends it."
  type        = number
  default     = 1

  validation {
    condition     = var.key_generation >= 1 && floor(var.key_generation) == var.key_generation
    error_message = "key_generation is ${var.key_generation}; it must be a whole number from 1."
  }
}

variable "usage_key" {
  description = "Value of the gateway's own key, which the authoriser returns for requests of the distribution, and by which its usage plan counts."
  type        = string
}

variable "limits" {
  description = "Limits of all requests through the distribution together: requests per second, burst, and requests a day (null for any number)."
  type = object({
    requests_per_second = number
    burst               = number
    requests_per_day    = optional(number)
  })

  validation {
    condition     = var.limits.requests_per_second > 0 && var.limits.burst >= 1
    error_message = "limits are ${var.limits.requests_per_second} requests per second and a burst of ${var.limits.burst}, which admits no request; both must be at least 1."
  }
}

variable "demonstration_users" {
  description = "Users whom the pages offer beside visitors without a log-in; the API serves them to the distribution's key."
  type        = list(string)
  default     = []
}

variable "aliases" {
  description = "Domain names of the distribution beside its own, which their DNS must point to it."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for alias in var.aliases : can(regex("^(\\*\\.)?[a-z0-9-]+(\\.[a-z0-9-]+)+$", alias))])
    error_message = "aliases must be domain names in lower case; not so: ${join(", ", [for alias in var.aliases : alias if !can(regex("^(\\*\\.)?[a-z0-9-]+(\\.[a-z0-9-]+)+$", alias))])}."
  }
}

variable "certificate_arn" {
  description = "ARN of a certificate of ACM in us-east-1 for the aliases; null for CloudFront's own certificate, with which AWS fixes the minimum at TLS 1.0."
  type        = string
  default     = null

  validation {
    condition     = (var.certificate_arn != null) == (length(var.aliases) > 0)
    error_message = "aliases (${join(", ", var.aliases)}) and certificate_arn (${coalesce(var.certificate_arn, "null")}) need each other."
  }

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[a-z-]+:acm:us-east-1:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "certificate_arn is ${coalesce(var.certificate_arn, "null")}; CloudFront uses certificates of us-east-1 only."
  }
}

variable "price_class" {
  description = "Edge locations that serve the pages: PriceClass_100 (North America, Europe, Israel), PriceClass_200 or PriceClass_All."
  type        = string
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class is \"${var.price_class}\"; it must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "firewall" {
  description = "Whether a web application firewall protects the distribution."
  type        = bool
  default     = false
}

variable "requests_per_minute" {
  description = "Requests a minute that one address may send, where there is a firewall."
  type        = number
  default     = 1200

  # https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
  validation {
    condition     = var.requests_per_minute >= 10
    error_message = "requests_per_minute is ${var.requests_per_minute}; WAF accepts 10 at least."
  }
}

variable "log_bucket_arn" {
  description = "ARN of the bucket that receives the access log, which must admit it; null for no log."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Retention of the firewall's log in days."
  type        = number
}

variable "deletion_protected" {
  description = "Whether the bucket is protected from deletion while it has objects."
  type        = bool
}
