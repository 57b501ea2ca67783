"""The keys of the API in Parameter Store, which has their SHA-256 only."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from backend.contract.access.keys import (
    DISTRIBUTION,
    InvalidKeyError,
    Key,
    KeyVersion,
    checked_origin,
    new_key,
    read_key,
    sha256_of,
    write_key,
)
from backend.contract.access.roles import ROLES
from deployment.keys.changes import sole_change
from deployment.terraform import PROJECT_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from backend.contract.access.roles import Producer, Role

_TEMPORARY = timedelta(hours=1)
_CANARY = "canary"

FUNCTIONS = (_CANARY,)
"""The functions that call the API with a key of their own."""


class KeyNotFoundError(Exception):
    """No key has the name."""


@dataclass(frozen=True)
class Keys:
    """The keys of an environment.

    Parameters
    ----------
    ssm
        Client of Parameter Store, with the permissions of who makes keys.
    """

    ssm: Any
    environment: str

    def all(self) -> tuple[list[Key], list[str]]:
        """Return every key, also expired and revoked ones, by name, and why which parameters hold none."""
        pages = self.ssm.get_paginator("get_parameters_by_path").paginate(Path=self._path(), WithDecryption=True)
        keys, errors = [], []
        for parameter in (parameter for page in pages for parameter in page["Parameters"]):
            try:
                keys.append(_read(parameter))
            except InvalidKeyError as error:
                errors.append(str(error))
        return keys, errors

    def valid(self, name: str) -> list[KeyVersion]:
        """Return the keys of a name that work."""
        key = self._find(name)
        return [] if key is None else key.valid_versions(datetime.now(UTC))

    def create(
        self,
        name: str,
        roles: Sequence[Role],
        producer: Producer = "server",
        origins: Sequence[str] = (),
        lifetime: timedelta | None = None,
    ) -> str:
        """Store a new key and return it; `InvalidKeyError` where a rule is broken, or a valid key has the name."""
        _refuse_distribution(name)
        now = datetime.now(UTC)
        made = new_key()
        version = KeyVersion(sha256_of(made), now, None if lifetime is None else now + lifetime)
        # In the order of the table, so that the first role is the same however the roles were given.
        ordered = tuple(role for role in ROLES if role in roles) + tuple(role for role in roles if role not in ROLES)
        key = Key(name, ordered, producer, tuple(map(checked_origin, origins)), (version,))
        with self._changing(name):
            stored = self._find(name)
            if stored is not None and stored.valid_versions(now):
                raise InvalidKeyError(f"{name} exists already: rotate it, or revoke it first")
            self._put(self._path(name), write_key(key), is_new=stored is None)
        return made

    def rotate(self, name: str, overlap: timedelta, lifetime: timedelta | None = None) -> tuple[str, datetime | None]:
        """Store a further key of a name and return it with its end; the present one expires after the overlap.

        Parameters
        ----------
        lifetime
            Until the new key expires; by default it ends when the present one would have.
        """
        _refuse_distribution(name)
        made = new_key()
        with self._changing(name):
            key = self._get(name).rotated(sha256_of(made), datetime.now(UTC), overlap, lifetime)
            self._put(self._path(name), write_key(key), is_new=False)
        return made, key.versions[-1].expires_at

    def revoke(self, name: str) -> None:
        """Refuse every key of a name from now on."""
        with self._changing(name):
            key = msgspec.structs.replace(self._get(name), revoked_at=datetime.now(UTC))
            self._put(self._path(name), write_key(key), is_new=False)

    def hand_to_function(self, name: str, key: str) -> None:
        """Store a key itself, encrypted, for the function that calls the API with it and alone may read it."""
        self._put(f"/{PROJECT_NAME}/{self.environment}/secrets/{name}", key, is_new=False)

    @contextmanager
    def temporary(self, name: str, roles: Sequence[Role]) -> Iterator[str]:
        """Make a key for the duration of a check; it expires by itself, should it not be removed."""
        path = self._path(name)
        self.ssm.delete_parameters(Names=[path])
        try:
            yield self.create(name, roles, lifetime=_TEMPORARY)
        finally:
            self.ssm.delete_parameters(Names=[path])

    def _get(self, name: str) -> Key:
        key = self._find(name)
        if key is None:
            known = ", ".join(key.name for key in self.all()[0]) or "none"
            raise KeyNotFoundError(f"no key is named {name}; there are: {known}")
        return key

    def _find(self, name: str) -> Key | None:
        found = self.ssm.get_parameters(Names=[self._path(name)], WithDecryption=True)["Parameters"]
        return _read(found[0]) if found else None

    def _changing(self, name: str) -> AbstractContextManager[None]:
        # Below the name's own parameter, where neither the authoriser nor `all` reads.
        return sole_change(self.ssm, f"{self._path(name)}/change", self._tags())

    def _tags(self) -> list[dict[str, str]]:
        stack = f"{PROJECT_NAME}-{self.environment}"
        tags = {"Project": PROJECT_NAME, "Environment": self.environment, "Stack": stack}
        return [{"Key": name, "Value": text} for name, text in tags.items()]

    def _put(self, parameter: str, value: str, *, is_new: bool) -> None:
        # Parameter Store refuses tags where it overwrites.
        given: dict[str, Any] = {"Tags": self._tags()} if is_new else {"Overwrite": True}
        key_id = f"alias/{PROJECT_NAME}-{self.environment}"
        self.ssm.put_parameter(Name=parameter, Value=value, Type="SecureString", KeyId=key_id, **given)

    def _path(self, name: str = "") -> str:
        return f"/{PROJECT_NAME}/{self.environment}/keys" + (f"/{name}" if name else "")


def ensure_canary(keys: Keys) -> None:
    """Make the key of the canary and store it for its function, unless it has a valid one."""
    if not keys.valid(_CANARY):
        keys.hand_to_function(_CANARY, keys.create(_CANARY, ["events:write", "read:visitor"]))


def _refuse_distribution(name: str) -> None:
    if name == DISTRIBUTION:
        raise InvalidKeyError(
            f"Terraform makes the key {name}: increase key_generation of the variable shop by one, and apply"
        )


def _read(parameter: dict[str, Any]) -> Key:
    try:
        return read_key(parameter["Value"])
    except InvalidKeyError as error:
        name = parameter["Name"]
        raise InvalidKeyError(
            f"{name} holds no key, and is refused: {error}; remove it by aws ssm delete-parameter --name {name}"
        ) from None
