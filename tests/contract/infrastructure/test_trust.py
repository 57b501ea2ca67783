"""Which of GitHub's tokens may take which role."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from deployment.terraform import PROJECT
from tests.contract.infrastructure.account import ACCOUNT_ID
from tests.contract.infrastructure.bootstrap import VARIABLES, trust_policy
from tests.fakes.iam import may_assume

if TYPE_CHECKING:
    from tests.contract.infrastructure.bootstrap import Checkout

ISSUER = "token.actions.githubusercontent.com"
PROVIDER = {"Federated": f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{ISSUER}"}
ACTION = "sts:AssumeRoleWithWebIdentity"
ROLES = ("plan-dev", "plan-production", "apply-dev", "apply-production")

SUBJECTS = {
    "repo:owner/rivulet:pull_request": {"plan-dev"},
    "repo:owner/rivulet:ref:refs/heads/main": {"plan-dev", "plan-production"},
    "repo:owner/rivulet:environment:dev": {"apply-dev"},
    "repo:owner/rivulet:environment:production": {"apply-production", "plan-production"},
    "repo:owner/rivulet:ref:refs/heads/feature": set(),
    "repo:owner/rivulet:ref:refs/tags/main": set(),
    "repo:owner/rivulet:ref:refs/heads/main2": set(),
    "repo:owner/rivulet:environment:Production": set(),
    "repo:owner/rivulet:environment:dev2": set(),
    "repo:owner/rivulet2:environment:dev": set(),
    "repo:other/rivulet:pull_request": set(),
    "repo:owner@1/rivulet@2:environment:dev": set(),
    "": set(),
}


def takers(plan: dict[str, Any], claims: dict[str, str], action: str = ACTION) -> set[str]:
    """Return the roles that a token with these claims may take."""
    context = {f"{ISSUER}:{name}": value for name, value in claims.items()}
    documents = {role: "aws_iam_role.{}[{!r}]".format(*role.split("-")).replace("'", '"') for role in ROLES}
    return {
        role
        for role, address in documents.items()
        if may_assume(trust_policy(plan, address), PROVIDER, action, context)
    }


@pytest.mark.parametrize(("subject", "expected"), SUBJECTS.items())
def test_a_subject_takes_exactly_its_roles(plan: dict[str, Any], subject: str, expected: set[str]) -> None:
    assert takers(plan, {"aud": "sts.amazonaws.com", "sub": subject}) == expected


@pytest.mark.parametrize("subject", SUBJECTS)
def test_without_audience_or_with_another_no_role_is_taken(plan: dict[str, Any], subject: str) -> None:
    assert takers(plan, {"sub": subject}) == set()
    assert takers(plan, {"sub": subject, "aud": "https://github.com/owner"}) == set()
    assert takers(plan, {"sub": subject, "aud": "sts.amazonaws.com"}, "sts:AssumeRole") == set()
    assert takers(plan, {"aud": "sts.amazonaws.com"}) == set()


def test_another_identity_provider_takes_no_role(plan: dict[str, Any]) -> None:
    claims = {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "repo:owner/rivulet:environment:dev"}
    trust = trust_policy(plan, 'aws_iam_role.apply["dev"]')

    assert may_assume(trust, PROVIDER, ACTION, claims)
    assert not may_assume(trust, {"Federated": PROVIDER["Federated"] + ".example.com"}, ACTION, claims)
    assert not may_assume(trust, {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}, ACTION, claims)


def test_subjects_may_be_given_in_both_of_githubs_forms(bootstrap: Checkout) -> None:
    subjects = [f"repo:{repository}:environment:dev" for repository in ("owner/rivulet", "owner@1/rivulet@2")]
    written = "[" + ", ".join(f'"{subject}"' for subject in subjects) + "]"
    plan = bootstrap.plan(github_subjects=f"{{ dev = {{ apply = {written} }} }}")

    for subject in subjects:
        assert takers(plan, {"aud": "sts.amazonaws.com", "sub": subject}) == {"apply-dev"}
    assert takers(plan, {"aud": "sts.amazonaws.com", "sub": "repo:owner/rivulet:pull_request"}) == {"plan-dev"}


def test_subjects_that_would_open_a_role_are_refused(bootstrap: Checkout) -> None:
    subjects = """{
      dev        = { plan = ["repo:owner/*:pull_request"], apply = ["repo:owner/rivulet:environment:production"] }
      production = { plan = ["repo:owner/rivulet:pull_request"] }
      staging    = { plan = ["repo:owner/rivulet:ref:refs/heads/main"] }
    }"""

    done = bootstrap.shell(
        "build/env/main/bin/python -m deployment.terraform -chdir=bootstrap plan -input=false -lock=false -no-color",
        **(VARIABLES | {"github_subjects": subjects}),
    )

    assert done.returncode != 0
    printed = " ".join(done.stderr.replace("│", " ").split())
    assert printed.count("Invalid value for variable") == 4
    for reason in (
        "must begin with repo:owner/name: or repo:owner@id/name@id: and have no wildcard",
        "must contain :environment:<environment>",
        "lets pull requests plan an environment other than dev",
        "github_subjects names staging, which environments does not contain",
    ):
        assert reason in printed


WORKFLOWS = PROJECT / ".github" / "workflows"
ROLE = re.compile(r":role/rivulet-(\S+)$")


def assumptions() -> list[tuple[str, str, set[str], str]]:
    """Return each assumption of a role in a workflow: file, job, subjects of the job's tokens, role."""
    found = []
    for file in sorted(WORKFLOWS.glob("*.yml")):
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        triggers = workflow[True]  # YAML 1.1 reads the key `on` as true
        branches = {"pull_request"} if "pull_request" in triggers else {"ref:refs/heads/main"}
        for name, job in workflow["jobs"].items():
            claims = {f"environment:{job['environment']}"} if "environment" in job else branches
            written = job.get("strategy", {}).get("matrix", {}).get("environment", "[null]")
            listed = {each for found in re.findall(r"\[[^]]*\]", written) for each in json.loads(found)}
            for step in job["steps"]:
                asked = step.get("with", {}).get("role-to-assume", "")
                for environment in listed:
                    role = asked.replace("${{ matrix.environment }}", str(environment))
                    if match := ROLE.search(role):
                        found.append((file.name, name, {f"repo:owner/rivulet:{claim}" for claim in claims}, match[1]))
    return found


