"""Limits of Amazon Personalize, as its developer guide and API reference state them in November 2026.

Limits of datasets are in `model.datasets.limits`. `wire` reads those that botocore's service models state (`min`,
`max`, `pattern`, `enum`) from there.
"""

from __future__ import annotations

# Quotas per account and region, and per dataset group (developer guide, "Amazon Personalize endpoints and quotas").
DATASET_GROUPS = 5
PENDING_IMPORT_JOBS = 5
PENDING_SOLUTION_VERSIONS = 20
SOLUTIONS_PER_GROUP = 10
CAMPAIGNS_PER_GROUP = 5
RECOMMENDERS_PER_GROUP = 5
TPS_PER_CAMPAIGN = 500
TAGS_PER_RESOURCE = 50

# Sizes of imports (developer guide, "Amazon Personalize endpoints and quotas").
FULL_IMPORT_BYTES = 100 * 1024**3
INCREMENTAL_IMPORT_BYTES = 1024**3
ACTIONS = 1000

# Automatic training (API reference, AutoTrainingConfig) and hyper-parameter optimisation (API reference,
# HPOResourceConfig; the default is the engine's own: a few trainings, one after another).
AUTO_TRAINING_DAYS_MIN, AUTO_TRAINING_DAYS_MAX = 1, 30
HPO_JOBS, HPO_PARALLEL_JOBS = 40, 10
HPO_JOBS_DEFAULT = 8

# Events (API reference, PutEvents).
EVENT_BYTES = 10 * 1024
FUTURE_SECONDS = 86_400  # ours: an event that is further in the future counts as of its arrival
# Ours, of a dataset of events: memory has 16 bits for them, and the calls of one moment may add some. Imports have ten.
EVENT_TYPES = 10_000
PROPERTIES_FORBIDDEN_IN_EVENTS = frozenset(
    {"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"}
)

# Answers (API reference, GetRecommendations and GetPersonalizedRanking).
RESULTS_DEFAULT = 25
RESULTS_MAX = 500
RANKED_ITEMS_MAX = 500
RESULTS_WITH_METADATA = 50  # items of either operation
METADATA_COLUMNS = 10
# API reference, GetActionRecommendations.
ACTIONS_DEFAULT = 5
ACTIONS_MAX = 100
# Defaults of a campaign (API reference, CampaignConfig; developer guide, "User-Personalization recipe").
EXPLORATION_WEIGHT = 0.3
EXPLORATION_AGE_DAYS = 30.0
# Columns of the interactions that are no contextual metadata (developer guide, "Contextual metadata").
NO_CONTEXT = frozenset(
    {"USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION", "RECOMMENDATION_ID"}
)

# Pages of lists (API reference: maxResults is 1 to 100 and the answers hold at most 100).
PAGE_DEFAULT = 100

# No valid request is this large: 10 items of 32,000 characters are the most (4 bytes a character).
BODY_BYTES = 2 * 1024 * 1024

# Metric attribution (developer guide, "Guidelines and requirements for a metric attribution").
METRIC_ATTRIBUTIONS_PER_GROUP = 1
METRICS_PER_ATTRIBUTION = 10
ATTRIBUTION_SOURCES = 100
ATTRIBUTION_AGE_SECONDS = 14 * 86_400  # of streamed events and incremental imports

# Batch inference, batch segments and data deletion (developer guide, "Amazon Personalize endpoints and quotas").
ACTIVE_BATCH_INFERENCE_JOBS = 5
ACTIVE_BATCH_SEGMENT_JOBS = 5
BATCH_INPUT_FILES = 1000
BATCH_INPUT_BYTES = 1024**3
BATCH_INPUT_RECORDS = 50_000_000
BATCH_THEMED_RECORDS = 100
SEGMENT_ITEM_QUERIES = 500
SEGMENT_ATTRIBUTE_QUERIES = 10
SEGMENT_USERS = 5_000_000
SEGMENT_USERS_DEFAULT = 25
PENDING_DATA_DELETION_JOBS = 5
DATA_DELETION_BYTES = 100 * 1024**2

# Signatures (developer guide, "Common errors": RequestExpired; IAM user guide, "Elements of an API request signature").
SIGNATURE_SECONDS = 15 * 60  # how far the clock of a client may be off
PRESIGNED_SECONDS = 7 * 86_400
ACCESS_KEY_ID_LENGTHS = (16, 128)  # IAM API reference, AccessKey
# Ours: a record of a used signature takes about 100 bytes; twins are signed within one second.
USED_SIGNATURES = 1_000_000
TWIN_SECONDS = 2.0
SECRET_LENGTH = 32  # at least; AWS's have 40 characters

# Requests (ours): sizes, counts and timeouts.
HEAD_BYTES = 16 * 1024
HEADERS = 100
ARRIVAL_SECONDS = 20.0  # from the first byte of a request to its last, and to the first on a new connection
WRITE_SECONDS = 20.0  # for a client to read what is sent
LINGER_SECONDS = 2.0  # for which what a refused client still sends is dropped before its connection is closed
HANDLING_SECONDS = 50.0  # SDKs time out after 60
CONNECTIONS = 2000  # fewer where the system allows too few open files
FILES = 256  # open files beside the connections
REQUESTS_AT_ONCE = 1000
BODIES_BYTES = 64 * 1024 * 1024  # of all requests that are arriving

# Filters (developer guide, "Amazon Personalize endpoints and quotas").
FILTERS_PER_GROUP = 30
FIELDS_PER_FILTER = 10  # different ones, of all datasets together
FILTER_FIELDS_PER_GROUP = 20  # different ones, in all filters of a dataset group
