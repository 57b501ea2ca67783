"""The monthly cost of each service. `deployment/cost/README.md` states what is assumed about the work of a request."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from deployment.cost.traffic import GB, HOURS, SECONDS

if TYPE_CHECKING:
    from deployment.cost.prices import Prices
    from deployment.cost.stack import Campaign, Stack
    from deployment.cost.traffic import Traffic

PUT_UNIT_BYTES = 25 * 1024
FIREHOSE_UNIT_BYTES = 5 * 1024
MIB = 2**20

# Milliseconds of a call, to be replaced by those of the first real month.
CALL_MS = {"authorise": 20, "collect": 30, "lake": 500, "forward": 75, "recommend": 43}
KEYS_IN_USE, AUTHORISER_CACHE_SECONDS = 5, 30
ANSWER_BYTES = 3000
ANSWER_UNITS = 3  # of writing or reading it in DynamoDB
HISTORY_BYTES = 350
# An item in the table and in the index of products, a write of both (a transaction counts twice), and a search, which
# reads 500 items of the index.
ITEM_BYTES, ITEM_UNITS, SEARCH_UNITS = 1500, 3, 25
PARQUET_BYTES = 120  # of an event in the lake
SERVED_LIST_BYTES, SERVED_LIST_PARQUET_BYTES = 600, 250  # of an answer: one record of Firehose, and in the lake
LOG_BYTES_PER_REQUEST = 650 + 900  # access log, and metrics of the function
LOG_BYTES_PER_BATCH = 900
TRACED = 0.05
REFUSED = 0.01  # requests with a bad row, each of which is an object
KMS_CALLS_IDLE, KMS_CALLS_PER_REQUEST = 190_000, 0.01
# Lambda's five pollers of the queue of bad rows, each with a long poll of 20 s.
# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
POLLS_IDLE = 5 * SECONDS / 20
# A stream in on-demand mode begins with four shards, and rounds each record up to 1 KB.
# https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
ON_DEMAND_SHARDS, ON_DEMAND_UNIT_BYTES = 4, 1024
READERS = 2  # Firehose and the function forward
# Each shard takes 1,000 records and 1 MiB a second, and gives all readers together 2 MiB.
# https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
SHARD_RECORDS, SHARD_IN_BYTES, SHARD_OUT_BYTES = 1000, MIB, 2 * MIB
WEEKLY = HOURS / 168  # trainings a month, where neither the traffic nor a schedule says how many
INTERACTION_BYTES = 80  # in an imported data set
INTERACTIONS_PER_DPU_HOUR, LEAST_DPU_HOURS = 130e6, 0.13
CURATED_PER_DPU_HOUR = 40e6  # events whose curated tables a Spark job computes and writes
INTERACTIONS_PER_TRAINING_HOUR, LEAST_TRAINING_HOURS = 100e6, 4.0


def price_services(traffic: Traffic, stack: Stack, prices: Prices) -> dict[str, float]:
    """Return the cost of each service in USD a month."""
    requests = traffic.requests + traffic.reads
    batches = _forward_calls(traffic, stack) + _lake_calls(traffic, stack)
    firewall = 0.0
    if stack.firewall_rules is not None:
        firewall = (
            prices.cost("waf_acl", 1 + stack.distributions)
            + prices.cost("waf_rule", stack.firewall_rules)
            + prices.cost("waf_request", requests * (1 + stack.distributions))
        )
    answered_gb = traffic.reads * ANSWER_BYTES / GB
    logged = requests * LOG_BYTES_PER_REQUEST + batches * LOG_BYTES_PER_BATCH
    return {
        "Kinesis": _stream(traffic, stack, prices),
        "Firehose": firehose(traffic.requests, _record_bytes(traffic), prices)
        + firehose(traffic.recommendations, SERVED_LIST_BYTES, prices),
        "API Gateway": prices.tiers(
            requests,
            ("api_request", 333e6),
            ("api_request_over_333_million", 1e9),
            ("api_request_over_1_billion", math.inf),
        ),
        "WAF": firewall,
        "Lambda": _functions(traffic, stack, prices),
        "DynamoDB": _tables(traffic, prices),
        "CloudWatch": prices.cost("cloudwatch_alarm", stack.alarms)
        + prices.cost("cloudwatch_metric", stack.metrics)
        + prices.cost("cloudwatch_dashboard", stack.dashboards),
        "Logs": prices.cost("logs_gb", logged / GB),
        "X-Ray": prices.cost("xray_trace", requests * TRACED),
        "KMS": prices.cost("kms_key", stack.keys)
        + prices.cost("kms_request", KMS_CALLS_IDLE + requests * KMS_CALLS_PER_REQUEST),
        "SQS": prices.cost("sqs_request", POLLS_IDLE),
        "Athena": prices.cost("athena_tb", traffic.athena_tb),
        "Glue": _spark(traffic, stack, prices) + _curation(traffic, stack, prices),
        "EKS": prices.cost("eks_cluster_hour", stack.clusters * HOURS),
        "S3": prices.cost("s3_gb", _lake_gb(traffic)) + prices.cost("s3_put", traffic.requests * REFUSED),
        # With a shop all requests pass through it, and what API Gateway sends to CloudFront costs nothing.
        "CloudFront": prices.cost("cloudfront_request", requests * stack.distributions)
        + prices.cost("cloudfront_out_gb", answered_gb * stack.distributions),
        "Data out": 0.0 if stack.distributions else prices.cost("data_out_gb", answered_gb),
        "Personalize campaigns": price_campaigns(traffic, stack.campaigns, prices),
        "Personalize training": _training(traffic, stack, prices),
        "Personalize ingestion": prices.cost(
            "personalize_ingestion_gb",
            _ingested_gb(traffic, stack) if stack.trainings.v2 + stack.trainings.classic else 0,
        ),
    }


def needed_shards(traffic: Traffic) -> int:
    """Return how many shards the stream needs at the peak."""
    events = traffic.events_per_second * traffic.peak_factor
    in_bytes = events * traffic.event_bytes
    loads = (
        events / traffic.events_per_request / SHARD_RECORDS,
        in_bytes / SHARD_IN_BYTES,
        READERS * in_bytes / SHARD_OUT_BYTES,
    )
    return max(1, math.ceil(max(loads)))


def trainings_a_month(traffic: Traffic, stack: Stack) -> float:
    """Return the trainings: of the traffic, of the environment's schedule, or one a week."""
    if traffic.trainings is not None:
        return traffic.trainings
    return WEEKLY if stack.trainings.a_month is None else stack.trainings.a_month


