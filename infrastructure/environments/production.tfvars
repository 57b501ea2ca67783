# The pipeline sets account_id, permissions_boundary_arn, alarm_emails and account_concurrency (at least 320) as environment
# variables named TF_VAR_….
environment = "production"
region      = "eu-central-1"

log_retention_days = 365
deletion_protected = true

# Two years of events, of which the older ones are seldom read.
retention_days = { events = 730, events_infrequent = 180, users = 730, access_logs = 365 }

stream_shards          = 2
stream_retention_hours = 168 # a week to notice and fix a failure, and to read the events again

api_throttling       = { requests_per_second = 1000, burst = 2000 }
firewall             = true
reserved_concurrency = { forward = 20, recommend = 200 }

# Four campaigns, each billed for at least one request a second: about 1,080 USD a month.
campaigns = { user-personalization = {}, similar-items = {}, popular = {}, ranking = {} }

canary = true

training_schedule = "cron(0 2 * * ? *)"

# Today's curated tables every three hours, and every night those of files that Firehose delivered late.
curation_schedules = {
  daytime = { expression = "cron(20 3/3 * * ? *)", hours = 5 }
  nightly = { expression = "cron(20 0 * * ? *)", hours = 50 }
}

# Idle, it costs about 1,180 USD: python -m deployment.cost --environment production. Raise the budget with the traffic.
monthly_budget_usd = 2000
