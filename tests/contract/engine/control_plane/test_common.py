"""What all operations of a kind have in common: resources that are not there or not one's own, lists and pages."""

from __future__ import annotations

import botocore.session
import pytest
from botocore import xform_name

from tests.contract.engine.calls import NOT_FOUND, create, delete, refusal, until_gone
from tests.contract.engine.running_engine import RunningEngine
from tests.factories.shop_stream import schema_text

ACCOUNT = "909000000001"
MODEL = botocore.session.get_session().get_service_model("personalize")
OF_ONE_RESOURCE = {"ListMetricAttributionMetrics"}
SERVICE_OWNED = {"recipe", "algorithm", "feature-transformation"}


def operations(*verbs):
    """Return (operation, its only required ARN member) of all operations that begin with a verb."""
    for name in MODEL.operation_names:
        shape = MODEL.operation_model(name).input_shape
        required = shape.required_members if shape else []
        arns = [member for member in required if member.endswith("Arn")]
        if name.startswith(verbs) and len(arns) == 1:
            yield name, arns[0]


def shown(what, operation, *arguments):
    """Return the parameters of a test that shows something of an operation."""
    return pytest.param(operation, *arguments, marks=pytest.mark.honours(operation, what), id=operation)


def named(what, *verbs):
    return [shown(what, name, arn) for name, arn in operations(*verbs)]


def arn_of(member, account=ACCOUNT):
    kind = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in member.removesuffix("Arn"))
    owner = "::" if kind in SERVICE_OWNED else f"eu-west-1:{account}:"
    return f"arn:aws:personalize:{owner}{kind}/nothing"


def listing_operations():
    for name in MODEL.operation_names:
        shape = MODEL.operation_model(name).input_shape
        if name.startswith("List") and shape and "nextToken" in shape.members and name not in OF_ONE_RESOURCE:
            yield name


@pytest.fixture(scope="module")
def control(engine):
    return engine.client(account=ACCOUNT)


@pytest.mark.parametrize(
    ("name", "member"), named("an unknown ARN is ResourceNotFoundException", "Describe", "Delete", "Start", "Stop")
)
def test_what_is_not_there_is_not_found(control, name, member):
    code, message = refusal(getattr(control, xform_name(name)), **{member: arn_of(member)})

    assert code == NOT_FOUND
    assert "/nothing" in message


@pytest.mark.parametrize(
    "name", [shown("an unknown nextToken is InvalidNextTokenException", name) for name in listing_operations()]
)
def test_an_unknown_token_is_refused_by_every_list(control, name):
    assert refusal(getattr(control, xform_name(name)), nextToken="none of yours")[0] == "InvalidNextTokenException"


@pytest.mark.parametrize(
    "name",
    [
        shown("resources of other accounts are not listed", name)
        for name in listing_operations()
        if name != "ListRecipes"
    ],
)
def test_an_account_sees_nothing_of_another_one(engine, trained_shop, name):
    stranger = engine.client(account="909000000002")

    answer = getattr(stranger, xform_name(name))()

    assert [value for member, value in answer.items() if member not in {"ResponseMetadata", "nextToken"}] == [[]]


@pytest.mark.honours("DescribeDatasetGroup", "a resource of another account, region or kind is not found")
def test_a_resource_of_another_account_region_or_kind_is_not_found(engine, control):
    group = create(control, "dataset_group", name="mine")["datasetGroupArn"]

    assert refusal(engine.client(account="909000000002").describe_dataset_group, datasetGroupArn=group)[0] == NOT_FOUND
    elsewhere = engine.client(account=ACCOUNT, region="us-west-2")
    assert refusal(elsewhere.describe_dataset_group, datasetGroupArn=group)[0] == NOT_FOUND
    assert refusal(control.describe_campaign, campaignArn=group)[0] == NOT_FOUND
    assert refusal(control.delete_solution, solutionArn=group)[0] == NOT_FOUND


@pytest.fixture(scope="module")
def slow(s3, tmp_path_factory):
    engine = RunningEngine(tmp_path_factory.mktemp("slow") / "state", s3.url, pace="slow")
    yield engine
    engine.stop()


@pytest.mark.honours(
    "CreateSolution", "a dataset group that is not ACTIVE yet is ResourceInUseException, a deleted one not found"
)
def test_what_is_not_ready_yet_is_in_use(slow):
    control = slow.client()
    group = control.create_dataset_group(name="slow")["datasetGroupArn"]
    schema = control.create_schema(name="s", schema=schema_text("Items"))["schemaArn"]
    early = {"name": "early", "datasetGroupArn": group}
    recipe = "arn:aws:personalize:::recipe/aws-sims"

    assert refusal(control.create_solution, recipeArn=recipe, **early)[0] == "ResourceInUseException"
    assert refusal(control.create_event_tracker, **early)[0] == "ResourceInUseException"
    dataset = {**early, "schemaArn": schema, "datasetType": "Items"}
    assert refusal(control.create_dataset, **dataset)[0] == "ResourceInUseException"
    assert refusal(control.delete_dataset_group, datasetGroupArn=group)[0] == "ResourceInUseException"
    missing = {**early, "datasetGroupArn": f"{group}-not"}
    assert refusal(control.create_solution, recipeArn=recipe, **missing)[0] == NOT_FOUND


@pytest.mark.honours("DeleteDatasetGroup", "DELETE PENDING until it is gone, as documented for dataset groups only")
@pytest.mark.honours("DeleteEventTracker", "DELETE PENDING, DELETE IN_PROGRESS, gone")
def test_deletions_pass_their_states_in_order(slow):
    control = slow.client()
    group = create(control, "dataset_group", name="doomed")["datasetGroupArn"]
    tracker = create(control, "event_tracker", name="doomed", datasetGroupArn=group)["eventTrackerArn"]

    delete(control, "event_tracker", eventTrackerArn=tracker)
    control.delete_dataset_group(datasetGroupArn=group)
    assert control.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["status"] == "DELETE PENDING"
    until_gone(control.describe_dataset_group, datasetGroupArn=group)

    assert slow.logged_states(tracker) == ["CREATE IN_PROGRESS", "ACTIVE", "DELETE IN_PROGRESS"]
    assert slow.logged_states(group) == ["CREATE IN_PROGRESS", "ACTIVE", "DELETE PENDING"]