def training_days(traffic: Traffic, stack: Stack) -> float:
    """Return the days of events that a training reads: of the traffic, of the environment, or all in the lake."""
    if traffic.training_days is not None:
        return traffic.training_days
    return traffic.lake_days if stack.trainings.days is None else stack.trainings.days


def _stream(traffic: Traffic, stack: Stack, prices: Prices) -> float:
    record_bytes = _record_bytes(traffic)
    if stack.shards is not None:
        return kinesis(stack.shards, traffic.requests, record_bytes, stack.has_long_retention, prices)
    rounded = math.ceil(record_bytes / ON_DEMAND_UNIT_BYTES) * ON_DEMAND_UNIT_BYTES
    return kinesis_on_demand(traffic.requests * rounded / GB, READERS, prices)


def _read_shards(traffic: Traffic, stack: Stack) -> int:
    return max(ON_DEMAND_SHARDS, needed_shards(traffic)) if stack.shards is None else stack.shards


def kinesis(shards: float, records: float, record_bytes: float, has_long_retention: bool, prices: Prices) -> float:
    """Return the cost of a stream with provisioned shards."""
    units = records * math.ceil(record_bytes / PUT_UNIT_BYTES)
    retention = prices.cost("kinesis_retention_shard_hour", shards * HOURS) if has_long_retention else 0.0
    return prices.cost("kinesis_shard_hour", shards * HOURS) + retention + prices.cost("kinesis_put_unit", units)


def kinesis_on_demand(in_gb: float, readers: int, prices: Prices, hours: float = HOURS) -> float:
    """Return the cost of an on-demand stream; each reader pays for all that comes in."""
    return (
        prices.cost("kinesis_on_demand_hour", hours)
        + prices.cost("kinesis_on_demand_in_gb", in_gb)
        + prices.cost("kinesis_on_demand_out_gb", in_gb * readers)
    )


def kinesis_advantage(in_gb: float, readers: int, prices: Prices) -> float:
    """Return the cost of a stream in an account with On-demand Advantage, which has no charge per stream."""
    out = prices.cost("kinesis_advantage_out_gb", in_gb * readers)
    return prices.cost("kinesis_advantage_in_gb", in_gb) + out


def firehose(records: float, record_bytes: float, prices: Prices, conversion: str = "firehose_conversion_gb") -> float:
    """Return the cost of delivering records, each rounded up to 5 KB, with the price of what is done to them."""
    gigabytes = records * math.ceil(record_bytes / FIREHOSE_UNIT_BYTES) * FIREHOSE_UNIT_BYTES / GB
    return prices.cost("firehose_gb", gigabytes) + prices.cost(conversion, gigabytes)


def price_campaigns(traffic: Traffic, campaigns: tuple[Campaign, ...], prices: Prices) -> float:
    """Return the cost of the campaigns: each pays for its provisioned requests, or for those that it gets."""
    asked = traffic.recommendations * (1 - traffic.cached)
    # Those with most requests first: the first share is that of the first campaign of the dearer price.
    ordered = sorted(campaigns, key=lambda campaign: not campaign.is_v2)
    shares = (*traffic.campaign_shares, *(0.0 for _ in ordered))
    total, classic = 0.0, 0.0
    for campaign, share in zip(ordered, shares, strict=False):
        billed = max(campaign.provisioned_tps * SECONDS, asked * share)
        if campaign.is_v2:
            total += prices.cost("personalize_v2_request", billed)
        else:
            classic += billed
    tiers = (
        ("personalize_request", 72e6),
        ("personalize_request_over_72_million", 720e6),
        ("personalize_request_over_720_million", math.inf),
    )
    return total + prices.tiers(classic, *tiers)


