"""A new version is deployed only if the judge accepts it: the workflow's own states, the judge's own code."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories.lambda_events import data_profile
from tests.factories.train_workflow import train_states, workflow
from tests.fakes.emulator.cloud import Cloud, run_once
from tests.fakes.emulator.functions import ROLE, make_function
from tests.fakes.emulator.personalize import ARN, Answer, Content, FakePersonalize
from tests.fakes.emulator.process import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
METRIC = "precision_at_25"
BUCKET = "records"
ANSWERS = "answers"
ENTRY = """
from backend.judge.decision import decide

def handler(event, context):
    return decide(event)
"""


class Trainer(FakePersonalize):
    """Trains at once; the test sets the quality of each version in the order of creation."""

    def __init__(self) -> None:
        super().__init__()
        self.quality: list[float] = []
        self.campaigns: dict[str, Content] = {}

    def answer(self, path: str, action: str, body: Content) -> Answer:
        known: dict[str, Callable[[], Content]] = {
            "DescribeSolution": lambda: {"solution": {"recipeArn": "recipe", "status": "ACTIVE"}},
            "CreateSolutionVersion": lambda: {"solutionVersionArn": f"{ARN}:solution/s/v{len(self.quality)}"},
            "DescribeSolutionVersion": lambda: {"solutionVersion": {"status": "ACTIVE"}},
            "GetSolutionMetrics": lambda: {
                "metrics": {METRIC: self.quality[int(body["solutionVersionArn"].rpartition("v")[2]) - 1]}
            },
            "CreateCampaign": lambda: self._deploy(f"{ARN}:campaign/{body['name']}", body),
            "UpdateCampaign": lambda: self._deploy(body["campaignArn"], body),
        }
        if action == "DescribeCampaign":
            campaign = self.campaigns.get(body["campaignArn"])
            return (200, {"campaign": campaign}, "") if campaign else (400, {}, "ResourceNotFoundException")
        return (200, known[action](), "") if action in known else super().answer(path, action, body)

    def _deploy(self, arn: str, body: Content) -> Content:
        deployed = {name: body[name] for name in ("solutionVersionArn", "minProvisionedTPS", "campaignConfig")}
        self.campaigns[arn] = {"status": "ACTIVE", **deployed}
        return {"campaignArn": arn}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    running = Cloud(tmp_path_factory.mktemp("champion") / "cloud", free_port(), personalize=Trainer())
    running.start()
    running.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    running.client("dynamodb").create_table(
        TableName=ANSWERS,
        KeySchema=[{"AttributeName": "question", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "question", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield running
    running.close()


@pytest.fixture(scope="module")
def judge(cloud) -> str:
    """The judge as a function, without what counts its answers."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in ("__init__", "judge/__init__", "judge/decision", "judge/drift", "judge/verdict"):
            archive.write(ROOT / f"backend/{name}.py", f"backend/{name}.py")
        archive.writestr("entry.py", ENTRY)
    answer = cloud.client("lambda").create_function(
        FunctionName="judge",
        Runtime="python3.12",
        Role=ROLE,
        Handler="entry.handler",
        Timeout=20,
        Code={"ZipFile": content.getvalue()},
    )
    return str(answer["FunctionArn"])


@pytest.fixture
def train(cloud, judge):
    """Run the states between the import and the end, for one solution, and return its deployment."""
    solution = f"s-{uuid.uuid4().hex[:6]}"
    cloud.personalize.quality.clear()

    def run(quality: float, tps: int | None = 1, **recent: Any) -> dict[str, Any]:
        cloud.personalize.quality.append(quality)
        declared: dict[str, Any] = {"name": solution, "recipe_arn": "recipe", "solution_config": {}}
        declared["campaign"] = None if tps is None else {"min_provisioned_tps": tps, "config": {}}
        definition = machine(judge, declared, {"profile": data_profile(**recent)})
        ended = run_once(cloud, f"train-{uuid.uuid4().hex[:6]}", definition, 60)
        assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))
        (deployment,) = json.loads(ended["output"])
        if tps is None:
            assert deployment["CampaignArn"] is None
            return dict(deployment)
        served = cloud.personalize.campaigns[f"{ARN}:campaign/{solution}"]
        assert deployment["SolutionVersionArn"] == served["solutionVersionArn"]
        return {**deployment, "TPS": served["minProvisionedTPS"]}

    return run


def rendered(judge: str) -> dict[str, Any]:
    """Return the states of the workflow, with the judge and the bucket of this cloud."""
    return train_states(judge_function_arn=judge, records_bucket=BUCKET, answers_table=ANSWERS, poll_seconds="1")


def machine(judge: str, solution: dict[str, Any], manifest: dict[str, Any]) -> str:
    each = rendered(judge)["TrainAndDeploy"]
    known = {
        "configuration": {"solutions": [solution], "judge": {"metrics": [METRIC], "slices": ["new_users"]}},
        "manifest": manifest,
        "poll_seconds": 1,
        "arn": ARN,
        "dataset_group_arn": f"{ARN}:dataset-group/g",
        "run_id": "run",
        "tags": [],
    }
    del each["Next"], each["Assign"]
    states = {
        "Start": {"Type": "Pass", "Assign": known, "Next": "TrainAndDeploy"},
        "TrainAndDeploy": {**each, "End": True},
    }
    return workflow(states)


def test_the_first_version_is_deployed_and_noted(cloud, train):
    deployed = train(0.2)

    assert deployed["Verdict"]["kept"] == "challenger"
    assert "serves as the first version" in deployed["Verdict"]["reason"]
    note = cloud.client("s3").get_object(
        Bucket=BUCKET, Key=f"champions/{deployed['CampaignArn'].rpartition('/')[2]}.json"
    )
    assert json.loads(note["Body"].read())["version"] == deployed["SolutionVersionArn"]
    key = {"question": {"S": f"deployed#{deployed['CampaignArn']}"}}
    noted = cloud.client("dynamodb").get_item(TableName=ANSWERS, Key=key)["Item"]
    assert noted["solution_version"] == {"S": deployed["SolutionVersionArn"]}


