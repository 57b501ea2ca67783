# The laptop. The command line adds lambda_archives_directory, glue_archives_directory, lambda_runtime
# and lambda_architecture.
environment = "local"
region      = "eu-central-1"
account_id  = "000000000000"
emulated    = true

log_retention_days = 1
deletion_protected = false

# Short buffers, so that a demonstration does not wait for Firehose.
lake_buffer = { seconds = 10, megabytes = 64, transform_seconds = 1 }

# All that the configuration has; the engine does not bill them.
campaigns = { user-personalization = {}, similar-items = {}, popular = {}, ranking = {} }

api_throttling        = { requests_per_second = 10000, burst = 5000 }
api_role_limits       = {}
cors_origins          = ["http://localhost:3000", "http://localhost:5173", "http://localhost:8080"]
training_poll_seconds = 1

shop                = { limits = { requests_per_second = 10000, burst = 5000 } }
demonstration_users = ["user-000130", "user-000356", "user-000890", "user-001022", "user-001090", "user-001096", "user-001160", "user-001917"]

# Each click is forwarded immediately; on AWS a window of one second saves invocations.
forwarding = { window_seconds = 0 }

signs_of_life = null # a laptop sends no events at night
