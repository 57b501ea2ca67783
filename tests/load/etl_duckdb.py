"""The Spark job's peer: builds the same data sets with DuckDB. `bench_etl` runs it in the environment with DuckDB.

It does the same work: the first copy of each event, the reason why an event is dropped, users of sessions, reserved
words, lists and lines of CSV as Personalize needs them, the profile of the manifest, and the popular items by fact.

`etl_duckdb.py LAKE TARGET THREADS` prints the measurements and the manifest's counts as JSON.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

_RESERVED = (
    "('USER_ID', 'ITEM_ID', 'TIMESTAMP', 'EVENT_TYPE', 'EVENT_VALUE', 'IMPRESSION', 'RECOMMENDATION_ID', "
    "'EVENT_ATTRIBUTION_SOURCE', 'CREATION_TIMESTAMP')"
)
_MACROS = f"""
CREATE MACRO csv(v) AS coalesce(CASE WHEN contains(v, '"') OR contains(v, ',') OR contains(v, chr(92)) THEN
    '"' || replace(replace(v, chr(92), chr(92) || chr(92)), '"', chr(92) || '"') || '"' ELSE v END, '');
CREATE MACRO number(v) AS coalesce(CAST(v AS VARCHAR), '');
CREATE MACRO allowed(v) AS CASE WHEN v NOT IN {_RESERVED} THEN v END;
CREATE MACRO one_line(v) AS trim(regexp_replace(v, '\\s+', ' ', 'g'));
CREATE MACRO members(v) AS CASE
    WHEN length(v) > 1000 THEN regexp_replace(left(v, 1001), '[|][^|]*$', '') ELSE v END;
CREATE MACRO category(v) AS allowed(members(one_line(v)));
CREATE MACRO text(v, size) AS nullif(allowed(left(one_line(v), size)), '');
"""
_FIRST = f"""
CREATE TEMP TABLE first AS
SELECT *, CASE
        WHEN consent = 'denied' THEN 'no_consent'
        WHEN event_id IS NULL OR "timestamp" IS NULL OR event_type IS NULL THEN 'incomplete'
        WHEN user_id IS NULL AND session_id IS NULL THEN 'no_identity'
        WHEN event_type = 'Impression' THEN 'impression'
        WHEN item_id IS NULL OR event_type = 'Search' THEN 'no_item'
        WHEN event_type NOT IN ('View', 'Click', 'AddToCart', 'Purchase', 'Watch', 'Rating', 'Like') THEN 'other_type'
        WHEN item_id IN {_RESERVED} OR user_id IN {_RESERVED} THEN 'reserved_word'
    END AS dropped
FROM (
    SELECT event_id, count(*) OVER (PARTITION BY event_id) AS copies, received_at, "timestamp", user_id, session_id,
           item_id, event_type, event_value, recommendation_id, consent, impression, device
    FROM read_parquet('{{lake}}/events/**/*.parquet', hive_partitioning = true)
    QUALIFY row_number() OVER (
        PARTITION BY event_id ORDER BY received_at, "timestamp", user_id, session_id, item_id, event_type, event_value,
                                       recommendation_id, consent, impression, device
    ) = 1
)
"""
_RESOLVED = f"""
CREATE TEMP TABLE interactions AS
WITH logins AS (
    SELECT session_id, arg_min(user_id, ("timestamp", event_id)) AS owner, count(DISTINCT user_id) > 1 AS is_shared
    FROM first
    WHERE user_id IS NOT NULL AND user_id NOT IN {_RESERVED} AND session_id IS NOT NULL
          AND coalesce(dropped NOT IN ('no_consent', 'incomplete', 'impression'), true)
    GROUP BY session_id
), latest AS (
    SELECT event_id, last_value(user_id IGNORE NULLS) OVER (
        PARTITION BY session_id ORDER BY "timestamp", event_id
    ) AS login
    FROM first SEMI JOIN (FROM logins WHERE is_shared) AS shared USING (session_id)
    WHERE coalesce(dropped NOT IN ('no_consent', 'incomplete', 'impression'), true)
)
SELECT coalesce(user_id, login, owner, 'session#' || session_id) AS user, item_id, "timestamp", event_type,
       event_value, impression, recommendation_id, device