def test_a_better_version_takes_over_and_a_worse_one_does_not(train):
    train(0.2)
    better, worse = train(0.4), train(0.05)

    assert better["SolutionVersionArn"].endswith("v2")
    assert (worse["SolutionVersionArn"], worse["TrainedVersionArn"][-2:]) == (better["SolutionVersionArn"], "v3")
    assert worse["Verdict"]["kept"] == "champion"
    assert "worse in precision_at_25: overall 0.0500 against 0.4000" in worse["Verdict"]["reason"]


def test_a_campaign_with_a_changed_declaration_is_updated_though_its_version_is_kept(train):
    train(0.4)

    kept = train(0.05, tps=3)

    assert (kept["SolutionVersionArn"][-2:], kept["TPS"], kept["Verdict"]["kept"]) == ("v1", 3, "champion")


def test_without_a_campaign_versions_are_judged_and_none_is_deployed(cloud, train):
    campaigns = dict(cloud.personalize.campaigns)

    first, better, worse = train(0.2, tps=None), train(0.4, tps=None), train(0.05, tps=None)

    assert "serves as the first version" in first["Verdict"]["reason"]
    assert [each["SolutionVersionArn"][-2:] for each in (first, better, worse)] == ["v1", "v2", "v2"]
    assert (worse["TrainedVersionArn"][-2:], worse["Verdict"]["kept"]) == ("v3", "champion")
    assert cloud.personalize.campaigns == campaigns


def test_drift_since_the_training_of_the_champion_is_reported(train):
    train(0.2)

    drift = train(0.2, event_types={"View": 100, "Purchase": 900})["Verdict"]["drift"]

    assert drift["found"]
    assert "the mix of event types has changed" in drift["reason"]


def test_the_drift_is_measured_from_the_version_that_serves(train):
    moved = {"event_types": {"View": 100, "Purchase": 900}}
    train(0.4)
    train(0.05, **moved)

    # Then what lost is not what is expected from now on
    assert train(0.4, **moved)["Verdict"]["drift"]["found"]


def test_a_campaign_that_was_never_made_whole_has_no_champion(cloud, train):
    failed = train(0.4)["CampaignArn"]
    cloud.personalize.campaigns[failed]["status"] = "CREATE FAILED"

    deployed = train(0.05)

    assert (deployed["SolutionVersionArn"][-2:], deployed["Verdict"]["kept"]) == ("v2", "challenger")


ECHO = """
def handler(event, context):
    metrics = [{"MetricName": "precision_at_25", "Value": float(event["HyperParameters"]["quality"])}]
    artifacts = {"S3ModelArtifacts": "s3://records/" + event["TrainingJobName"]}
    return {"ModelArtifacts": artifacts, "FinalMetricDataList": metrics, "asked": event}
"""


def test_a_custom_model_is_trained_on_what_has_rows_and_judged_like_the_others(cloud, judge):
    # Given SageMaker played by a function that answers as DescribeTrainingJob does
    sagemaker = make_function(cloud, ECHO)

    def train(run: str, quality: str) -> dict[str, Any]:
        ended = run_once(cloud, f"custom-{run}", custom_machine(judge, sagemaker, run, quality), 60)
        assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))
        output: dict[str, Any] = json.loads(ended["output"])
        return output

    # When a good model is followed by a bad one
    good, bad = train("run-1", "0.4"), train("run-2", "0.05")

    # Then the bad one is trained and not served, and each was given the channels that have rows
    assert good["Model"].startswith("s3://records/shop-custom-")
    assert (good["Serving"], bad["Serving"]) == (good["Model"], good["Model"])
    assert bad["Model"] != good["Model"]
    assert bad["Verdict"]["drift"]["measures"]
    channels = good["Asked"]["InputDataConfig"]
    assert [channel["ChannelName"] for channel in channels] == ["interactions", "users"]
    assert channels[0]["DataSource"]["S3DataSource"]["S3Uri"].endswith("run-1/interactions/")


def custom_machine(judge: str, sagemaker: str, run: str, quality: str) -> str:
    """Return the workflow's states of a custom model, with a function where SageMaker's job is."""
    all_states = rendered(judge)
    names = [name for name in all_states if "Custom" in name]
    states = {name: all_states[name] for name in names}
    text = json.dumps(states["TrainCustomModel"]["Assign"]).replace("$states.result.", "$states.result.Payload.")
    states["TrainCustomModel"] |= {
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": sagemaker, "Payload": states["TrainCustomModel"]["Arguments"]},
        "Assign": {**json.loads(text), "asked": "{% $states.result.Payload.asked %}"},
    }
    states["NameCustomModel"]["Next"] = "TrainCustomModel"
    states["CustomModelTrained"]["Output"]["Asked"] = "{% $asked %}"
    known = {
        "configuration": {"judge": {"metrics": [METRIC], "slices": []}},
        "custom": {"name": "shop-custom", "hyperparameters": {"quality": quality}, "metric_definitions": []}
        | {"role_arn": "r", "image_uri": "i", "instance_type": "t", "volume_gigabytes": 1, "maximum_seconds": 60},
        "manifest": {"written": {"interactions": 5, "items": 0, "users": 3}, "profile": data_profile()},
        "run_id": run,
    }
    states = {"Start": {"Type": "Pass", "Assign": known, "Next": "NameCustomModel"}, **states}
    return workflow(states)
