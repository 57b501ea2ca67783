"""What an environment provisions: from its settings and `provisioned.toml`, or from Terraform's plan of it."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2

from backend.contract.accounting.outcomes import METERED, RECOMMEND, UNACCOUNTED
from deployment.cost.schedule import runs_a_month

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from backend.contract.accounting.outcomes import Stage

_ROOT = Path(__file__).parents[2]
SOLUTIONS = _ROOT / "model" / "solutions" / "default.json"
ENVIRONMENTS = _ROOT / "infrastructure" / "environments"
_PROVISIONED = Path(__file__).with_name("provisioned.toml")

# Metrics of functions that are no stage of events, and the members of the families that are sent with most calls. Other
# families, as refused records by reason, have a member for each kind of fault, which is billed for its hours only.
_OTHER_METRICS = {"authorise": 3, "canary": 1, "judge": 4}
_FAMILIES = {"recommend": 4, "judge": 2}  # answers by source, versions that a training kept

# As infrastructure/variables.tf has them where an environment sets none.
_DEFAULT_SHARDS, _DEFAULT_TRAINING_DAYS = 1, 365


class NotBilledError(ValueError):
    """The environment is emulated on a laptop, where nothing is billed."""


@dataclass(frozen=True)
class Campaign:
    """A campaign: its recipe's price list, and the requests a second that are paid without any."""

    name: str
    is_v2: bool
    provisioned_tps: float


@dataclass(frozen=True)
class Trainings:
    """The trainings of an environment.

    Attributes
    ----------
    v2, classic
        Numbers of solutions that are trained, with or without a campaign, by the price list of their recipe.
    a_month
        By the schedule; None where there is none, so that each is started by hand.
    days
        Of events that each reads; None for all of them.
    """

    v2: int = 0
    classic: int = 0
    a_month: float | None = None
    days: float | None = None


@dataclass(frozen=True, order=True)
class Curations:
    """The runs a month of a schedule that curates the lake, and the hours of arrivals that each reads."""

    a_month: float
    hours: float


@dataclass(frozen=True)
class Stack:
    """What costs something without traffic, and what traffic's cost depends on.

    Attributes
    ----------
    region
        Empty where it is not known.
    shards
        Of the stream; None for on-demand capacity.
    alarms
        Metrics that alarms read, each of which is billed.
    firewall_rules
        Of the firewalls of the API and of each distribution; None for no firewall.
    distributions
        Of CloudFront: the shop.
    """

    region: str = ""
    campaigns: tuple[Campaign, ...] = ()
    trainings: Trainings = Trainings()
    curations: tuple[Curations, ...] = ()
    shards: int | None = 1
    has_long_retention: bool = False
    alarms: int = 0
    metrics: int = 0
    dashboards: int = 1
    keys: int = 1
    firewall_rules: int | None = None
    clusters: int = 0
    distributions: int = 0
    function_gb: tuple[tuple[str, float], ...] = (
        ("authorise", 0.5),
        ("collect", 1.0),
        ("lake", 1.0),
        ("forward", 1.73),
        ("recommend", 1.0),
    )


def read_environment(name: str) -> Stack:
    """Return the stack of an environment, from its settings and from what `provisioned.toml` counts.

    Raises
    ------
    NotBilledError
        Where the environment is emulated.
    """
    known = sorted(file.stem for file in ENVIRONMENTS.glob("*.tfvars"))
    if name not in known:
        raise ValueError(f"{name} is no environment: there are {', '.join(known)}")
    settings = hcl2.loads((ENVIRONMENTS / f"{name}.tfvars").read_text(encoding="utf-8"))
    if settings.get("emulated"):
        raise NotBilledError(f"{name} is emulated on a laptop: nothing of it is billed.")
    counted = tomllib.loads(_PROVISIONED.read_text(encoding="utf-8")).get(name)
    if counted is None:
        raise ValueError(f"{_PROVISIONED} has no counts of {name}: give its plan by --plan")
    deployed = {solution.strip('"'): campaign for solution, campaign in settings.get("campaigns", {}).items()}
    solutions = _declared_solutions()
    return Stack(
        region=settings.get("region", "").strip('"'),
        campaigns=tuple(
            replace(
                campaign, provisioned_tps=deployed[campaign.name].get("min_provisioned_tps", campaign.provisioned_tps)
            )
            for campaign in _campaigns(solutions)
            if campaign.name in deployed
        ),
        trainings=_trainings(
            solutions,
            (settings.get("training_schedule") or "").strip('"'),
            settings.get("training_days", _DEFAULT_TRAINING_DAYS),
        ),
        curations=_curations(
            (schedule["expression"].strip('"'), schedule["hours"])
            for schedule in settings.get("curation_schedules", {}).values()
        ),
        shards=settings.get("stream_shards", _DEFAULT_SHARDS),
        has_long_retention=settings.get("stream_retention_hours", 24) > 24,
        clusters=int("new_cluster" in (settings.get("engine") or {})),
        distributions=int(settings.get("shop") is not None),
        **{key: value for key, value in counted.items() if key != "function_mb"},
        metrics=count_metrics(counted["function_mb"]),
        function_gb=_memory(counted["function_mb"].items()),
    )


