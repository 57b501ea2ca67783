variable "project" {
  description = "Name of the project: the beginning of every name."
  type        = string
  default     = "rivulet"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,15}$", var.project))
    error_message = "project is \"${var.project}\": 2 to 16 lower-case letters and digits."
  }
}

variable "environment" {
  description = "Environment: local, dev or production."
  type        = string

  validation {
    condition     = contains(["local", "dev", "production"], var.environment)
    error_message = "environment is \"${var.environment}\": local, dev or production."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "account_id" {
  description = "Account that may be changed, twelve digits: credentials of another are refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\": twelve digits."
  }
}

variable "emulated" {
  description = "AWS is the laptop's: buckets by path, no checks of credentials, lifecycle rules left out."
  type        = bool
  default     = false

  validation {
    condition     = !var.emulated || var.environment == "local"
    error_message = "emulated is true in ${var.environment}: only the environment local is emulated."
  }
}

variable "api_key" {
  description = "Value of the API key, 20 to 128 characters; null has API Gateway choose one."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.api_key == null ? !var.emulated : length(var.api_key) >= 20 && length(var.api_key) <= 128
    error_message = "api_key must have 20 to 128 characters, and must be given when emulated is true, since the emulator chooses none."
  }
}

variable "api_throttling" {
  description = "Requests per second and burst that the API takes."
  type = object({
    requests_per_second = number
    burst               = number
  })
}

variable "cors_origin" {
  description = "Origin of the web pages that may call the API, as https://host; null for none."
  type        = string
  default     = null
}

variable "requests_per_address" {
  description = "Requests in five minutes after which the web application firewall blocks an address; null for no firewall."
  type        = number
  default     = null
}

variable "lambda_archives_directory" {
  description = "Folder with <function>.zip for each function, relative to infrastructure/ or absolute."
  type        = string
  default     = "../build/lambda/aws"

  validation {
    condition     = alltrue([for name in ["collect", "forward", "judge", "lake", "recommend", "train"] : fileexists("${var.lambda_archives_directory}/${name}.zip")])
    error_message = "Not in ${var.lambda_archives_directory}: ${join(", ", [for name in ["collect", "forward", "judge", "lake", "recommend", "train"] : "${name}.zip" if !fileexists("${var.lambda_archives_directory}/${name}.zip")])}. Run make package."
  }
}

variable "glue_archives_directory" {
  description = "Folder with the Glue job's datasets.py and rivulet.zip, relative to infrastructure/ or absolute."
  type        = string
  default     = "../build/glue"

  validation {
    condition     = alltrue([for name in ["datasets.py", "rivulet.zip"] : fileexists("${var.glue_archives_directory}/${name}")])
    error_message = "Not in ${var.glue_archives_directory}: ${join(", ", [for name in ["datasets.py", "rivulet.zip"] : name if !fileexists("${var.glue_archives_directory}/${name}")])}. Run make package."
  }
}

variable "lambda_runtime" {
  description = "Lambda runtime: python3.11, python3.12 or python3.13."
  type        = string
  default     = "python3.13"
}

variable "lambda_architecture" {
  description = "Instruction set that the archives were built for: arm64 or x86_64."
  type        = string
  default     = "arm64"
}

variable "log_level" {
  description = "What the functions log: DEBUG, INFO, WARNING or ERROR."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level is \"${var.log_level}\": DEBUG, INFO, WARNING or ERROR."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "history_days" {
  description = "Days that a person's events stay in the history that recommendations react to."
  type        = number
  default     = 90
}

variable "stream_shards" {
  description = "Shards of the event stream; null for on demand."
  type        = number
  default     = 1
}

variable "stream_retention_hours" {
  description = "Hours that events can be read again from the stream."
  type        = number
  default     = 24
}

variable "forwarding" {
  description = "How records are gathered for forward, and how long it tries: a batch ends at so many records or seconds; after so many retries or seconds of age a record is left in the bad-rows bucket."
  type = object({
    batch_size             = optional(number, 500)
    window_seconds         = optional(number, 1)
    parallelization_factor = optional(number, 1)
    retries                = optional(number, 10000) # as many as there are: what may succeed later ends by its age
    record_age_seconds     = optional(number, 21600)
    alarm_age_seconds      = optional(number, 60)
  })
  default = {}
}

variable "reserved_concurrency" {
  description = "Concurrent invocations kept for a function, by its purpose; a function that is not named shares the account's."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.reserved_concurrency), ["collect", "forward", "judge", "lake", "recommend", "train"])) == 0
    error_message = "There is no function ${join(", ", setsubtract(keys(var.reserved_concurrency), ["collect", "forward", "judge", "lake", "recommend", "train"]))}."
  }
}

