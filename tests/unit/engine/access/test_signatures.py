"""Signatures against those of botocore, which signs for every Python program that calls AWS."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.engine.access.signatures import Head, derive_key, is_signed, read_claim
from model.engine.personalize.errors import IncompleteSignatureError, MissingAuthenticationTokenError
from tests.factories.signed_requests import BODY, KEY_ID, REGION, SECRET, TARGET, signed_head


def holds(head, body=BODY, secret=SECRET):
    claim = read_claim(head)
    return is_signed(claim, head, body, derive_key(secret, claim.scope))


def changed(head, **parts):
    named = {"method": head.method, "path": head.path, "query": head.query, "headers": head.headers, **parts}
    return Head(**named)


def with_header(head, name, value):
    return changed(head, headers=[(found, value if found == name else old) for found, old in head.headers])


def with_authorization(head, pattern, replacement):
    old = dict(head.headers)[b"authorization"]
    new = re.sub(pattern, replacement, old)
    assert new != old
    return with_header(head, b"authorization", new)


def test_what_botocore_signs_holds_and_says_who_when_and_where():
    head = signed_head()

    claim = read_claim(head)

    assert holds(head)
    assert (claim.key_id, claim.region, claim.in_query) == (KEY_ID, REGION, False)
    assert abs(claim.moment - datetime.now(UTC).timestamp()) < 60
    assert set(claim.signed) == {"content-type", "host", "x-amz-date", "x-amz-target"}


def test_what_botocore_signs_in_the_query_holds_as_well():
    head = signed_head(body=b"", in_query=True)

    claim = read_claim(head)

    assert claim.in_query
    assert holds(head, b"")
    assert not holds(head, b"{}")
    assert not holds(changed(head, query=head.query.replace(b"X-Amz-Expires=3600", b"X-Amz-Expires=3601")), b"")


@given(
    body=st.binary(max_size=200),
    path=st.from_regex(r"/([a-zA-Z0-9._~-]|%20|%C3%A9){0,12}", fullmatch=True).filter(
        lambda path: path not in {"/.", "/.."} and not path.startswith("//")
    ),
    query=st.lists(
        st.tuples(
            st.from_regex(r"[a-zA-Z0-9~._-]{1,4}", fullmatch=True), st.sampled_from(["", "a", "%20", "%2F", "-"])
        ),
        max_size=3,
        unique_by=lambda pair: pair[0],
    ),
    value=st.text("ab \t", max_size=12).map(lambda text: f"v{text}v"),
)
@example(body=b"", path="/", query=[("a", ""), ("a0", "")], value="v")
def test_any_request_holds_as_botocore_signs_it(body, path, query, value):
    url = f"http://shop.example:8400{path}" + ("?" if query else "") + "&".join(f"{a}={b}" for a, b in query)

    head = signed_head(body=body, url=url, headers={"X-Amz-Meta": value})

    assert holds(head, body)
    assert not holds(head, body + b" ")


@pytest.mark.parametrize(
    "change",
    [
        lambda head: changed(head, method="PUT"),
        lambda head: changed(head, path=b"/events"),
        lambda head: changed(head, query=b"a=b"),
        lambda head: with_header(head, b"x-amz-target", b"AmazonPersonalize.DeleteDatasetGroup"),
        lambda head: with_header(head, b"host", b"127.0.0.1:8400"),
        lambda head: changed(head, headers=[*head.headers, (b"host", b"other.example")]),
        lambda head: changed(head, headers=[*head.headers, (b"x-amz-target", b"AmazonPersonalize.DeleteFilter")]),
        lambda head: with_authorization(head, b"eu-west-1", b"eu-west-2"),
        lambda head: with_authorization(head, b"Signature=.{8}", b"Signature=00000000"),
    ],
)
def test_a_changed_request_does_not_hold(change):
    head = signed_head()

    assert holds(head)
    assert not holds(change(head))


def test_a_changed_body_or_another_secret_does_not_hold():
    head = signed_head()

    assert not holds(head, BODY + b" ")
    assert not holds(head, secret=SECRET.lower())


def test_a_digest_that_is_stated_does_not_stand_for_the_body():
    stated = signed_head(headers={**TARGET, "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})

    assert not holds(stated)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda head: with_authorization(head, b"AWS4-HMAC-SHA256", b"AWS4-HMAC-SHA1"), "must stand once and begin"),
        (lambda head: with_authorization(head, b", Signature=.*", b""), "lacks Signature"),
        (lambda head: with_authorization(head, b"SignedHeaders=[^,]*, ", b""), "lacks SignedHeaders"),
        (lambda head: with_authorization(head, b"aws4_request", b"aws5_request"), "Credential must be KEY/YYYYMMDD"),
        (lambda head: with_authorization(head, b"personalize", b"kinesis"), "scoped to the service personalize"),
        (lambda head: with_authorization(head, b"Signature=.{8}", b"Signature="), "64 hexadecimal digits"),
        (lambda head: with_authorization(head, rb"/\d{8}/", b"/20200101/"), "is not that of X-Amz-Date"),
        (lambda head: with_authorization(head, b"host;", b""), "SignedHeaders lacks host"),
        (lambda head: with_authorization(head, b";x-amz-target", b""), "SignedHeaders lacks x-amz-target"),
        (lambda head: with_authorization(head, b"host;", b"host;te;"), "lacks the signed header te"),
        (lambda head: with_authorization(head, b"host;", b"HOST;"), "in lower case"),
        (lambda head: with_header(head, b"x-amz-date", b"2026-11-21"), "must look like"),
        (lambda head: with_header(head, b"x-amz-date", b"20261121T9999Z"), "must look like"),
        (lambda head: changed(head, headers=[*head.headers, (b"x-amz-date", b"")]), "X-Amz-Date must stand once"),
        (lambda head: changed(head, headers=[*head.headers, (b"authorization", b"")]), "must stand once"),
        (lambda head: changed(head, headers=[*head.headers, (b"x-amz-meta", b"")]), "SignedHeaders lacks x-amz-meta"),
        (lambda head: changed(head, query=b"X-Amz-Signature=0"), "another one in its query"),
    ],
)
def test_a_malformed_signature_is_refused_with_what_is_wrong(change, message):
    head = change(signed_head())

    with pytest.raises(IncompleteSignatureError, match=message):
        read_claim(head)


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (b"X-Amz-Expires=3600", b"X-Amz-Expires=604801", "X-Amz-Expires must be 1 to 604800"),
        (b"X-Amz-Expires=3600", b"X-Amz-Expires=0", "X-Amz-Expires must be"),
        (b"X-Amz-Expires=3600", b"X-Amz-Expires=x", "X-Amz-Expires must be"),
        (b"X-Amz-Expires=3600&", b"", "the query lacks X-Amz-Expires"),
        (b"HMAC-SHA256", b"HMAC-SHA1", "X-Amz-Algorithm must be"),
        (b"$", b"&X-Amz-Date=20261121T000000Z", "stands twice"),
    ],
)
def test_a_malformed_signature_in_the_query_is_refused(pattern, replacement, message):
    head = signed_head(body=b"", in_query=True)

    with pytest.raises(IncompleteSignatureError, match=message):
        read_claim(changed(head, query=re.sub(pattern, replacement, head.query)))


def test_a_request_without_a_signature_is_refused():
    with pytest.raises(MissingAuthenticationTokenError, match="is not signed"):
        read_claim(Head("POST", b"/", b"", [(b"host", b"127.0.0.1")]))
