"""Verification of AWS Signature Version 4 (IAM user guide, "AWS Signature Version 4 for API requests").

The signature is in the header `Authorization` or in the query (`X-Amz-Signature`). `read_claim` parses what the head of
a request claims; `is_signed` verifies the claim with the secret of the key. Decision 0013 has the reason for own code.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from model.engine.personalize import limits
from model.engine.personalize.errors import IncompleteSignatureError, MissingAuthenticationTokenError

if TYPE_CHECKING:
    from collections.abc import Sequence

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "personalize"  # all three services sign with this name
TERMINATION = "aws4_request"
UNRESERVED = "-_.~"  # beside letters and digits, what RFC 3986 leaves as it is

CREDENTIAL = re.compile(rf"(\w{{1,128}})/(\d{{8}})/([a-z0-9-]{{1,32}})/([a-z0-9-]{{1,32}})/{TERMINATION}", re.ASCII)
SIGNATURE = re.compile(r"[0-9a-f]{64}")
SIGNED_HEADERS = re.compile(r"[a-z0-9-]{1,64}(;[a-z0-9-]{1,64}){0,63}")
DATE = "%Y%m%dT%H%M%SZ"
HEADER_PARTS = frozenset({"Credential", "SignedHeaders", "Signature"})
SIGNATURE_IN_QUERY = b"X-Amz-Signature"
QUERY_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders")


@dataclass(frozen=True)
class Head:
    """The head of a request, as it came.

    Attributes
    ----------
    path : bytes
        As sent, without the query.
    headers : sequence of (name, value)
        Names in lower case; a name may stand more than once.
    """

    method: str
    path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]

    def values(self, name: bytes) -> list[bytes]:
        """Return all values of a header, in their order."""
        return [value for header, value in self.headers if header == name]


@dataclass(frozen=True)
class Claim:
    """What a request claims about its signature, before it is verified.

    Attributes
    ----------
    date : str
        When it was signed, in the format of requests, such as 20261121T130541Z.
    moment : int
        The same in epoch seconds.
    lifetime : int
        Seconds from then on in which it may be used.
    signature : bytes
        32 of them.
    """

    key_id: str
    region: str
    date: str
    moment: int
    lifetime: int
    signed: tuple[str, ...]
    signature: bytes
    in_query: bool

    @property
    def scope(self) -> str:
        """Day, region and service that the key was derived for."""
        return f"{self.date[:8]}/{self.region}/{SERVICE}/{TERMINATION}"


def read_claim(head: Head) -> Claim:
    """Parse the signature of a request.

    Raises
    ------
    MissingAuthenticationTokenError
        There is none.
    IncompleteSignatureError
        A part is missing or malformed, or a header that matters is not covered.
    """
    authorization = head.values(b"authorization")
    query = _pairs(head.query)
    if any(name == SIGNATURE_IN_QUERY for name, _ in query):
        if authorization:
            raise IncompleteSignatureError("the request has a signature in its header and another one in its query")
        claim = _from_query(query)
    elif authorization:
        claim = _from_header(authorization, head.values(b"x-amz-date"))
    else:
        raise MissingAuthenticationTokenError(
            "the request is not signed: sign it with Signature Version 4 and an access key of this engine"
        )
    _check_coverage(claim, head)
    return claim


def is_signed(claim: Claim, head: Head, body: bytes, signing_key: bytes) -> bool:
    """Return whether the claimed signature is a key's signature of this head and body."""
    # X-Amz-Content-SHA256 is not trusted: the digest is always computed from the body.
    canonical = canonical_request(claim, head, hashlib.sha256(body).hexdigest())
    to_sign = "\n".join((ALGORITHM, claim.date, claim.scope, hashlib.sha256(canonical).hexdigest()))
    return hmac.compare_digest(hmac.digest(signing_key, to_sign.encode(), "sha256"), claim.signature)


