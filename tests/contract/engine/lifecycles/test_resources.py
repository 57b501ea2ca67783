"""Random sequences of calls: resources pass only documented states, in order; calls end with documented errors."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.contract.engine.calls import outcome
from tests.contract.engine.lifecycles.documented_states import (
    DONE,
    GONE,
    IN_USE,
    KINDS,
    NOT_FOUND,
    SETTLED,
    Kind,
    States,
    creation,
    deletion,
    later,
    reachable,
)
from tests.contract.engine.lifecycles.machine import (
    SETTLE_SECONDS,
    LifeCycleMachine,
    World,
    check_outcome,
    next_status,
    run_machine,
)
from tests.contract.engine.running_engine import REGION, RunningEngine
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import schema_text

ACCOUNT = "820000000001"
PREFIX = f"arn:aws:personalize:{REGION}:{ACCOUNT}:"
NAMES = st.sampled_from(["a", "b"])
GROUPS = st.sampled_from(["a", "b", "shop", "shop"])
TYPES = ("Interactions", "Items")
ORDER_OF_DELETION = ("campaign", "filter", "event-tracker", "solution", "dataset", "schema", "dataset-group")


class ResourceWorld(World):
    """An engine with a shop that has one trained version."""

    def __init__(self, engine: RunningEngine, s3: Any, *, takes_its_time: bool) -> None:
        super().__init__(engine, ACCOUNT)
        self.takes_its_time = takes_its_time
        shop = Shop(engine, s3, account=ACCOUNT)
        shop.fill()
        self.version = shop.train("base", "aws-popularity-count")["solutionVersionArn"]
        # Never deleted: the resources of a run may use them.
        self.base = {f"{PREFIX}dataset-group/shop", f"{PREFIX}solution/base", *shop.datasets.values()}
        self.base |= {f"{PREFIX}schema/shop-{name}" for name in TYPES}


class Resources(LifeCycleMachine):
    """Creates, changes and deletes resources, and checks the state of each after every call."""

    world: ResourceWorld

    def __init__(self) -> None:
        super().__init__()
        self.states: States = {}  # of every resource that a call has named, as last seen
        self.parents: dict[str, list[str]] = {}

    # --- calls ---------------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """Create what other resources need, so that not every call is refused."""
        self.create_dataset_group("a")
        self.create_schema("Interactions")

    @rule(name=st.sampled_from(["a", "b", "c", "d", "e"]))
    def create_dataset_group(self, name: str) -> None:
        self._create(KINDS["dataset-group"], name, [], f"{PREFIX}dataset-group/", name=name)

    @rule(name=st.sampled_from(TYPES))
    def create_schema(self, name: str) -> None:
        self._create(KINDS["schema"], name, [], f"{PREFIX}schema/", name=name, schema=schema_text(name))

    @rule(group=NAMES, type_=st.sampled_from(TYPES))
    def create_dataset(self, group: str, type_: str) -> None:
        parents = [f"{PREFIX}dataset-group/{group}", f"{PREFIX}schema/{type_}"]
        request = {"name": "any", "datasetGroupArn": parents[0], "schemaArn": parents[1], "datasetType": type_}
        self._create(KINDS["dataset"], f"{group}/{type_.upper()}", parents, "none", **request)

    @rule(kind=st.sampled_from(["event-tracker", "solution"]), name=NAMES, group=GROUPS)
    def create_in_group(self, kind: str, name: str, group: str) -> None:
        parent = f"{PREFIX}dataset-group/{group}"
        request: dict[str, Any] = {"name": name, "datasetGroupArn": parent}
        if kind == "solution":
            request |= {"recipeArn": "arn:aws:personalize:::recipe/aws-popularity-count", "performAutoTraining": False}
        self._create(KINDS[kind], name, [parent], parent, **request)

    @rule(name=NAMES, group=st.sampled_from(["shop", "shop", "missing"]))
    def create_filter(self, name: str, group: str) -> None:
        parent = f"{PREFIX}dataset-group/{group}"
        request = {"name": name, "filterExpression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("View")'}
        self._create(KINDS["filter"], name, [parent], parent, datasetGroupArn=parent, **request)

    @rule(name=NAMES, version=st.sampled_from(["trained", "trained", "missing"]))
    def create_campaign(self, name: str, version: str) -> None:
        solution = f"{PREFIX}solution/base"
        arn = self.world.version if version == "trained" else f"{solution}/missing"
        self._create(KINDS["campaign"], name, [solution, arn], solution, name=name, solutionVersionArn=arn)

    @rule(kind=st.sampled_from(sorted(KINDS)), name=NAMES, type_=st.sampled_from(TYPES))
    def delete(self, kind: str, name: str, type_: str) -> None:
        path = {"dataset": f"{name}/{type_.upper()}", "schema": type_}.get(kind, name)
        self._delete(KINDS[kind], f"{PREFIX}{kind}/{path}")

    @rule()
    def delete_what_is_in_use(self) -> None:
        self._delete(KINDS["dataset-group"], f"{PREFIX}dataset-group/shop")
        interactions = f"{PREFIX}dataset/shop/INTERACTIONS"
        using = [arn for kind in KINDS["dataset"].holds for arn in self._dependants(kind, interactions)]
        if any(self._look(arn) in {"CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"} for arn in using):
            self._delete(KINDS["dataset"], interactions)

    @rule(name=NAMES)
    def update_campaign(self, name: str) -> None:
        arn = f"{PREFIX}campaign/{name}"
        before, updating = self._look(arn), self._update_of(arn)
        found = outcome(self.world.control.update_campaign, campaignArn=arn, minProvisionedTPS=2)
        legal = set()
        for status in reachable(before):
            for sub in reachable(updating):
                busy = status not in {"ACTIVE", "CREATE FAILED", GONE} or sub not in SETTLED
                legal.add(NOT_FOUND if status == GONE else IN_USE if busy else DONE)
        check_outcome("UpdateCampaign", (before, updating), found, legal)

    @rule(name=NAMES)
    def ask_campaign(self, name: str) -> None:
        arn = f"{PREFIX}campaign/{name}"
        before = self._look(arn)
        found = outcome(self.world.runtime.get_recommendations, campaignArn=arn)
        legal = {DONE if status == "ACTIVE" else NOT_FOUND for status in reachable(before)}
        check_outcome("GetRecommendations", before, found, legal)

    # --- checks and crashes --------------------------------------------------------------------------------------

    @rule()
    def look_at_everything(self) -> None:
        for arn in self.states:
            self._look(arn)
        for kind in KINDS.values():
            self._check_list(kind)

    def unsettled(self) -> list[str]:
        return [f"{arn}: {status}" for arn in self.states if (status := self._look(arn)) not in SETTLED]

    def may_crash(self) -> bool:
        return self.world.takes_its_time and len(self.states) > 3

    def teardown(self) -> None:
        """Delete all in the order that the guide gives; then only the resources of the world are left."""
        try:
            self._take_down()
        finally:
            self._sweep()

    def _take_down(self) -> None:
        for kind in ORDER_OF_DELETION:
            self.wait()
            for arn in [arn for arn in self.states if f":{kind}/" in arn and self._look(arn) != GONE]:
                self._delete(KINDS[kind], arn)
                assert self.states[arn] != "ACTIVE", f"{arn} cannot be deleted"
        self.wait()
        assert set(self.states.values()) <= {GONE}
        for checked in KINDS.values():
            self._check_list(checked)

    def _sweep(self) -> None:
        """Leave nothing to the next run, also where this one has failed."""
        deadline = time.monotonic() + SETTLE_SECONDS
        for kind in map(KINDS.__getitem__, ORDER_OF_DELETION):
            while (left := self._listed(kind).keys() - self.world.base) and time.monotonic() < deadline:
                for arn in left:
                    outcome(getattr(self.world.control, f"delete_{kind.method}"), **{kind.arn_member: arn})

    # --- the legal outcomes --------------------------------------------------------------------------------------

    def _create(self, kind: Kind, path: str, parents: list[str], among: str, **request: Any) -> None:
        arn = f"{PREFIX}{kind.name}/{path}"
        siblings = [other for other in self._children(kind.name, among) if other != arn]
        seen = {resource: self._look(resource) for resource in (arn, *parents, *siblings)}
        found = outcome(getattr(self.world.control, f"create_{kind.method}"), **request)
        legal: set[str] = set()
        for now in later(seen):
            legal |= creation(
                kind, now[arn], [now[parent] for parent in parents], [now[sibling] for sibling in siblings]
            )
        check_outcome(f"Create of {kind.name}", seen, found, legal)
        if found == DONE:
            self.states[arn] = kind.first_state
            self.parents[arn] = [*parents, among]
        self._look(arn)

    def _delete(self, kind: Kind, arn: str) -> None:
        dependants = [child for holder in kind.holds for child in self._dependants(holder, arn)]
        seen = {resource: self._look(resource) for resource in (arn, *dependants)}
        found = outcome(getattr(self.world.control, f"delete_{kind.method}"), **{kind.arn_member: arn})
        legal: set[str] = set()
        for now in later(seen):
            # A campaign that is being deleted keeps no dataset.
            gone = {other for other in dependants if ":campaign/" in other and now[other].startswith("DELETE ")}
            held = [now[other] for other in dependants if kind.name != "dataset" or other not in gone]
            legal |= deletion(now[arn], held)
        check_outcome(f"Delete of {kind.name}", seen, found, legal)
        if found == DONE:
            self.states[arn] = GONE if kind.name == "schema" else "DELETE PENDING"
        self._look(arn)

    def _look(self, arn: str) -> str:
        """Describe a resource; its state must be one that it can have reached."""
        if arn in self.world.base or arn == self.world.version:
            return "ACTIVE"
        kind = next((kind for kind in KINDS.values() if arn.startswith(f"{PREFIX}{kind.name}/")), None)
        if kind is None or arn.endswith("/missing"):
            return GONE
        described = self._described(kind, arn)
        status = str(described.get("status", "ACTIVE"))
        assert status != "CREATE FAILED", f"{arn}: {described['failureReason']}"
        next_status(arn, self.states.get(arn, GONE), status)
        if arn in self.states:
            self.states[arn] = status
        return status

    def _described(self, kind: Kind, arn: str) -> dict[str, Any]:
        try:
            answer = getattr(self.world.control, f"describe_{kind.method}")(**{kind.arn_member: arn})
        except ClientError as error:
            if error.response["Error"]["Code"] != NOT_FOUND:
                raise
            return {"status": GONE}
        return dict(next(value for member, value in answer.items() if member != "ResponseMetadata"))

    def _update_of(self, arn: str) -> str:
        return str(self._described(KINDS["campaign"], arn).get("latestCampaignUpdate", {}).get("status", "ACTIVE"))

    def _children(self, kind: str, parent: str) -> list[str]:
        own = [arn for arn in self.states if f":{kind}/" in arn and parent in self.parents[arn]]
        return own + [arn for arn in self.world.base if f":{kind}/" in arn and parent.endswith(("/", "/shop"))]

    def _dependants(self, kind: str, arn: str) -> list[str]:
        if ":dataset/" not in arn:
            return self._children(kind, arn)
        group = f"{PREFIX}dataset-group/{arn.split('/')[1]}"
        if kind == "event-tracker" and not arn.endswith("/INTERACTIONS"):
            return []
        # Those of a campaign are a solution and its version, and all campaigns are of one shop.
        in_shop = kind == "campaign" and group.endswith("/shop")
        return self._children(kind, f"{PREFIX}solution/base" if in_shop else group)

    def _check_list(self, kind: Kind) -> None:
        before = {arn: self._look(arn) for arn in self.states if arn.startswith(f"{PREFIX}{kind.name}/")}
        listed = {arn: status for arn, status in self._listed(kind).items() if arn not in self.world.base}
        assert listed.keys() <= before.keys()
        assert {arn for arn, status in before.items() if GONE not in reachable(status)} <= listed.keys()
        for arn, status in listed.items():
            assert status in reachable(before[arn])

    def _listed(self, kind: Kind) -> States:
        pages = self.world.control.get_paginator(f"list_{kind.method}s").paginate(PaginationConfig={"PageSize": 2})
        listed = [summary for page in pages for value in page.values() if isinstance(value, list) for summary in value]
        found = {summary[kind.arn_member]: summary.get("status", "ACTIVE") for summary in listed}
        assert len(found) == len(listed), "a page repeats what another has"
        return found


@pytest.fixture(scope="module", params=["instant", "slow"])
def world(request, s3, tmp_path_factory):
    running = RunningEngine(tmp_path_factory.mktemp("life") / "state", s3.url, pace=request.param)
    yield ResourceWorld(running, s3, takes_its_time=request.param == "slow")
    running.stop()


def shows_all_kinds(test: Any) -> Any:
    """Mark what the test shows of each kind's operations."""
    statements = {
        "Create": "in any sequence of calls, succeeds or is refused as documented",
        "Delete": "in any sequence of calls, succeeds or is refused as documented",
        "Describe": "in any sequence of calls, a documented state in its order",
        "List": "in any sequence of calls, the resources that exist",
    }
    for kind in KINDS:
        name = "".join(part.capitalize() for part in kind.split("-"))
        for verb, what in statements.items():
            test = pytest.mark.honours(f"{verb}{name}{'s' if verb == 'List' else ''}", what)(test)
    return test


@shows_all_kinds
@pytest.mark.honours("UpdateCampaign", "in any sequence of calls, succeeds or is refused as documented")
@pytest.mark.honours("GetRecommendations", "an ACTIVE campaign answers, in any sequence of calls")
def test_no_sequence_of_calls_reaches_an_undocumented_state_or_error(world):
    run_machine(Resources, world, runs=4 if world.takes_its_time else 15, steps=40, shrinks=True)
