"""Parameter Store with the keys of the API, in memory."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING, Any, Self

from tests.fakes.faults import Faults, client_error, played

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PER_PAGE = 10
MOST_CHARACTERS = 4096


class FakeKeyParameters:
    """Parameters by name, with the limits that Parameter Store documents."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.tags: dict[str, Any] = {}
        self.keys: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.reads = 0
        self.call_seconds = 0.0
        self.faults = Faults()

    def get_paginator(self, operation: str) -> Self:
        assert operation == "get_parameters_by_path"
        return self

    def paginate(self, *, Path: str, WithDecryption: bool = False) -> Iterator[dict[str, Any]]:
        self.reads += 1
        names = sorted(name for name in self.values if name.rpartition("/")[0] == Path)
        for start in range(0, max(len(names), 1), MOST_PER_PAGE):
            yield self.get_parameters_by_path(names=names[start : start + MOST_PER_PAGE], decrypted=WithDecryption)

    @played
    def get_parameters_by_path(self, *, names: list[str], decrypted: bool) -> dict[str, Any]:
        return {"Parameters": [self._parameter(name, decrypted=decrypted) for name in names]}

    @played
    def get_parameters(self, *, Names: list[str], WithDecryption: bool = False) -> dict[str, Any]:
        sleep(self.call_seconds)
        return {
            "Parameters": [self._parameter(name, decrypted=WithDecryption) for name in Names if name in self.values]
        }

    @played
    def put_parameter(
        self, *, Name: str, Value: str, Type: str, KeyId: str = "", Overwrite: bool = False, Tags: Any = None
    ) -> dict[str, Any]:
        assert (Type, bool(KeyId)) == (("String", False) if Name.endswith("/change") else ("SecureString", True))
        sleep(self.call_seconds)
        if Name in self.values and not Overwrite:
            raise client_error("ParameterAlreadyExists", 400)
        if len(Value) > MOST_CHARACTERS or (Overwrite and Tags):
            raise client_error("ValidationException", 400)
        self.values[Name] = Value
        self.versions[Name] = self.versions.get(Name, 0) + 1
        if KeyId:
            self.keys[Name] = KeyId
        self.tags.setdefault(Name, Tags)
        return {"Version": self.versions[Name]}

    @played
    def delete_parameters(self, *, Names: list[str]) -> dict[str, Any]:
        for name in Names:
            self.versions.pop(name, None)
        return {"DeletedParameters": [name for name in Names if self.values.pop(name, None) is not None]}

    def _parameter(self, name: str, *, decrypted: bool) -> dict[str, Any]:
        value = self.values[name] if decrypted or name not in self.keys else "encrypted"
        return {"Name": name, "Value": value, "Version": self.versions.get(name, 1)}
