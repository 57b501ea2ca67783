"""The Spark job's peer: builds the same data sets with DuckDB. `bench_etl` runs it in the environment with DuckDB.

`etl_duckdb.py LAKE TARGET THREADS` prints the seconds, the rows read and the rows written as JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import duckdb

_FIRST = """
CREATE TEMP TABLE first AS
SELECT event_id, count(*) OVER (PARTITION BY event_id) AS copies, received_at, "timestamp", user_id, session_id,
       item_id, event_type, event_value, recommendation_id, consent, impression, device
FROM read_parquet('{lake}/events/**/*.parquet', hive_partitioning = true)
QUALIFY row_number() OVER (
    PARTITION BY event_id ORDER BY received_at, "timestamp", user_id, session_id, item_id, event_type, event_value,
                                   recommendation_id, consent, impression, device
) = 1
"""
_INTERACTIONS = """
COPY (
    WITH logins AS (
        SELECT session_id, arg_min(user_id, ("timestamp", event_id)) AS owner, count(DISTINCT user_id) > 1 AS is_shared
        FROM first
        WHERE user_id IS NOT NULL AND session_id IS NOT NULL AND consent IS DISTINCT FROM 'denied'
              AND event_type <> 'Impression'
        GROUP BY session_id
    ), latest AS (
        SELECT event_id, last_value(user_id IGNORE NULLS) OVER (
            PARTITION BY session_id ORDER BY "timestamp", event_id
        ) AS login
        FROM first SEMI JOIN (FROM logins WHERE is_shared) AS shared USING (session_id)
        WHERE consent IS DISTINCT FROM 'denied' AND event_type <> 'Impression'
    )
    SELECT coalesce(user_id, login, owner, 'session#' || session_id) AS USER_ID, item_id AS ITEM_ID,
           CAST(floor(epoch("timestamp")) AS BIGINT) AS "TIMESTAMP", event_type AS EVENT_TYPE,
           event_value AS EVENT_VALUE,
           array_to_string(impression, '|') AS IMPRESSION, recommendation_id AS RECOMMENDATION_ID, device AS DEVICE,
           strftime("timestamp", '%H') AS HOUR
    FROM first LEFT JOIN logins USING (session_id) LEFT JOIN latest USING (event_id)
    WHERE consent IS DISTINCT FROM 'denied' AND item_id IS NOT NULL AND "timestamp" IS NOT NULL
      AND event_type IN ('View', 'Click', 'AddToCart', 'Purchase', 'Watch', 'Rating', 'Like')
    ORDER BY ALL
) TO '{target}/interactions.csv' (HEADER)
"""
_ITEMS = """
COPY (
    WITH versions AS (
        SELECT item_id, arg_max(
            struct_pack(title, category, brand, price, availability, description, created_at), filename
        ) AS last
        FROM read_json('{lake}/items/**/*.jsonl', filename = true) GROUP BY item_id
    ), seen AS (SELECT item_id, min("timestamp") AS moment FROM first GROUP BY item_id)
    SELECT item_id AS ITEM_ID, last.title AS TITLE, last.category AS CATEGORY, last.brand AS BRAND, last.price AS PRICE,
           last.availability AS AVAILABILITY,
           regexp_replace(last.description, '\\s+', ' ', 'g') AS DESCRIPTION,
           epoch(coalesce(last.created_at, moment)) AS CREATION_TIMESTAMP
    FROM versions LEFT JOIN seen USING (item_id) ORDER BY item_id
) TO '{target}/items.csv' (HEADER)
"""
_USERS = """
COPY (
    SELECT user_id AS USER_ID, unnest(arg_max(
        struct_pack(age_group, gender, interests, membership, country, region, city, device), filename
    ))
    FROM read_json('{lake}/users/**/*.jsonl', filename = true) GROUP BY user_id ORDER BY user_id
) TO '{target}/users.csv' (HEADER)
"""


def main(lake: str, target: str, threads: str) -> None:
    """Build the data sets and print the measurements."""
    shutil.rmtree(target, ignore_errors=True)
    Path(target).mkdir(parents=True)
    connection = duckdb.connect(config={"threads": int(threads)})
    started, used = time.perf_counter(), time.process_time()
    connection.execute(_FIRST.format(lake=lake))
    written = {}
    for kind, statement in (("interactions", _INTERACTIONS), ("items", _ITEMS), ("users", _USERS)):
        row = connection.execute(statement.format(lake=lake, target=target)).fetchone()
        written[kind] = row[0] if row else 0
    read = connection.execute("SELECT sum(copies) FROM first").fetchone()
    result = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - used,
        "read": int(read[0]) if read else 0,
        "written": written,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
