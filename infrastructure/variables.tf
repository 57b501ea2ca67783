variable "project" {
  description = "Name of the project, the prefix of every name."
  type        = string
  default     = "rivulet"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,15}$", var.project))
    error_message = "project is \"${var.project}\"; it must be 2 to 16 lower-case letters and digits."
  }

  # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
  validation {
    condition     = !startswith(var.project, "aws") && !startswith(var.project, "ssm")
    error_message = "project is \"${var.project}\"; Systems Manager refuses parameters whose names begin with aws or ssm."
  }
}

variable "environment" {
  description = "Environment: local, dev or production."
  type        = string

  validation {
    condition     = contains(["local", "dev", "production"], var.environment)
    error_message = "environment is \"${var.environment}\"; it must be local, dev or production."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "account_id" {
  description = "Account that may be changed, twelve digits; credentials of another account are refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\"; it must be twelve digits."
  }
}

variable "emulated" {
  description = "Whether the services are emulated on a laptop: buckets are addressed by path, credentials are not validated, lifecycle rules are omitted."
  type        = bool
  default     = false

  validation {
    condition     = !var.emulated || var.environment == "local"
    error_message = "emulated is true in ${var.environment}; only the environment local can be emulated."
  }
}

variable "lambda_archives_directory" {
  description = "Folder with <function>.zip for each function, relative to infrastructure/ or absolute."
  type        = string
  default     = "../build/lambda/aws"

  validation {
    condition     = alltrue([for name in concat(["collect", "forward", "judge", "lake", "recommend", "train"], var.canary ? ["canary"] : []) : fileexists("${var.lambda_archives_directory}/${name}.zip")])
    error_message = "Not in ${var.lambda_archives_directory}: ${join(", ", [for name in concat(["collect", "forward", "judge", "lake", "recommend", "train"], var.canary ? ["canary"] : []) : "${name}.zip" if !fileexists("${var.lambda_archives_directory}/${name}.zip")])}. Run make package."
  }
}

variable "glue_archives_directory" {
  description = "Folder with the Glue jobs' datasets.py, curate.py and rivulet.zip, relative to infrastructure/ or absolute."
  type        = string
  default     = "../build/glue"

  validation {
    condition     = alltrue([for name in ["datasets.py", "curate.py", "rivulet.zip"] : fileexists("${var.glue_archives_directory}/${name}")])
    error_message = "Not in ${var.glue_archives_directory}: ${join(", ", [for name in ["datasets.py", "curate.py", "rivulet.zip"] : name if !fileexists("${var.glue_archives_directory}/${name}")])}. Run make package."
  }
}

variable "lambda_runtime" {
  description = "Lambda runtime: python3.11, python3.12 or python3.13."
  type        = string
  default     = "python3.13"
}

variable "lambda_architecture" {
  description = "Instruction set of the archives: arm64 or x86_64."
  type        = string
  default     = "arm64"
}

variable "log_level" {
  description = "Log level of the functions: DEBUG, INFO, WARNING or ERROR."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level is \"${var.log_level}\"; it must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "log_retention_days" {
  description = "Retention of logs in days."
  type        = number
}

variable "history_days" {
  description = "Days that a user's events stay in the history that recommendations react to."
  type        = number
  default     = 90

  validation {
    condition     = var.history_days >= 1 && floor(var.history_days) == var.history_days
    error_message = "history_days is ${var.history_days}; it must be a whole number from 1."
  }
}

variable "event_types" {
  description = "Types of event: own adds the shop's own, which are accepted and stored in the lake; interactions names the types that reach the event tracker and the data sets, by default View, Click, AddToCart, Purchase, Watch, Rating and Like."
  type = object({
    own          = optional(list(string), [])
    interactions = optional(list(string))
  })
  default = {}

  validation {
    condition     = alltrue([for name in var.event_types.own : can(regex(local.contract_types.own_type_pattern, name))])
    error_message = "event_types.own has ${join(", ", [for name in var.event_types.own : "\"${name}\"" if !can(regex(local.contract_types.own_type_pattern, name))])}; a type is 1 to 64 letters, digits, _ and -, and begins with a letter."
  }

  validation {
    condition     = length(distinct([for name in concat(local.contract_types.types, var.event_types.own) : lower(name)])) == length(local.contract_types.types) + length(var.event_types.own)
    error_message = "event_types.own repeats ${join(", ", [for place, name in var.event_types.own : name if contains([for other in concat(local.contract_types.types, slice(var.event_types.own, 0, place)) : lower(other)], lower(name))])}, a type of the contract or of the list itself in any case."
  }

  validation {
    condition     = alltrue([for name in distinct(coalesce(var.event_types.interactions, local.contract_types.interactions)) : contains(concat(local.contract_types.types, var.event_types.own), name) && !contains(local.contract_types.without_item, name)]) && length(distinct(coalesce(var.event_types.interactions, local.contract_types.interactions))) > 0
    error_message = "event_types.interactions must name types of the contract that have an item, or of event_types.own; not so: ${join(", ", [for name in distinct(coalesce(var.event_types.interactions, local.contract_types.interactions)) : name if contains(local.contract_types.without_item, name) || !contains(concat(local.contract_types.types, var.event_types.own), name)])}."
  }

  # https://docs.aws.amazon.com/personalize/latest/dg/limits.html: event types and optional columns of the interactions
  validation {
    condition     = length(distinct(coalesce(var.event_types.interactions, local.contract_types.interactions))) + 1 + length(local.contract_types.context_columns) <= local.contract_types.max_types_and_context_columns
    error_message = "event_types.interactions names ${length(distinct(coalesce(var.event_types.interactions, local.contract_types.interactions)))} types; with Search, which the event tracker gets too, and the columns ${join(" and ", local.contract_types.context_columns)} of the interactions Personalize accepts ${local.contract_types.max_types_and_context_columns} together, so ${local.contract_types.max_types_and_context_columns - 1 - length(local.contract_types.context_columns)} types at most."
  }
}