FROM first LEFT JOIN logins USING (session_id) LEFT JOIN latest USING (event_id)
WHERE dropped IS NULL
"""
_SEEN = """
CREATE TEMP TABLE seen AS
WITH span AS (
    SELECT max(epoch("timestamp")) AS latest, min(epoch("timestamp")) AS oldest,
           latest - least(7 * 86400, (latest - oldest) * 0.1) AS start
    FROM interactions
)
SELECT item_id, count(*) AS events, count(*) FILTER (epoch("timestamp") >= (SELECT start FROM span)) AS recent,
       min("timestamp") AS moment
FROM interactions GROUP BY item_id
"""
_INTERACTIONS = f"""
SELECT concat_ws(',', csv(user), csv(item_id), number(CAST(floor(epoch("timestamp")) AS BIGINT)), csv(event_type),
    number(CASE WHEN isfinite(event_value) AND abs(event_value) <= 3.4028234663852886e38 THEN event_value END),
    csv(members(nullif(array_to_string(
        list_filter(impression, lambda id: NOT contains(id, '|') AND id NOT IN {_RESERVED}), '|'), ''))),
    csv(allowed(recommendation_id)), csv(allowed(device)), strftime("timestamp", '%H')) AS
    "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,RECOMMENDATION_ID,DEVICE,HOUR"
FROM interactions
"""
_ITEMS = """
WITH versions AS (
    SELECT item_id, arg_max(
        struct_pack(title, category, brand, price, availability, description, created_at), filename
    ) AS last
    FROM read_json('{lake}/items/**/*.jsonl', filename = true) GROUP BY item_id
)
SELECT concat_ws(',', csv(item_id), csv(text(last.title, 1000)), csv(category(last.category)),
    csv(category(last.brand)), number(last.price), csv(text(last.availability, 1000)),
    csv(text(last.description, 20000)),
    number(CAST(floor(epoch(coalesce(last.created_at, moment))) AS BIGINT))) AS
    "ITEM_ID,TITLE,CATEGORY,BRAND,PRICE,AVAILABILITY,DESCRIPTION,CREATION_TIMESTAMP"
FROM versions LEFT JOIN seen USING (item_id) ORDER BY item_id
"""
_USERS = """
WITH versions AS (
    SELECT user_id, arg_max(
        struct_pack(age_group, gender, interests, membership, country, region, city, device), filename
    ) AS last
    FROM read_json('{lake}/users/**/*.jsonl', filename = true) GROUP BY user_id
)
SELECT concat_ws(',', csv(user_id), csv(category(last.age_group)), csv(category(last.gender)),
    csv(category(last.interests)), csv(category(last.membership)), csv(category(last.country)),
    csv(category(last.region)), csv(category(last.city)), csv(category(last.device))) AS
    "USER_ID,AGE_GROUP,GENDER,INTERESTS,MEMBERSHIP,COUNTRY,REGION,CITY,DEVICE"
