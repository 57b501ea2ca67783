"""The environment's key at the emulator, with the policies that Terraform renders: without a statement a call fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.infrastructure.account import ACCOUNT_ID, REGION
from tests.contract.infrastructure.root import ENVIRONMENT, KEY_ARN
from tests.fakes.emulator.cloud import start_cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.emulator.cloud import Cloud

EMULATED = "000000000000"
PREFIX = f"rivulet-{ENVIRONMENT}"
DATASETS = f"{PREFIX}-{EMULATED}-datasets"
ANY_TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:*"}]}
DEFINITION = json.dumps({"QueryLanguage": "JSONata", "StartAt": "End", "States": {"End": {"Type": "Succeed"}}})


class Environment:
    """An environment's key with what it encrypts, and the roles that use it."""

    def __init__(self, cloud: Cloud, key_policy: dict[str, Any], policies: dict[str, dict[str, Any]]) -> None:
        self.cloud, self.key_policy, self.policies = cloud, key_policy, policies
        self.key = ""  # no statement of its own policy names it
        self.key = cloud.client("kms").create_key(Policy=self.text(key_policy))["KeyMetadata"]["Arn"]
        for role in ("personalize", "train-workflow"):
            cloud.client("iam").create_role(RoleName=f"{PREFIX}-{role}", AssumeRolePolicyDocument=json.dumps(ANY_TRUST))
            cloud.client("iam").put_role_policy(
                RoleName=f"{PREFIX}-{role}", PolicyName="own", PolicyDocument=self.text(policies[role])
            )
        self.train = self.user("train")
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=DATASETS, CreateBucketConfiguration={"LocationConstraint": REGION})
        encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key}
        s3.put_bucket_encryption(
            Bucket=DATASETS,
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": encryption}]},
        )
        s3.put_object(Bucket=DATASETS, Key="run/items/part.csv", Body=b"ITEM_ID")
        states = cloud.client("stepfunctions")
        machine = states.create_state_machine(
            name=f"{PREFIX}-train",
            definition=DEFINITION,
            roleArn=self.role("train-workflow"),
            encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": self.key},
        )["stateMachineArn"]
        self.execution = states.start_execution(stateMachineArn=machine)["executionArn"]

    def text(self, policy: dict[str, Any]) -> str:
        return json.dumps(policy).replace(KEY_ARN, self.key).replace(ACCOUNT_ID, EMULATED)

    def role(self, name: str) -> str:
        return f"arn:aws:iam::{EMULATED}:role/{PREFIX}-{name}"

    def user(self, role: str) -> tuple[str, str]:
        """Return the keys of a user with a role's policy."""
        iam = self.cloud.client("iam")
        iam.create_user(UserName=role)
        self.permit(role, self.policies[role])
        made = iam.create_access_key(UserName=role)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]

    def permit(self, user: str, policy: dict[str, Any]) -> None:
        self.cloud.client("iam").put_user_policy(UserName=user, PolicyName="own", PolicyDocument=self.text(policy))

    def set_key_policy(self, policy: dict[str, Any]) -> None:
        self.cloud.client("kms").put_key_policy(KeyId=self.key, PolicyName="default", Policy=self.text(policy))


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, key_policy: dict[str, Any], policies_by_role: dict[str, dict[str, Any]]
) -> Iterator[Environment]:
    cloud = start_cloud(tmp_path_factory.mktemp("key"), iam_enforced=True)
    yield Environment(cloud, key_policy, policies_by_role)
    cloud.close()


def without(policy: dict[str, Any], sid: str) -> dict[str, Any]:
    kept = [statement for statement in policy["Statement"] if statement["Sid"] != sid]
    assert len(kept) == len(policy["Statement"]) - 1
    return policy | {"Statement": kept}


def error_of(call: Callable[[], object]) -> tuple[str, str]:
    """Return the code and the message of a call's error."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_an_import_needs_personalize_in_the_key_policy(environment: Environment) -> None:
    personalize = environment.cloud.client("personalize")

    def start(job: str) -> None:
        personalize.create_dataset_import_job(
            jobName=job,
            datasetArn=f"arn:aws:personalize:{REGION}:{EMULATED}:dataset/{PREFIX}/ITEMS",
            dataSource={"dataLocation": f"s3://{DATASETS}/run/items/"},
            roleArn=environment.role("personalize"),
        )

    start("items-1")
    environment.set_key_policy(without(environment.key_policy, "ImportAndTrainWithPersonalize"))
    code, message = error_of(lambda: start("items-2"))
    environment.set_key_policy(environment.key_policy)

    assert (code, "personalize.amazonaws.com" in message) == ("InvalidInputException", True), message


@pytest.mark.parametrize("operation", ["describe_execution", "get_execution_history"])
def test_the_progress_of_a_training_needs_the_key(environment: Environment, operation: str) -> None:
    policy = environment.policies["train"]
    read = getattr(environment.cloud.client("stepfunctions", *environment.train), operation)

    assert read(executionArn=environment.execution)
    environment.permit("train", without(policy, "DecryptTheProgressOfTrainings"))
    code, _ = error_of(lambda: read(executionArn=environment.execution))
    environment.permit("train", policy)

    assert code == "KmsAccessDeniedException"