def test_each_job_of_the_workflows_may_take_the_role_that_it_asks_for(plan: dict[str, Any]) -> None:
    asked = assumptions()
    table = {(file, job, role) for file, job, _, role in asked}

    assert table == {
        ("deploy.yml", "apply-dev", "apply-dev"),
        ("deploy.yml", "apply-production", "apply-production"),
        ("deploy.yml", "plan-dev", "plan-dev"),
        ("deploy.yml", "plan-production", "plan-dev"),  # fetches the archives
        ("deploy.yml", "plan-production", "plan-production"),
        ("destroy.yml", "destroy-dev", "apply-dev"),
        ("destroy.yml", "destroy-production", "apply-production"),
        ("drift.yml", "drift", "plan-dev"),
        ("drift.yml", "drift", "plan-production"),
        ("night.yml", "campaigns", "apply-dev"),
        ("plan.yml", "plan", "plan-dev"),
    }
    for file, job, subjects, role in asked:
        for subject in subjects:
            assert role in takers(plan, {"aud": "sts.amazonaws.com", "sub": subject}), (file, job)


def test_no_job_without_an_environment_can_apply(plan: dict[str, Any]) -> None:
    for file, job, subjects, _ in assumptions():
        for subject in subjects:
            applied = {role for role in takers(plan, {"aud": "sts.amazonaws.com", "sub": subject}) if "apply" in role}
            assert applied <= {f"apply-{subject.rpartition(':')[2]}"}, (file, job)


def test_only_jobs_that_assume_a_role_or_sign_get_a_token() -> None:
    assuming = {(file, job) for file, job, _, _ in assumptions()}
    for file in sorted(WORKFLOWS.glob("*.yml")):
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {}, file.name
        for name, job in workflow["jobs"].items():
            has_token = job.get("permissions", {}).get("id-token") == "write"
            signs = any("attest" in step.get("uses", "") for step in job["steps"])
            assert has_token == ((file.name, name) in assuming or signs), (file.name, name)


def test_a_job_that_changes_an_environment_is_never_cancelled() -> None:
    for file in sorted(WORKFLOWS.glob("*.yml")):
        for name, job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].items():
            if environment := job.get("environment"):
                expected = {"group": f"deploy-{environment}", "cancel-in-progress": False}
                assert job["concurrency"] == expected, (file.name, name)
