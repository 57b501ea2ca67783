"""Limits of Amazon Personalize on datasets, as its developer guide states them in November 2026."""

from __future__ import annotations

# Training (developer guide, "Minimum requirements").
MIN_INTERACTIONS = 1000
MIN_USERS_WITH_TWO = 25
MIN_SHARE_WITH_TWO = 0.01  # of all users
MIN_INCREMENTAL_INTERACTIONS = 1000

# Lengths of values (developer guide, "Schemas", and API reference of the events service).
ID_LENGTH = 256
CATEGORICAL_LENGTH = 1000
STRING_LENGTH = 1000
IMPRESSION_LENGTH = 1000
TEXTUAL_LENGTH = 20000  # longer text is cut, not refused
DENSE_TEXTUAL_LENGTH = 7000  # of Chinese and Japanese

# Schemas (developer guide, "Schema formatting requirements"; quotas: "Amazon Personalize endpoints and quotas").
SCHEMAS = 500  # per account and region
INTERACTIONS_METADATA_COLUMNS = 5
ITEMS_METADATA_COLUMNS = 100
USERS_METADATA_COLUMNS = 25
ACTIONS_METADATA_COLUMNS = 10
ACTION_INTERACTIONS_METADATA_COLUMNS = 5
EVENT_TYPES_AND_METADATA_COLUMNS = 10  # distinct event types and metadata columns of an Interactions dataset together
COLUMN_NAME_LENGTH = 150

# A CSV may not hold timestamps in milliseconds; seconds reach this value in the year 5138.
LATEST_TIMESTAMP = 100_000_000_000