variable "retention_days" {
  description = "Days after which data is deleted: events, and their curated days from their last rewrite; the move of events to infrequent access (null: never); users, from their last update, in the lake and in the table; served lists; events and served lists that Firehose could not deliver; bad rows and records whose retries are exhausted; data sets; uploads; query results; temporary files of jobs; access logs of the buckets. Items are kept."
  type = object({
    events            = optional(number, 730)
    events_infrequent = optional(number) # a default would replace null
    users             = optional(number, 730)
    served_lists      = optional(number, 365)
    errors            = optional(number, 90)
    bad_rows          = optional(number, 90)
    data_sets         = optional(number, 90)
    uploads           = optional(number, 30)
    query_results     = optional(number, 7)
    temporary         = optional(number, 7)
    access_logs       = optional(number, 365)
  })
  default = {}

  validation {
    condition     = alltrue([for kind, days in var.retention_days : days != null && coalesce(days, 0) >= 1 && floor(coalesce(days, 0)) == coalesce(days, 0) if kind != "events_infrequent"])
    error_message = "retention_days must be whole days, at least 1, since personal data must not be kept for ever; not so: ${join(", ", [for kind, days in var.retention_days : kind if kind != "events_infrequent" && (days == null || coalesce(days, 0) < 1 || floor(coalesce(days, 0)) != coalesce(days, 0))])}."
  }

  validation {
    condition     = coalesce(var.retention_days.events, 0) >= coalesce(var.training_days, 0)
    error_message = "retention_days.events is ${coalesce(var.retention_days.events, 0)}, but a training uses the events of ${coalesce(var.training_days, 0)} days, training_days."
  }
}

variable "stream_shards" {
  description = "Number of shards of the event stream; null for on-demand capacity."
  type        = number
  default     = 1
}

variable "stream_retention_hours" {
  description = "Retention of the event stream in hours."
  type        = number
  default     = 24
}

variable "forwarding" {
  description = "Whether the function forward is invoked, by default once the event tracker exists; batches of records for it (maximum records and seconds), the event tracker's quota of PutEvents requests per second, and limits of the retries: a record beyond the maximum number of retries or age (by default the retention of the stream, at most seven days) is written to the bad-rows bucket."
  type = object({
    enabled                = optional(bool)
    batch_size             = optional(number, 500)
    window_seconds         = optional(number, 1)
    parallelization_factor = optional(number, 1)
    put_events_per_second  = optional(number, 1000)  # https://docs.aws.amazon.com/personalize/latest/dg/limits.html
    retries                = optional(number, 10000) # the maximum, so that records which may succeed later expire by age
    record_age_seconds     = optional(number)        # null: as long as the stream keeps a record, at most a week
    alarm_age_seconds      = optional(number, 60)
  })
  default = {}

  validation {
    condition     = var.forwarding.record_age_seconds == null ? true : var.forwarding.record_age_seconds <= var.stream_retention_hours * 3600
    error_message = "forwarding.record_age_seconds is ${var.forwarding.record_age_seconds == null ? "null" : var.forwarding.record_age_seconds}, but the stream deletes records after ${var.stream_retention_hours * 3600} s; records that expire in the stream are lost without an alarm."
  }

  validation {
    condition     = var.forwarding.put_events_per_second >= 1
    error_message = "forwarding.put_events_per_second is ${var.forwarding.put_events_per_second}; it must be at least 1."
  }
}

