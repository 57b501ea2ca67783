"""The keys of callers, as they are stored: never the key, only its SHA-256."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta  # noqa: TC003 - the structs need their fields' types

import msgspec

from backend.contract.access.roles import PAGE_ROLES, PRODUCERS, ROLES, Producer, Role

PREFIX = "rivulet_"
"""The first characters of every key, by which scanners for secrets can find one."""

KEY_BYTES = 32
MOST_VERSIONS = 2
"""A name has one key, or two while it is rotated."""

MOST_ORIGINS = 20

DISTRIBUTION = "distribution"
"""The name of the key that the shop's distribution sends: Terraform makes it, and it has a usage plan of its own."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_NEW_ORIGIN = re.compile(rf"(?P<scheme>https?)://{_LABEL}(\.{_LABEL})*(:(?P<port>[1-9][0-9]{{0,4}}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MOST_PORT = 65535


class InvalidKeyError(ValueError):
    """The settings of a key break a rule; the message has the rule and the value."""


class KeyVersion(msgspec.Struct, frozen=True):
    """One key of a name.

    Attributes
    ----------
    sha256
        Digest of the key, in hexadecimal digits.
    expires_at
        From then on the key is refused; None for no end.
    """

    sha256: str
    created_at: datetime
    expires_at: datetime | None = None


class Key(msgspec.Struct, frozen=True):
    """A name with its roles and its one or two keys.

    Attributes
    ----------
    origins
        The origins of the pages that may send it, as https://host; without any, requests of every origin are accepted.
    """

    name: str
    roles: tuple[Role, ...]
    producer: Producer
    origins: tuple[str, ...]
    versions: tuple[KeyVersion, ...]
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse settings that break a rule."""
        _check(self)

    def valid_versions(self, now: datetime) -> list[KeyVersion]:
        """Return the keys that are neither revoked nor expired."""
        if self.revoked_at is not None:
            return []
        return [version for version in self.versions if version.expires_at is None or now < version.expires_at]

    def rotated(self, sha256: str, now: datetime, overlap: timedelta, lifetime: timedelta | None = None) -> Key:
        """Return the name with a further key; the present one expires after the overlap, if not before.

        Parameters
        ----------
        lifetime
            Until the further key expires; by default it has the end of the present one.
        """
        valid = self.valid_versions(now)
        if not valid:
            raise InvalidKeyError(f"{self.name} is revoked or expired: create it again")
        if len(valid) == MOST_VERSIONS:
            raise InvalidKeyError(f"{self.name} is being rotated: its older key expires at {valid[0].expires_at}")
        [present] = valid
        further = KeyVersion(sha256, now, present.expires_at if lifetime is None else now + lifetime)
        end = now + overlap
        present = msgspec.structs.replace(present, expires_at=min(end, present.expires_at or end))
        return msgspec.structs.replace(self, versions=(present, further))

    def state(self, now: datetime) -> str:
        """Return the state in one word: valid, rotating, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return ["expired", "valid", "rotating"][len(self.valid_versions(now))]


def new_key() -> str:
    """Return a new key of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(KEY_BYTES)


def sha256_of(key: str) -> str:
    """Return the digest by which a key is stored; the key is random, so that it needs no salt."""
    return hashlib.sha256(key.encode()).hexdigest()


def write_key(key: Key) -> str:
    """Return a key as JSON."""
    return msgspec.json.encode(key).decode()


def read_key(text: str) -> Key:
    """Return the key of a JSON text; `InvalidKeyError` where it is not one that `write_key` returned."""
    try:
        return msgspec.json.decode(text, type=Key)
    except msgspec.MsgspecError as error:
        raise InvalidKeyError(f"the stored key is not readable: {error}") from error


def _check(key: Key) -> None:
    if not _NAME.fullmatch(key.name):
        raise InvalidKeyError(f"{key.name!r} is no name of a key: a letter, then up to 39 of a-z, 0-9 and -")
    if key.producer not in PRODUCERS:
        raise InvalidKeyError(f"{key.producer!r} is no producer: {' or '.join(PRODUCERS)}")
    if not key.roles:
        raise InvalidKeyError(f"{key.name} has no role: {', '.join(ROLES)}")
    for role in key.roles:
        if role not in ROLES:
            raise InvalidKeyError(f"{role!r} is no role: {', '.join(ROLES)}")
        if key.producer == "page" and role not in PAGE_ROLES:
            raise InvalidKeyError(f"the key of a page, which everyone can read, cannot have the role {role}")
    _check_origins(key)


def _check_origins(key: Key) -> None:
    if key.origins and key.producer != "page":
        raise InvalidKeyError(f"the key {key.name} of a server cannot have origins, which only pages send")
    if len(key.origins) > MOST_ORIGINS:
        raise InvalidKeyError(f"{len(key.origins)} origins are too many: a key has {MOST_ORIGINS} at most")
    for origin in key.origins:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidKeyError(f"{origin!r} is no origin: scheme and host in lower case, as https://shop.example")


def checked_origin(text: str) -> str:
    """Return the origin of a new key as browsers send it, without a default port; `InvalidKeyError`.

    https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
    """
    matched = _NEW_ORIGIN.fullmatch(text)
    if matched is None or int(matched["port"] or 1) > _MOST_PORT:
        raise InvalidKeyError(
            f"{text!r} is no origin: scheme, host in lower case and a port if it has one, as https://shop.example"
        )
    return text.removesuffix(f":{_DEFAULT_PORTS[matched['scheme']]}")
