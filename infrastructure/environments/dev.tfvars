# The pipeline sets account_id and permissions_boundary_arn as TF_VAR_account_id and TF_VAR_permissions_boundary_arn.
environment = "dev"
region      = "eu-central-1"

log_retention_days = 30
deletion_protected = false

retention_days = { events = 90, events_infrequent = null, users = 90, served_lists = 90, errors = 30, bad_rows = 30, data_sets = 30, access_logs = 30 }
training_days  = 90

# Four campaigns would cost about 1,080 USD a month; trainings are judged without them too. To try one for a while, name it
# here, train, and remove it again: python -m deployment.remove dev --campaigns, or every evening by the workflow night.
campaigns = {}

lake_buffer    = { seconds = 60 }
api_throttling = { requests_per_second = 100, burst = 200 }

shop = {} # at CloudFront's own name

signs_of_life = null # there is no constant traffic

# Idle, it costs about 30 USD: python -m deployment.cost --environment dev.
monthly_budget_usd = 50
