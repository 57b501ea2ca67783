# What callers and visitors meet: the API, its limits and campaigns, the shop, the firewalls, and the canary.

variable "api_throttling" {
  description = "Limits of the API in requests per second and burst."
  type = object({
    requests_per_second = number
    burst               = number
  })

  validation {
    condition     = var.api_throttling.requests_per_second > 0 && var.api_throttling.burst >= 1
    error_message = "api_throttling is ${var.api_throttling.requests_per_second} requests per second and a burst of ${var.api_throttling.burst}, which admits no request; both must be at least 1."
  }
}

variable "api_role_limits" {
  description = "Limits of all keys of a role together, by role: requests per second, burst, and requests a day (null for any number). A role without limits has those of api_throttling."
  type = map(object({
    requests_per_second = number
    burst               = number
    requests_per_day    = optional(number)
  }))
  default = { train = { requests_per_second = 5, burst = 10, requests_per_day = 20000 } }
}

variable "api_page_limits" {
  description = "Limits of POST /e, whose key everyone can read: requests per second and burst of all pages together, and requests a minute of one address, where there is a firewall."
  type = object({
    requests_per_second = number
    burst               = number
    requests_per_minute = number
  })
  default = { requests_per_second = 200, burst = 400, requests_per_minute = 1200 }
}

variable "demonstration_users" {
  description = "Users whose recommendations a key with the role read:visitor may read, beside visitors without a log-in."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for user in var.demonstration_users : can(regex("^[^\\s]+$", user))])
    error_message = "demonstration_users must have no spaces; not so: ${join(", ", [for user in var.demonstration_users : user if !can(regex("^[^\\s]+$", user))])}."
  }
}

variable "cors_origins" {
  description = "Origins of web pages that may read the API's answers, as https://host; none for no page but those that a key names, which can send POST /e only."
  type        = list(string)
  default     = []
}

variable "shop" {
  description = "The shop's pages by CloudFront: its domain names and their certificate of ACM in us-east-1, its edge locations, the limits of all its visitors together (requests per second, burst, and a day; null for any number), the requests a minute of one address where there is a firewall, and the number of the distribution's key, which one more replaces. Null for no shop."
  type = object({
    aliases         = optional(list(string), [])
    certificate_arn = optional(string)
    price_class     = optional(string, "PriceClass_100")
    limits = optional(object({
      requests_per_second = number
      burst               = number
      requests_per_day    = optional(number)
    }), { requests_per_second = 100, burst = 200 })
    requests_per_minute = optional(number, 1200)
    key_generation      = optional(number, 1)
  })
  default = null
}

variable "emulator_port" {
  description = "Port of the emulator on the laptop, from which its CloudFront reads the API."
  type        = number
  default     = 4566
}

variable "firewall" {
  description = "Whether web application firewalls protect the API and the shop: they block known attacks, and an address that sends more than api_throttling or the shop admits."
  type        = bool
  default     = false

  validation {
    condition     = var.environment != "production" || var.firewall
    error_message = "firewall is false in production; set it to true."
  }
}

variable "canary" {
  description = "Whether a function calls the API every five minutes as a caller does, with an alarm where right answers are missing: health, an event that denies consent and so is stored nowhere, popular items. About a US dollar a month."
  type        = bool
  default     = false

  validation {
    condition     = !(var.canary && var.emulated)
    error_message = "canary must be false on the laptop, where the API's address changes with the emulator's port."
  }
}

variable "campaign_arns" {
  description = "ARNs of existing campaigns that answer in place of the training workflow's, by solution: user-personalization, similar-items, popular and ranking. A training does not change them, and answers do not name their version."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.campaign_arns), ["user-personalization", "similar-items", "popular", "ranking"])) == 0
    error_message = "campaign_arns has keys other than user-personalization, similar-items, popular and ranking: ${join(", ", setsubtract(keys(var.campaign_arns), ["user-personalization", "similar-items", "popular", "ranking"]))}."
  }

  validation {
    condition     = alltrue([for arn in values(var.campaign_arns) : can(regex("^arn:[a-z-]+:personalize:${var.region}:${var.account_id}:campaign/[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", arn))])
    error_message = "Each value of campaign_arns must be the ARN of a campaign in the environment's account and region."
  }
}
