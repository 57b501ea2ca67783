"""What an environment provisions, from Terraform's plan or with the defaults of the configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
SOLUTIONS = _ROOT / "model" / "solutions" / "default.json"
ENVIRONMENTS = _ROOT / "infrastructure" / "environments"

# Names of metrics that the functions write, which no Terraform resource declares.
_METRICS = 67

# Of infrastructure/modules/canary: its own alarm and three of its function.
_CANARY_ALARMS = 4

# Of infrastructure/modules/api/waf.tf.
_FIREWALL_RULES = 4


@dataclass(frozen=True)
class Campaign:
    """A campaign: its recipe's price list, and the requests a second that are paid without any."""

    name: str
    is_v2: bool
    provisioned_tps: float


@dataclass(frozen=True)
class Stack:
    """What costs something without traffic, and what traffic's cost depends on."""

    campaigns: tuple[Campaign, ...] = ()
    shards: int = 1
    has_long_retention: bool = False
    alarms: int = 62
    metrics: int = _METRICS
    dashboards: int = 1
    keys: int = 1
    firewall_rules: int | None = None
    clusters: int = 0
    function_gb: tuple[tuple[str, float], ...] = (
        ("authorise", 0.5),
        ("collect", 1.0),
        ("lake", 1.0),
        ("forward", 1.73),
        ("recommend", 1.0),
    )


def declared_campaigns() -> tuple[Campaign, ...]:
    """Return the campaigns of `model/solutions/default.json`."""
    solutions = json.loads(SOLUTIONS.read_text(encoding="utf-8"))["solutions"]
    return _campaigns({"name": name, "recipe_arn": each["recipe"], **each} for name, each in solutions.items())


def read_environment(name: str) -> Stack:
    """Return the stack of an environment, from its settings in `infrastructure/environments`."""
    known = sorted(file.stem for file in ENVIRONMENTS.glob("*.tfvars"))
    if name not in known:
        raise ValueError(f"{name} is no environment: there are {', '.join(known)}")
    file = ENVIRONMENTS / f"{name}.tfvars"
    settings = hcl2.loads(file.read_text(encoding="utf-8"))
    deployed = {solution.strip('"'): campaign for solution, campaign in settings.get("campaigns", {}).items()}
    return Stack(
        campaigns=tuple(
            replace(
                campaign, provisioned_tps=deployed[campaign.name].get("min_provisioned_tps", campaign.provisioned_tps)
            )
            for campaign in declared_campaigns()
            if campaign.name in deployed
        ),
        shards=settings.get("stream_shards", 1),
        has_long_retention=settings.get("stream_retention_hours", 24) > 24,
        firewall_rules=_FIREWALL_RULES if settings.get("firewall") else None,
        clusters=int("new_cluster" in (settings.get("engine") or {})),
        alarms=Stack.alarms + (_CANARY_ALARMS if settings.get("canary") else 0),
        metrics=_METRICS + (1 if settings.get("canary") else 0),
    )


def read_plan(path: Path) -> tuple[Stack | None, Stack]:
    """Return the stacks before and after a plan, from `terraform show -json`; None before the first apply."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    after = plan.get("planned_values", {}).get("root_module") if isinstance(plan, dict) else None
    if after is None:
        raise ValueError(f"{path} is no plan; write it with: terraform show -json plan.tfplan > {path}")
    before = plan.get("prior_state", {}).get("values", {}).get("root_module")
    managed = [each for each in _resources(before or {}) if each.get("mode") != "data"]
    return (_stack(managed) if managed else None), _stack(list(_resources(after)))


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def _stack(resources: list[dict[str, Any]]) -> Stack:
    def of_type(kind: str) -> list[dict[str, Any]]:
        return [each["values"] for each in resources if each["type"] == kind]

    streams = of_type("aws_kinesis_stream")
    firewalls = of_type("aws_wafv2_web_acl")
    functions = of_type("aws_lambda_function")
    return Stack(
        campaigns=_deployed(of_type("aws_sfn_state_machine")),
        shards=sum(each.get("shard_count") or 0 for each in streams),
        has_long_retention=any((each.get("retention_period") or 24) > 24 for each in streams),
        alarms=sum(_billed_metrics(each) for each in of_type("aws_cloudwatch_metric_alarm")),
        dashboards=len(of_type("aws_cloudwatch_dashboard")),
        keys=len(of_type("aws_kms_key")),
        firewall_rules=sum(len(each.get("rule") or ()) for each in firewalls) if firewalls else None,
        clusters=len(of_type("aws_eks_cluster")),
        function_gb=tuple((each["function_name"].rpartition("-")[2], each["memory_size"] / 1024) for each in functions),
    )


def _billed_metrics(alarm: dict[str, Any]) -> int:
    """Return the metrics of an alarm, each of which is billed."""
    return max(1, sum(bool(query.get("metric")) for query in alarm.get("metric_query") or ()))


def _deployed(machines: list[dict[str, Any]]) -> tuple[Campaign, ...]:
    """Return the campaigns that the training workflow deploys; the declared ones where its definition is unknown."""
    for machine in machines:
        definition = json.loads(machine.get("definition") or "{}")
        states = definition.get("States", {})
        for state in states.values():
            solutions = state.get("Assign", {}).get("configuration", {}).get("solutions")
            if solutions is not None:
                return _campaigns(solutions)
    return declared_campaigns() if machines else ()


def _campaigns(solutions: Any) -> tuple[Campaign, ...]:
    return tuple(
        Campaign(each["name"], each["recipe_arn"].endswith("-v2"), each["campaign"]["min_provisioned_tps"])
        for each in solutions
        if each.get("campaign")
    )