variable "lake_buffer" {
  description = "How long and how much Firehose gathers before it writes a file, and before it asks the transformation."
  type = object({
    seconds           = optional(number, 300)
    megabytes         = optional(number, 128)
    transform_seconds = optional(number, 30)
  })
  default = {}
}

variable "lake_start" {
  description = "First day that has events, YYYY-MM-DD: queries look for no partition before it."
  type        = string
  default     = "2026-01-01"
}

variable "scan_limit_gigabytes" {
  description = "Gigabytes that one Athena query may read before it is ended."
  type        = number
  default     = 10
}

variable "glue_workers" {
  description = "Size of the Spark job's workers, how many it may grow to, and after how many minutes a run is ended."
  type = object({
    type            = optional(string, "G.1X")
    maximum         = optional(number, 4)
    timeout_minutes = optional(number, 120)
  })
  default = {}
}

variable "training_schedule" {
  description = "When to train, as rate(…) or cron(…) in UTC; null for never by itself."
  type        = string
  default     = null
}

variable "training_poll_seconds" {
  description = "Seconds between two looks at a Personalize resource that is being made."
  type        = number
  default     = 60
}

variable "sagemaker" {
  description = "Image that trains and serves custom models, how it is trained, and the model that an endpoint serves; null for no SageMaker."
  type = object({
    image_uri = string
    training = optional(object({
      instance_type    = optional(string, "ml.m5.xlarge")
      volume_gigabytes = optional(number, 30)
      maximum_seconds  = optional(number, 14400)
      hyperparameters  = optional(map(string), { recipe = "aws-user-personalization-v2" })
    }), {})
    serving = optional(object({
      model_data_url = string
      instance_type  = optional(string, "ml.m5.large")
      instances      = optional(number, 1)
    }))
  })
  default = null

  validation {
    condition     = !var.emulated || var.sagemaker == null
    error_message = "sagemaker is given on the laptop, whose cloud has none: python -m model.sagemaker trains there."
  }
}

variable "alarm_emails" {
  description = "Addresses that alarms are sent to; each must confirm."
  type        = set(string)
  default     = []

  validation {
    condition     = var.environment != "production" || length(var.alarm_emails) > 0
    error_message = "alarm_emails is empty in production: somebody must hear of an alarm."
  }
}

variable "alarm_thresholds" {
  description = "From where on alarms are raised: seconds that the lake may lag behind, refused events and failed requests in five minutes, milliseconds in which 99 of 100 requests are answered."
  type = object({
    lake_lag_seconds     = optional(number, 900)
    bad_events           = optional(number, 100)
    failed_requests      = optional(number, 5)
    latency_milliseconds = optional(number, 1000)
  })
  default = {}
}

variable "monthly_budget_usd" {
  description = "US dollars a month that the project may cost before it is told; null for no budget."
  type        = number
  default     = null

  validation {
    condition     = var.environment != "production" || var.monthly_budget_usd != null
    error_message = "monthly_budget_usd is null in production: say what it may cost."
  }
}

variable "deletion_protected" {
  description = "Keep tables and buckets that are not empty from being destroyed."
  type        = bool
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds what the roles may ever do, made by bootstrap/; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.environment == "local" || var.permissions_boundary_arn != null
    error_message = "permissions_boundary_arn is null in ${var.environment}: bootstrap/ makes the policy, and the deploying role may make no role without it."
  }
}