variable "reserved_concurrency" {
  description = "Reserved concurrency of functions by purpose; other functions share the account's."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.reserved_concurrency), ["collect", "forward", "judge", "lake", "recommend", "train"])) == 0
    error_message = "reserved_concurrency names unknown functions: ${join(", ", setsubtract(keys(var.reserved_concurrency), ["collect", "forward", "judge", "lake", "recommend", "train"]))}."
  }

  # The mapping invokes the function for each batch that a shard has in progress; on-demand streams change their shards.
  validation {
    condition     = try(var.reserved_concurrency.forward >= var.stream_shards * var.forwarding.parallelization_factor, true)
    error_message = "reserved_concurrency.forward is ${try(var.reserved_concurrency.forward, 0)}, but ${coalesce(var.stream_shards, 0)} shards with a parallelization factor of ${var.forwarding.parallelization_factor} invoke it ${coalesce(var.stream_shards, 0) * var.forwarding.parallelization_factor} times at once."
  }

  validation {
    condition     = length(var.reserved_concurrency) == 0 || var.account_concurrency != null
    error_message = "reserved_concurrency reserves ${sum(concat([0], values(var.reserved_concurrency)))}, but account_concurrency is null; set it to the value of aws service-quotas get-service-quota --service-code lambda --quota-code L-B99A9384."
  }

  # Lambda keeps 100 unreserved: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
  validation {
    condition     = try(sum(values(var.reserved_concurrency)) + 100 <= var.account_concurrency, true)
    error_message = "reserved_concurrency reserves ${sum(concat([0], values(var.reserved_concurrency)))} and Lambda keeps 100 unreserved, but account_concurrency is ${coalesce(var.account_concurrency, 0)}; request a quota of at least ${sum(concat([100], values(var.reserved_concurrency)))}."
  }
}

variable "account_concurrency" {
  description = "Lambda's quota of concurrent executions in the account and region, L-B99A9384: 1,000 by default, 10 in many new accounts; required with reserved_concurrency."
  type        = number
  default     = null
}

variable "lake_buffer" {
  description = "Firehose's buffers: seconds and megabytes before it writes a file, seconds before it invokes the transformation."
  type = object({
    seconds           = optional(number, 300)
    megabytes         = optional(number, 128)
    transform_seconds = optional(number, 30)
  })
  default = {}
}

variable "lake_start" {
  description = "First day with events, YYYY-MM-DD; queries do not search partitions before it."
  type        = string
  default     = "2026-01-01"
}

variable "curated_start" {
  description = "First day of the events in the curated tables, YYYY-MM-DD, where loaded events are older than the lake; null for lake_start."
  type        = string
  default     = null
}

variable "curation_schedules" {
  description = "Schedules of the job that curates the lake, by name: rate(…) or cron(…) in UTC, and the hours before the start whose arrivals are read. One of them reads 50 hours or more, since Firehose can deliver a file a day late. None by default: each run is billed."
  type = map(object({
    expression = string
    hours      = number
  }))
  default = {}
}

variable "currency" {
  description = "Currency of revenue in the curated tables, ISO 4217: purchases in others are left out of sums; null where all prices have one currency."
  type        = string
  default     = null
}

variable "scan_limit_gigabytes" {
  description = "Maximum number of gigabytes that one Athena query may scan."
  type        = number
  default     = 10
}

variable "glue_workers" {
  description = "Type and maximum number of the workers of each Spark job, and the timeout of a run in minutes."
  type = object({
    type            = optional(string, "G.1X")
    maximum         = optional(number, 4)
    timeout_minutes = optional(number, 120)
  })
  default = {}
}

variable "training_schedule" {
  description = "Schedule of trainings, as rate(…) or cron(…) in UTC; null for none."
  type        = string
  default     = null
}

variable "campaigns" {
  description = "Solutions that a campaign serves, and its provisioned requests per second (null: as model/solutions/default.json declares), which are billed as long as it exists. Of other solutions, versions are trained and judged. None by default; without any, recommendations come from stored answers or are refused with 503."
  type = map(object({
    min_provisioned_tps = optional(number)
  }))
  default = {}
}

# Each training reads its events anew and Personalize bills each of them: a year has every season once and bounds the cost,
# while users have moved on from older events.
variable "training_days" {
  description = "Days before a training whose events it uses, by their arrival; null for all events of the lake. Items and users are always read in full."
  type        = number
  default     = 365
}

variable "training_poll_seconds" {
  description = "First polling interval in seconds while a Personalize resource is created; it grows with the execution's age."
  type        = number
  default     = 60
}

variable "sagemaker" {
  description = "Image that trains and serves custom models, settings of training jobs, and the model that an endpoint serves; null for no SageMaker."
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
    error_message = "sagemaker must be null on the laptop, where SageMaker is not emulated; train there with python -m model.sagemaker."
  }
}