def derive_key(secret: str, scope: str) -> bytes:
    """Return the key that a secret makes for a scope, such as "20261121/eu-west-1/personalize/aws4_request"."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def canonical_request(claim: Claim, head: Head, body_digest: str) -> bytes:
    """Return the canonical request, which both sides sign; the digest of the body is a hexadecimal SHA-256."""
    # By name, then by value: sorted with its equals sign, a name would come after one that it begins.
    pairs = sorted(
        (quote(name, safe=UNRESERVED), quote(value, safe=UNRESERVED))
        for name, value in _pairs(head.query)
        if not (claim.in_query and name == SIGNATURE_IN_QUERY)
    )
    query = "&".join(f"{name}={value}" for name, value in pairs)
    lines = [head.method.encode(), quote(head.path, safe=f"/{UNRESERVED}").encode(), query.encode()]
    for name in claim.signed:
        values = (b" ".join(value.split()) for value in head.values(name.encode()))
        lines.append(name.encode() + b":" + b",".join(values))
    lines += [b"", ";".join(claim.signed).encode(), body_digest.encode()]
    return b"\n".join(lines)


def _from_header(authorization: list[bytes], dates: list[bytes]) -> Claim:
    text = authorization[0].decode("latin-1")
    algorithm, _, rest = text.partition(" ")
    if len(authorization) > 1 or algorithm != ALGORITHM:
        raise IncompleteSignatureError(f"the header Authorization must stand once and begin with {ALGORITHM}")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = sorted(HEADER_PARTS - parts.keys())
    if missing:
        raise IncompleteSignatureError(f"the header Authorization lacks {' and '.join(missing)}")
    if len(dates) != 1:
        raise IncompleteSignatureError("the header X-Amz-Date must stand once")
    return _claim(parts, dates[0].decode("latin-1"), limits.SIGNATURE_SECONDS, in_query=False)


def _from_query(query: list[tuple[bytes, bytes]]) -> Claim:
    parts = {name.decode("latin-1"): value.decode("latin-1") for name, value in query}
    if len(parts) < len(query):
        raise IncompleteSignatureError("a parameter stands twice in the query")
    missing = [name for name in QUERY_PARTS if name not in parts]
    if missing:
        raise IncompleteSignatureError(f"the query lacks {' and '.join(missing)}")
    if parts["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteSignatureError(f"X-Amz-Algorithm must be {ALGORITHM}")
    expires = parts["X-Amz-Expires"]
    if not (expires.isascii() and expires.isdigit() and 1 <= int(expires[:7]) <= limits.PRESIGNED_SECONDS):
        raise IncompleteSignatureError(f"X-Amz-Expires must be 1 to {limits.PRESIGNED_SECONDS}")
    short = {name: parts[f"X-Amz-{name}"] for name in HEADER_PARTS}
    # Used signatures are recorded no longer than this, so none may be valid for longer.
    lifetime = min(int(expires), limits.SIGNATURE_SECONDS)
    return _claim(short, parts["X-Amz-Date"], lifetime, in_query=True)


def _claim(parts: dict[str, str], date: str, lifetime: int, *, in_query: bool) -> Claim:
    credential = CREDENTIAL.fullmatch(parts["Credential"])
    if credential is None:
        raise IncompleteSignatureError(f"Credential must be KEY/YYYYMMDD/REGION/{SERVICE}/{TERMINATION}")
    key_id, day, region, service = credential.groups()
    if service != SERVICE:
        raise IncompleteSignatureError(f"Credential must be scoped to the service {SERVICE}, not {service}")
    if SIGNATURE.fullmatch(parts["Signature"]) is None:
        raise IncompleteSignatureError("Signature must have 64 hexadecimal digits")
    if SIGNED_HEADERS.fullmatch(parts["SignedHeaders"]) is None:
        raise IncompleteSignatureError("SignedHeaders must be names in lower case with semicolons between them")
    moment = _moment(date)
    if date[:8] != day:
        raise IncompleteSignatureError("the day of Credential is not that of X-Amz-Date")
    signed = tuple(parts["SignedHeaders"].split(";"))
    return Claim(key_id, region, date, moment, lifetime, signed, bytes.fromhex(parts["Signature"]), in_query)


@lru_cache(maxsize=64)
def _moment(date: str) -> int:
    try:
        moment = datetime.strptime(date, DATE).replace(tzinfo=UTC)
    except ValueError:
        moment = None
    # The parser also accepts numbers without leading zeros, which no client signs.
    if moment is None or moment.strftime(DATE) != date:
        raise IncompleteSignatureError("X-Amz-Date must look like 20261121T130541Z")
    return int(moment.timestamp())


def _check_coverage(claim: Claim, head: Head) -> None:
    signed = set(claim.signed)
    present = {name.decode("latin-1") for name, _ in head.headers}
    # X-Amz-Target selects the operation: an unsigned header could have been changed on the way.
    needed = {"host"} | {name for name in present if name.startswith("x-amz-")}
    if not needed <= signed:
        raise IncompleteSignatureError(f"SignedHeaders lacks {' and '.join(sorted(needed - signed))}")
    if not signed <= present:
        raise IncompleteSignatureError(f"the request lacks the signed header {min(signed - present)}")


def _pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    if not query:
        return []
    pairs = (part.partition(b"=")[::2] for part in query.split(b"&"))
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, value in pairs]