FROM versions ORDER BY user_id
"""
_POPULAR_BY_FACT = """
WITH versions AS (
    SELECT user_id AS user, arg_max(struct_pack(age_group, gender, country, region, city), filename) AS last
    FROM read_json('{lake}/users/**/*.jsonl', filename = true) GROUP BY user_id
), named AS (
    SELECT user, category(last.age_group) AS age_group, category(last.gender) AS gender,
        category(last.country) AS country, category(last.region) AS region, category(last.city) AS city FROM versions
), pairs AS (
    SELECT DISTINCT user, item_id FROM interactions SEMI JOIN versions USING (user)
), facts AS (
    SELECT DISTINCT user, fact, trim(unnest(string_split(joined, '|'))) AS value
    FROM (UNPIVOT named ON age_group, gender, country, region, city INTO NAME fact VALUE joined)
    SEMI JOIN pairs USING (user)
), chosen AS (
    SELECT fact, value FROM facts WHERE value <> '' GROUP BY fact, value HAVING count(*) >= 10
    QUALIFY row_number() OVER (PARTITION BY fact ORDER BY count(*) DESC, value) <= 50
), ranked AS (
    SELECT fact, value, item_id, row_number() OVER (PARTITION BY fact, value ORDER BY count(*) DESC, item_id) AS place
    FROM pairs JOIN facts USING (user) SEMI JOIN chosen USING (fact, value) GROUP BY fact, value, item_id
)
SELECT fact, value, item_id FROM ranked WHERE place <= 100 ORDER BY fact, value, place
"""
_WRITE = "COPY ({query}) TO '{target}/{kind}.csv' (HEADER, DELIMITER '\x01', QUOTE '', ESCAPE '')"
_TYPES = "SELECT event_type, count(*) FROM interactions GROUP BY event_type ORDER BY event_type"
# As in the job, users are counted in a sample of about 500,000 interactions.
_PROFILE = (
    "SELECT substr(sha256(item_id), 1, 12), events FROM seen ORDER BY events DESC, item_id LIMIT 50",
    "SELECT substr(sha256(item_id), 1, 12), recent FROM seen WHERE recent > 0 ORDER BY recent DESC, item_id LIMIT 200",
    "SELECT CAST(moment AS DATE) AS day, sum(recent) FROM seen GROUP BY day ORDER BY day",
    """WITH span AS (
        SELECT max(epoch("timestamp")) AS latest, min(epoch("timestamp")) AS oldest,
               greatest(1, count(*) // 500000) AS n
        FROM interactions
    ), users AS (
        SELECT user, min("timestamp") AS first, count(*) AS events, count(*) FILTER (
            epoch("timestamp") >= latest - least(7 * 86400, (latest - oldest) * 0.1)
        ) AS recent
        FROM interactions, span WHERE hash(user) % n = 0 GROUP BY user
    )
    SELECT CAST(first AS DATE) AS day, count(*) FILTER (events > 1), sum(recent)
    FROM users GROUP BY day ORDER BY day""",
)


def main(lake: str, target: str, threads: str) -> None:
    """Build the data sets and print the measurements."""
    shutil.rmtree(target, ignore_errors=True)
    Path(target).mkdir(parents=True)
    connection = duckdb.connect(config={"threads": int(threads)})
    ready, started, used = time.time(), time.perf_counter(), time.process_time()
    counts = _build(connection, lake, target)
    result = {
        "ready": ready,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - used,
        "memory_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        **counts,
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _build(connection: duckdb.DuckDBPyConnection, lake: str, target: str) -> dict[str, Any]:
    connection.execute("SET TimeZone = 'UTC'")
    for statement in (_MACROS, _FIRST.format(lake=lake), _RESOLVED, _SEEN):
        connection.execute(statement)
    written = {}
    for kind, query in (("interactions", _INTERACTIONS), ("items", _ITEMS), ("users", _USERS)):
        selected = query.replace("{lake}", lake)
        row = connection.execute(_WRITE.format(query=selected, target=target, kind=kind)).fetchone()
        written[kind] = row[0] if row else 0
    counted = connection.execute("SELECT dropped, count(*), sum(copies) FROM first GROUP BY dropped").fetchall()
    for query in _PROFILE:
        connection.execute(query).fetchall()
    lists: dict[str, dict[str, list[str]]] = {}
    for fact, value, item in connection.execute(_POPULAR_BY_FACT.replace("{lake}", lake)).fetchall():
        lists.setdefault(fact, {}).setdefault(value, []).append(item)
    return {
        "lists": lists,
        "read": int(sum(copies for _, _, copies in counted)),
        "written": written,
        "dropped": dict(sorted((reason, events) for reason, events, _ in counted if reason)),
        "event_types": dict(connection.execute(_TYPES).fetchall()),
    }


if __name__ == "__main__":
    main(*sys.argv[1:4])