variable "engine" {
  description = "Amazon EKS that hosts the engine: an existing cluster's name, or a created cluster's private subnets (two availability zones or more), Kubernetes version (null: the newest), addresses that reach its public endpoint (none: only the VPC does) and administrators' role ARNs; and the namespaces of the engines. Null for none."
  type = object({
    existing_cluster = optional(string)
    new_cluster = optional(object({
      subnet_ids          = list(string)
      version             = optional(string)
      public_access_cidrs = optional(list(string), [])
      administrators      = set(string)
    }))
    namespaces = optional(set(string), ["rivulet"])
  })
  default = null

  validation {
    condition     = !var.emulated || var.engine == null
    error_message = "engine must be null on the laptop, where EKS is not emulated; python -m model.engine runs the engine there."
  }
}

variable "alarm_emails" {
  description = "E-mail addresses that alarms are sent to; each must confirm the subscription."
  type        = set(string)
  default     = []

  validation {
    condition     = var.environment != "production" || length(var.alarm_emails) > 0
    error_message = "alarm_emails is empty in production; set at least one address."
  }

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "alarm_emails has what is no e-mail address: ${join(", ", [for address in var.alarm_emails : address if !can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])}."
  }
}

variable "alarm_thresholds" {
  description = "Thresholds of alarms: lag of the lake in seconds, refused events and failed requests in five minutes, the 99th percentile of the latency in milliseconds, percentages of failed calls of the event tracker and of stand-ins for the recommender, seconds to the event tracker, age of a model in days, percentage by which a new version may be less accurate, percentage of answers whose served list is lost, gigabytes that queries scan in an hour."
  type = object({
    lake_lag_seconds      = optional(number, 900)
    bad_events            = optional(number, 100)
    failed_requests       = optional(number, 5)
    latency_milliseconds  = optional(number, 1000)
    failed_calls_percent  = optional(number, 50)
    stand_in_percent      = optional(number, 5)
    update_seconds        = optional(number, 30)
    model_age_days        = optional(number, 14)
    accuracy_drop_percent = optional(number, 10)
    lost_lists_percent    = optional(number, 5)
    scanned_gigabytes     = optional(number, 100)
  })
  default = {}
}

variable "signs_of_life" {
  description = "Minutes without an event, a file in the lake or a request, and days without a successful training of the schedule, that raise an alarm; null for an environment without constant traffic, where silence is no failure."
  type = object({
    events_minutes   = optional(number, 30)
    files_minutes    = optional(number, 60)
    requests_minutes = optional(number, 30)
    training_days    = optional(number, 2)
  })
  default = {}

  validation {
    condition     = try(alltrue([for minutes in [var.signs_of_life.events_minutes, var.signs_of_life.files_minutes, var.signs_of_life.requests_minutes] : minutes % 5 == 0 && minutes >= 5 && minutes <= 1440]), var.signs_of_life == null)
    error_message = "The minutes of signs_of_life must be multiples of 5, 5 to 1440."
  }

  # CloudWatch looks back seven days.
  validation {
    condition     = try(contains(range(1, 8), var.signs_of_life.training_days), var.signs_of_life == null)
    error_message = "signs_of_life.training_days must be 1 to 7 days."
  }

  validation {
    condition     = var.environment != "production" || var.signs_of_life != null
    error_message = "signs_of_life is null in production, where silence is a failure."
  }
}

variable "runbooks_url" {
  description = "Address of the folder with the alarms' runbooks, which each alarm links; by default its path in the repository."
  type        = string
  default     = "deployment/runbooks"
}

variable "monthly_budget_usd" {
  description = "Monthly budget in US dollars, with notifications before it is exceeded; null for none."
  type        = number
  default     = null

  validation {
    condition     = var.environment != "production" || var.monthly_budget_usd != null
    error_message = "monthly_budget_usd is null in production; set a budget."
  }

  validation {
    condition     = var.monthly_budget_usd == null ? true : var.monthly_budget_usd > 0
    error_message = "monthly_budget_usd is ${var.monthly_budget_usd == null ? "null" : var.monthly_budget_usd}; it must be above zero, or null for no budget."
  }
}

variable "deletion_protected" {
  description = "Whether tables and non-empty buckets are protected from deletion."
  type        = bool
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of every role, created by bootstrap/; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.environment == "local" || var.permissions_boundary_arn != null
    error_message = "permissions_boundary_arn is null in ${var.environment}; bootstrap/ creates the policy, and the deploying role cannot create a role without it."
  }
}

variable "operators" {
  description = "ARNs of the roles or users that may assume the operator role, which reads trainings, logs and metrics; none for no role."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.operators : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "operators has what is no ARN of an IAM role or user: ${join(", ", [for arn in var.operators : arn if !can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])}."
  }
}

variable "analysts" {
  description = "ARNs of the roles or users that may assume the analyst role, which queries the lake; none for no role."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.analysts : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "analysts has what is no ARN of an IAM role or user: ${join(", ", [for arn in var.analysts : arn if !can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])}."
  }
}