def price_engine(prices: Prices, tasks: int = 2, processors: float = 1, memory_gb: float = 4) -> float:
    """Return the cost of our own engine on Fargate behind a load balancer, whatever the traffic."""
    return (
        prices.cost("fargate_vcpu_hour", tasks * processors * HOURS)
        + prices.cost("fargate_gb_hour", tasks * memory_gb * HOURS)
        + prices.cost("load_balancer_hour", HOURS)
        + prices.cost("load_balancer_unit_hour", HOURS)
    )


def _record_bytes(traffic: Traffic) -> float:
    return traffic.event_bytes * traffic.events_per_request


def _forward_calls(traffic: Traffic, stack: Stack) -> float:
    shards = _read_shards(traffic, stack)
    return max(shards * SECONDS, traffic.events / 500) if traffic.events else 0.0


def _lake_calls(traffic: Traffic, stack: Stack) -> float:
    shards = _read_shards(traffic, stack)
    return max(shards * SECONDS / 30, traffic.events * traffic.event_bytes / MIB) if traffic.events else 0.0


def _authorisations(traffic: Traffic) -> float:
    """Return how often the gateway asks the authoriser, whose answer for a key it keeps for half a minute."""
    return min(traffic.requests + traffic.reads, KEYS_IN_USE * SECONDS / AUTHORISER_CACHE_SECONDS)


def _functions(traffic: Traffic, stack: Stack, prices: Prices) -> float:
    calls = {
        "authorise": _authorisations(traffic),
        "collect": traffic.requests,
        "lake": _lake_calls(traffic, stack),
        "forward": _forward_calls(traffic, stack),
        "recommend": traffic.reads,
    }
    gigabytes = dict(stack.function_gb)
    work = sum(number * CALL_MS[name] / 1000 * gigabytes.get(name, 1.0) for name, number in calls.items())
    return prices.cost("lambda_request", sum(calls.values())) + prices.cost("lambda_gb_second", work)


def _tables(traffic: Traffic, prices: Prices) -> float:
    answers = traffic.recommendations
    stored = traffic.history_days * traffic.events_per_second * 86_400 * HISTORY_BYTES + traffic.items * ITEM_BYTES
    written = traffic.events + ANSWER_UNITS * answers * (1 - traffic.cached) + ITEM_UNITS * traffic.item_changes
    return (
        prices.cost("dynamodb_write", written)
        + prices.cost("dynamodb_read", ANSWER_UNITS * answers + SEARCH_UNITS * traffic.products)
        + prices.cost("dynamodb_gb", stored / GB)
        + prices.cost("dynamodb_recovery_gb", stored / GB)
    )


def _lake_gb(traffic: Traffic) -> float:
    a_second = (
        traffic.events_per_second * PARQUET_BYTES + traffic.recommendations_per_second * SERVED_LIST_PARQUET_BYTES
    )
    return a_second * 86_400 * traffic.lake_days / GB


def _spark(traffic: Traffic, stack: Stack, prices: Prices) -> float:
    """Return the cost of building the data sets, which a schedule does without events, too."""
    if not traffic.events and stack.trainings.a_month is None:
        return 0.0
    read = traffic.events_per_second * 86_400 * training_days(traffic, stack)
    hours = max(LEAST_DPU_HOURS, read / INTERACTIONS_PER_DPU_HOUR)
    return prices.cost("glue_dpu_hour", trainings_a_month(traffic, stack) * hours)


def _curation(traffic: Traffic, stack: Stack, prices: Prices) -> float:
    """Return the cost of curating the lake by schedule, each run of which reads the arrivals of some hours."""
    hours = 0.0
    for curations in stack.curations:
        read = traffic.events_per_second * 3_600 * curations.hours
        hours += curations.a_month * max(LEAST_DPU_HOURS, read / CURATED_PER_DPU_HOUR)
    return prices.cost("glue_dpu_hour", hours)


def _training(traffic: Traffic, stack: Stack, prices: Prices) -> float:
    """Return the cost of training each solution, with or without a campaign."""
    if not traffic.events:
        return 0.0
    trainings, interactions = trainings_a_month(traffic, stack), _interactions(traffic, stack)
    hours = max(LEAST_TRAINING_HOURS, interactions / INTERACTIONS_PER_TRAINING_HOUR)
    return prices.cost("personalize_v2_interaction", trainings * stack.trainings.v2 * interactions) + prices.cost(
        "personalize_training_hour", trainings * stack.trainings.classic * hours
    )


def _interactions(traffic: Traffic, stack: Stack) -> float:
    read = traffic.events_per_second * 86_400 * training_days(traffic, stack)
    return min(read, traffic.trained_interactions)


def _ingested_gb(traffic: Traffic, stack: Stack) -> float:
    imported = trainings_a_month(traffic, stack) * _interactions(traffic, stack) * INTERACTION_BYTES
    return (traffic.events * traffic.event_bytes + imported) / GB
