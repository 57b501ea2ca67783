"""The evaluation of IAM policies that the tests of the roles rely on."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.iam import UnsupportedPolicyError, is_allowed, may_assume

BUCKET = "arn:aws:s3:::lake"
ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "kms:Decrypt"])
PATTERNS = st.sampled_from(["*", "s3:*", "s3:*Object", "S3:getobject", "kms:Decrypt", "s3:?etObject"])
RESOURCES = st.sampled_from([BUCKET, f"{BUCKET}/raw/events", "arn:aws:kms:eu-central-1:1:key/1"])
RESOURCE_PATTERNS = st.sampled_from(["*", "arn:aws:s3:::*", f"{BUCKET}/*", BUCKET, "arn:aws:kms:*:1:key/*"])


@st.composite
def statements(draw: st.DrawFn, effects: st.SearchStrategy[str] = st.sampled_from(["Allow", "Deny"])) -> dict[str, Any]:  # noqa: B008
    return {
        "Effect": draw(effects),
        draw(st.sampled_from(["Action", "NotAction"])): draw(st.lists(PATTERNS, min_size=1, max_size=3)),
        draw(st.sampled_from(["Resource", "NotResource"])): draw(st.lists(RESOURCE_PATTERNS, min_size=1, max_size=3)),
    }


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(effect: str = "Allow", action: Any = "s3:*", resource: Any = "*", **rest: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **rest}


def condition_holds(operator: str, expected: Any, **context: Any) -> bool:
    document = policy(statement(Condition={operator: {"key": expected}}))
    return is_allowed("s3:GetObject", BUCKET, [document], context=context)


@given(st.lists(statements(), max_size=4), ACTIONS, RESOURCES)
def test_the_order_and_grouping_of_statements_do_not_matter(
    documents: list[dict[str, Any]], action: str, resource: str
) -> None:
    together = is_allowed(action, resource, [policy(*documents)])

    assert is_allowed(action, resource, [policy(each) for each in reversed(documents)]) == together


@given(st.lists(statements(), max_size=4), ACTIONS, RESOURCES)
def test_a_further_denial_never_allows_and_denying_everything_denies(
    documents: list[dict[str, Any]], action: str, resource: str
) -> None:
    before = is_allowed(action, resource, [policy(*documents)])

    for denial in (statement("Deny", "s3:*", f"{BUCKET}/*"), statement("Deny", "*")):
        assert is_allowed(action, resource, [policy(*documents, denial)]) <= before
    assert not is_allowed(action, resource, [policy(*documents, statement("Deny", "*"))])


@given(st.lists(statements(), max_size=3), st.lists(statements(), max_size=3), ACTIONS, RESOURCES)
def test_a_boundary_and_a_policy_must_both_allow(
    own: list[dict[str, Any]], bounds: list[dict[str, Any]], action: str, resource: str
) -> None:
    allowed = [is_allowed(action, resource, [policy(*documents)]) for documents in (own, bounds)]

    assert is_allowed(action, resource, [policy(*own)], boundary=policy(*bounds)) == all(allowed)


@given(PATTERNS, ACTIONS)
def test_notaction_matches_exactly_what_action_does_not(pattern: str, action: str) -> None:
    named = is_allowed(action, BUCKET, [policy(statement(action=pattern))])
    negated = {"Effect": "Allow", "NotAction": pattern, "Resource": "*"}

    assert is_allowed(action, BUCKET, [policy(negated)]) is not named


@given(st.text("ab:/*?", max_size=8), st.text("ab:/", max_size=8))
def test_wildcards_match_as_a_shell_matches_them(pattern: str, value: str) -> None:
    assert condition_holds("StringLike", pattern, key=value) == fnmatch.fnmatchcase(value, pattern)


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lake/raw/events", True),
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lake", False),
        (
            "arn:aws:logs:eu-central-1:1:log-group:/aws/*",
            "arn:aws:logs:eu-central-1:1:log-group:/aws/a:log-stream:b",
            True,
        ),
        ("arn:aws:lambda:*:1:function:a", "arn:aws:lambda:eu-central-1:2:function:a", False),
        ("arn:aws:lambda:*:function:a", "arn:aws:lambda:eu-central-1:1:function:a", False),
        ("arn:aws:lambda:*", "arn:aws:lambda:eu-central-1:1:function:a", None),
        ("arn:aws:s3:::*", "*", False),
    ],
)
def test_a_wildcard_stays_within_its_part_of_the_arn(pattern: str, resource: str, expected: bool | None) -> None:
    document = policy(statement(action="*", resource=pattern))
    if expected is None:
        with pytest.raises(UnsupportedPolicyError):
            is_allowed("s3:GetObject", resource, [document])
    else:
        assert is_allowed("s3:GetObject", resource, [document]) is expected


@pytest.mark.parametrize(
    ("operator", "expected", "value", "holds", "holds_without"),
    [
        ("StringEquals", "a", "a", True, False),
        ("StringEquals", ["a", "b"], "b", True, False),
        ("StringEquals", "a*", "ab", False, False),
        ("StringEqualsIfExists", "a", "b", False, True),
        ("StringNotEquals", "a", "b", True, True),
        ("StringNotEquals", ["a", "b"], "b", False, True),
        ("StringLike", "a*", "ab", True, False),
        ("ArnLike", "arn:aws:s3:::a*", "arn:aws:s3:::ab", True, False),
        ("Bool", "false", "False", True, False),
        ("Null", "true", "a", False, True),
        ("Null", "false", "a", True, False),
        ("NumericLessThan", "1.2", "1.1", True, False),
        ("NumericLessThan", "1.2", "1.2", False, False),
        ("ForAnyValue:StringEquals", "a", ["b", "a"], True, False),
        ("ForAnyValue:StringEquals", "a", ["b"], False, False),
        ("ForAllValues:StringEquals", "a", ["a", "b"], False, True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True, True),
    ],
)
def test_operators(operator: str, expected: Any, value: Any, holds: bool, holds_without: bool) -> None:
    assert condition_holds(operator, expected, key=value) is holds
    assert condition_holds(operator, expected, KEY=value) is holds
    assert condition_holds(operator, expected) is holds_without


@pytest.mark.parametrize(
    "document",
    [
        policy(statement(Condition={"DateLessThan": {"aws:CurrentTime": "2026-01-01"}})),
        policy(statement(Condition={"ForAllValues:StringNotEquals": {"key": "a"}})),
        policy(statement(Condition={"StringLike": {"key": "${aws:username}"}})),
        policy(statement(Sid="A", Surprise="B")),
        policy(statement(effect="Maybe")),
        policy(statement(Condition={"Bool": {"absent": "true"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
    ],
)
def test_what_is_not_implemented_raises(document: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedPolicyError):
        is_allowed("s3:GetObject", BUCKET, [document], context={"key": "a", "aws:CurrentTime": "2026-01-01"})


def test_a_key_of_several_values_needs_a_quantifier() -> None:
    with pytest.raises(UnsupportedPolicyError):
        condition_holds("StringEquals", "a", key=["a"])


def test_a_trust_policy_names_its_principal_and_action() -> None:
    trust = policy(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["lambda.amazonaws.com"]},
            "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
        }
    )
    context = {"aws:SourceAccount": "1"}

    assert may_assume(trust, {"Service": "lambda.amazonaws.com"}, "sts:AssumeRole", context)
    assert not may_assume(trust, {"Service": "glue.amazonaws.com"}, "sts:AssumeRole", context)
    assert not may_assume(trust, {"AWS": "lambda.amazonaws.com"}, "sts:AssumeRole", context)
    assert not may_assume(trust, {"Service": "lambda.amazonaws.com"}, "sts:TagSession", context)
    assert not may_assume(trust, {"Service": "lambda.amazonaws.com"}, "sts:AssumeRole", {})