def read_plan(path: Path) -> tuple[Stack | None, Stack]:
    """Return the stacks before and after a plan, as `terraform show -json` prints it; None before the first apply.

    Raises
    ------
    NotBilledError
        Where the environment is emulated.
    """
    plan = json.loads(path.read_text(encoding="utf-8"))
    after = plan.get("planned_values", {}).get("root_module") if isinstance(plan, dict) else None
    if after is None:
        raise ValueError(
            f"{path} is no plan; write it with: python -m deployment.terraform show -json plan.tfplan > {path}"
        )
    variables = {name: variable.get("value") for name, variable in plan.get("variables", {}).items()}
    if variables.get("emulated"):
        raise NotBilledError(f"{variables.get('environment')} is emulated on a laptop: nothing of it is billed.")
    region = variables.get("region") or ""
    before = plan.get("prior_state", {}).get("values", {}).get("root_module")
    managed = [each for each in _resources(before or {}) if each.get("mode") != "data"]
    return (provisioned(managed, region) if managed else None), provisioned(list(_resources(after)), region)


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def provisioned(resources: list[dict[str, Any]], region: str = "") -> Stack:
    """Return the stack of resources, each with its `type` and `values` as in Terraform's plan or state."""

    def of_type(kind: str) -> list[dict[str, Any]]:
        return [each["values"] for each in resources if each["type"] == kind]

    streams = of_type("aws_kinesis_stream")
    firewalls = of_type("aws_wafv2_web_acl")
    memory = _memory((each["function_name"], each["memory_size"]) for each in of_type("aws_lambda_function"))
    configuration = _configuration(of_type("aws_sfn_state_machine"))
    solutions = configuration["solutions"]
    schedules = of_type("aws_scheduler_schedule")
    training = (each["schedule_expression"] for each in schedules if str(each["name"]).endswith("-train"))
    return Stack(
        region=region,
        campaigns=_campaigns(solutions),
        trainings=_trainings(solutions, next(training, ""), configuration["training_days"]),
        curations=_curations(
            (each["schedule_expression"], json.loads(each["target"][0]["input"])["hours"])
            for each in schedules
            if "-curate-" in str(each["name"])
        ),
        shards=_shards(streams),
        has_long_retention=any((each.get("retention_period") or 24) > 24 for each in streams),
        alarms=sum(_billed_metrics(each) for each in of_type("aws_cloudwatch_metric_alarm")),
        metrics=count_metrics(dict(memory)),
        dashboards=len(of_type("aws_cloudwatch_dashboard")),
        keys=len(of_type("aws_kms_key")),
        firewall_rules=sum(len(each.get("rule") or ()) for each in firewalls) if firewalls else None,
        clusters=len(of_type("aws_eks_cluster")),
        distributions=len(of_type("aws_cloudfront_distribution")),
        function_gb=memory,
    )


def count_metrics(functions: Iterable[str]) -> int:
    """Return how many metrics the functions write, which no Terraform resource declares."""
    stages = {stage.name: stage_metrics(stage) for stage in (*METERED, RECOMMEND)}
    return sum(len(stages.get(name, ())) + _OTHER_METRICS.get(name, 0) + _FAMILIES.get(name, 0) for name in functions)


def stage_metrics(stage: Stage) -> set[str]:
    """Return the names of the metrics of a stage but for its families."""
    others = {name for name in stage.others if not name.endswith("_")}
    return {stage.received, *stage.outcomes, *others} | ({UNACCOUNTED} if stage in METERED else set())


def _memory(functions: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted((name.rpartition("-")[2], megabytes / 1024) for name, megabytes in functions))


def _shards(streams: list[dict[str, Any]]) -> int | None:
    modes = [mode["stream_mode"] for each in streams for mode in each.get("stream_mode_details") or ()]
    return None if "ON_DEMAND" in modes else sum(each.get("shard_count") or 0 for each in streams)


def _billed_metrics(alarm: dict[str, Any]) -> int:
    """Return the metrics of an alarm, each of which is billed."""
    return max(1, sum(bool(query.get("metric")) for query in alarm.get("metric_query") or ()))


def _configuration(machines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the training workflow trains and deploys; what is declared where its definition is unknown."""
    for machine in machines:
        definition = json.loads(machine.get("definition") or "{}")
        for state in definition.get("States", {}).values():
            assigned = state.get("Assign", {})
            if "solutions" in assigned.get("configuration", {}):
                solutions = assigned["configuration"]["solutions"]
                return {"solutions": solutions, "training_days": assigned.get("training_days")}
    return {"solutions": _declared_solutions() if machines else [], "training_days": _DEFAULT_TRAINING_DAYS}


def _declared_solutions() -> list[dict[str, Any]]:
    solutions = json.loads(SOLUTIONS.read_text(encoding="utf-8"))["solutions"]
    return [{"name": name, "recipe_arn": each["recipe"], **each} for name, each in solutions.items()]


def _trainings(solutions: Iterable[Mapping[str, Any]], schedule: str, days: float | None) -> Trainings:
    v2 = [_is_v2(each) for each in solutions]
    return Trainings(sum(v2), len(v2) - sum(v2), runs_a_month(schedule) if schedule else None, days)


def _curations(schedules: Iterable[tuple[str, str | float]]) -> tuple[Curations, ...]:
    return tuple(sorted(Curations(runs_a_month(expression), float(hours)) for expression, hours in schedules))


def _campaigns(solutions: Iterable[Mapping[str, Any]]) -> tuple[Campaign, ...]:
    return tuple(
        Campaign(each["name"], _is_v2(each), each["campaign"]["min_provisioned_tps"])
        for each in solutions
        if each.get("campaign")
    )


def _is_v2(solution: Mapping[str, Any]) -> bool:
    return str(solution["recipe_arn"]).endswith("-v2")
