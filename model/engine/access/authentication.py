"""Authentication: any program of this machine on loopback, or requests that are signed with a configured key."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from model.engine.access.replays import UsedSignatures
from model.engine.access.signatures import Claim, Head, derive_key, is_signed, read_claim
from model.engine.personalize import limits
from model.engine.personalize.arns import Caller, caller_of
from model.engine.personalize.errors import (
    AccessDeniedError,
    InvalidSignatureError,
    RequestExpiredError,
    UnrecognizedClientError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCESS_KEY_ID = re.compile(r"\w+", re.ASCII)
ACCOUNT = re.compile(r"\d{12}", re.ASCII)
KEPT_SIGNING_KEYS = 64  # one per key, day and region
# The SDKs sign this header, or add it unsigned; it differs between any two calls.
INVOCATION_ID = "amz-sdk-invocation-id"


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret of an access key id, and the account (twelve digits) whose resources it gives access to."""

    secret: str
    account: str


class KeysError(Exception):
    """The configured keys cannot be used; the message states the reason and holds no secret."""


@dataclass(frozen=True)
class Admission:
    """The checked head of a request, whose body is still to come; `claim` is None on loopback."""

    head: Head
    claim: Claim | None = None


class AnyoneOnLoopback:
    """Accepts every request of this machine's programs, signed or not, and none that a web page can cause.

    A page of any site can make the browser post to 127.0.0.1, or resolve its own name to it. The browser then sends
    the name in `Origin` and `Host`. A request without a signature has the account and region of `default`.
    """

    is_closed = False

    def __init__(self, default: Caller) -> None:
        self._default = default

    def admit(self, head: Head, now: float) -> Admission:  # noqa: ARG002 - the other class checks the time
        """Check the head of a request at `now`, in epoch seconds."""
        refuse_web_pages(head)
        return Admission(head)

    def caller(self, admission: Admission, body: bytes, now: float, *, once: bool) -> Caller:  # noqa: ARG002 - as above
        """Return the account and region of the request."""
        values = admission.head.values(b"authorization")
        return caller_of(values[0] if values else None, self._default)

    def release(self, admission: Admission, now: float) -> None:
        """Do nothing: signatures are not checked here, so none is remembered."""


class HoldersOfKeys:
    """Accepts requests that a configured key has signed, not before `since` (epoch seconds), each once."""

    is_closed = True

    def __init__(self, keys: Mapping[str, Key], since: int) -> None:
        self._keys = keys
        self._used = UsedSignatures(since)
        self._signing_keys: dict[tuple[str, str], bytes] = {}

    def admit(self, head: Head, now: float) -> Admission:
        """Check the head of a request, before its body is read, at `now`, in epoch seconds."""
        claim = read_claim(head)
        if claim.key_id not in self._keys:
            raise UnrecognizedClientError("unknown access key: ask the operator of this engine for one")
        if head.values(b"x-amz-security-token") or b"X-Amz-Security-Token=" in head.query:
            raise UnrecognizedClientError("keys of this engine have no session token: send none")
        if now > claim.moment + claim.lifetime:
            age = f"{now - claim.moment:.0f} s ago, more than {claim.lifetime} s"
            raise RequestExpiredError(f"the request was signed {age}: set the clock, or sign it again")
        if now < claim.moment - limits.SIGNATURE_SECONDS:
            raise RequestExpiredError(f"the request was signed {claim.moment - now:.0f} s from now: set the clock")
        return Admission(head, claim)

    def caller(self, admission: Admission, body: bytes, now: float, *, once: bool) -> Caller:
        """Check the signature of the whole request and return its account and region.

        Parameters
        ----------
        once : bool
            Whether a second request of the same second with the same content is a replay.

        Raises
        ------
        InvalidSignatureError
            The request was changed, signed with another secret, or sent before.
        """
        claim = admission.claim
        if claim is None:
            raise AccessDeniedError("the request was admitted without a signature")
        key = self._keys[claim.key_id]
        known = (claim.key_id, claim.scope)
        signing_key = self._signing_keys.get(known) or derive_key(key.secret, claim.scope)
        if not is_signed(claim, admission.head, body, signing_key):
            raise InvalidSignatureError(
                "the signature does not match the request: check the secret key, and whether a proxy changes requests"
            )
        if len(self._signing_keys) >= KEPT_SIGNING_KEYS:
            self._signing_keys.clear()
        self._signing_keys[known] = signing_key
        self._used.use(claim.moment, claim.signature, now, once=once or INVOCATION_ID in claim.signed)
        return Caller(key.account, claim.region)

    def release(self, admission: Admission, now: float) -> None:
        """Allow a request to be sent again unchanged, since it was refused after `caller` had accepted it."""
        if admission.claim is not None:
            self._used.release(admission.claim.moment, admission.claim.signature, now)


Door = AnyoneOnLoopback | HoldersOfKeys


def read_keys(text: str | bytes) -> dict[str, Key]:
    """Read access keys, JSON such as {"<access key id>": {"secret": "<secret key>", "account": "123456789012"}}."""
    try:
        keys = msgspec.json.decode(text, type=dict[str, Key])
    except msgspec.DecodeError:
        # The message of the decoder might repeat a part of a secret.
        raise KeysError('the keys must be JSON like {"<id>": {"secret": "…", "account": "123456789012"}}') from None
    if not keys:
        raise KeysError("at least one key is required")
    least, most = limits.ACCESS_KEY_ID_LENGTHS
    for number, (key_id, key) in enumerate(keys.items(), start=1):
        if not (least <= len(key_id) <= most and ACCESS_KEY_ID.fullmatch(key_id)):
            raise KeysError(f"the id of key {number} must be {least} to {most} letters, digits and underscores")
        if len(key.secret) < limits.SECRET_LENGTH:
            raise KeysError(f"the secret of key {number} must have {limits.SECRET_LENGTH} characters at least")
        if ACCOUNT.fullmatch(key.account) is None:
            raise KeysError(f"the account of key {number} must have 12 digits")
    return keys


def is_loopback(host: str) -> bool:
    """Return whether a host without port is this machine's loopback, which no other machine can reach."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_web_pages(head: Head) -> None:
    """Refuse a request that a web page made a browser of this machine send."""
    hosts = head.values(b"host")
    if len(hosts) != 1 or not _names_loopback(b"//" + hosts[0]):
        raise AccessDeniedError("on loopback the header Host must be a loopback name, such as 127.0.0.1 or localhost")
    if not all(_names_loopback(origin) for origin in head.values(b"origin")):
        raise AccessDeniedError("the request comes from a web page of another site")


@lru_cache(maxsize=64)
def _names_loopback(url: bytes) -> bool:
    try:
        return is_loopback(urlsplit(url.decode("latin-1")).hostname or "")
    except ValueError:
        return False
