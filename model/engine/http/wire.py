"""Checks requests and shapes answers by botocore's service models.

boto3 checks required members, types and minima, but neither maxima nor patterns; here every constraint of the model is
checked. Members that the model does not have are ignored, as AWS does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
import msgspec

from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

Check = Callable[[Any, str], None]

CONTROL, EVENTS, RUNTIME = "personalize", "personalize-events", "personalize-runtime"
SHOWN_LENGTH = 64  # of an invalid value that a message repeats

# Java's classes of characters that Python's expressions lack.
CHARACTER_CLASSES = {r"\p{L}\p{Z}\p{N}": r"\w\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"}
CHARACTER_CLASSES |= {r"\p{ASCII}": r"[\x00-\x7f]"}


@dataclass(frozen=True)
class Operation:
    """One operation of the three services.

    Attributes
    ----------
    service : str
        personalize, personalize-events or personalize-runtime.
    check : callable
        Raises `InvalidInputError` for a request that breaks the model's rules.
    output : Shape or None
        None where the answer is empty.
    """

    name: str
    service: str
    check: Callable[[dict[str, Any]], None]
    output: StructureShape | None


@cache
def operations() -> dict[str, Operation]:
    """Return every operation of the three services by name."""
    return {name: operation for name, operation, _ in _all_operations()}


@cache
def paths() -> dict[str, Operation]:
    """Return the operations of the two REST services by path."""
    return {path: operation for _, operation, path in _all_operations() if operation.service != CONTROL}


def shape_answer(operation: Operation, answer: dict[str, Any] | msgspec.Struct) -> dict[str, Any] | msgspec.Struct:
    """Return an answer without the members that the model does not have; all fields of a Struct are members of it."""
    if isinstance(answer, msgspec.Struct):
        return answer
    shaped: dict[str, Any] = _known_members(operation.output, answer) if operation.output else {}
    return shaped


@cache
def _all_operations() -> list[tuple[str, Operation, str]]:
    session = botocore.session.get_session()
    entries = []
    for service in (CONTROL, EVENTS, RUNTIME):
        model = session.get_service_model(service)
        for name in model.operation_names:
            operation = model.operation_model(name)
            entry = Operation(name, service, _request_check(operation), operation.output_shape)
            entries.append((name, entry, operation.http["requestUri"]))
    return entries


def _request_check(operation: OperationModel) -> Callable[[dict[str, Any]], None]:
    check: Check | None = None

    def check_request(request: dict[str, Any]) -> None:
        # Built at the first call: most operations are never called.
        nonlocal check
        check = check or _structure_checker(operation.input_shape)
        check(request, "")

    return check_request


def _known_members(shape: Shape, value: Any) -> Any:
    if shape.type_name == "structure":
        members = shape.members  # type: ignore[attr-defined]
        return {
            name: _known_members(member, value[name]) for name, member in members.items() if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [_known_members(shape.member, entry) for entry in value]  # type: ignore[attr-defined]
    return value


def _checker(shape: Shape) -> Check:
    if shape.serialization.get("jsonvalue"):
        return _string_checker(shape)
    makers: dict[str, Callable[[Any], Check]] = {
        "structure": _structure_checker,
        "list": _list_checker,
        "map": _map_checker,
        "string": _string_checker,
    }
    if shape.type_name in makers:
        return makers[shape.type_name](shape)
    return _scalar_checker(shape)


def _structure_checker(shape: StructureShape | None) -> Check:
    members = [(name, _checker(member)) for name, member in shape.members.items()] if shape else []
    required = list(shape.required_members) if shape else []

    def check(value: Any, where: str) -> None:
        if type(value) is not dict:
            raise _invalid(value, where, "must be an object")
        inside = f"{where}." if where else ""
        for name in required:
            if value.get(name) is None:
                raise InvalidInputError(f"{inside}{name} is required")
        for name, member in members:
            given = value.get(name)
            if given is not None:
                member(given, inside + name)

    return check


def _list_checker(shape: ListShape) -> Check:
    member = _checker(shape.member)
    within = _length_rule(shape, "members")

    def check(value: Any, where: str) -> None:
        if type(value) is not list:
            raise _invalid(value, where, "must be a list")
        within(value, where)
        for place, entry in enumerate(value):
            member(entry, f"{where}[{place}]")

    return check


def _map_checker(shape: MapShape) -> Check:
    key, member = _checker(shape.key), _checker(shape.value)
    within = _length_rule(shape, "entries")

    def check(value: Any, where: str) -> None:
        if type(value) is not dict:
            raise _invalid(value, where, "must be an object")
        within(value, where)
        for name, entry in value.items():
            key(name, f"{where} key")
            member(entry, f"{where}.{name[:SHOWN_LENGTH]}")

    return check


def _string_checker(shape: Shape) -> Check:
    within = _length_rule(shape, "characters")
    text = shape.metadata.get("pattern")
    # The classes of Java, such as \d, are those of ASCII.
    pattern = re.compile(_as_python(text), re.ASCII if r"\p{" not in text else re.UNICODE) if text else None
    allowed = shape.metadata.get("enum")

    def check(value: Any, where: str) -> None:
        if type(value) is not str:
            raise _invalid(value, where, "must be a string")
        within(value, where)
        if pattern is not None and pattern.fullmatch(value) is None:
            raise _invalid(value, where, f"must match the pattern {text}")
        if allowed and value not in allowed:
            raise _invalid(value, where, f"must be one of {', '.join(allowed)}")

    return check


def _scalar_checker(shape: Shape) -> Check:
    kinds = {"integer": (int,), "long": (int,), "boolean": (bool,)}.get(shape.type_name, (int, float))
    article = {"integer": "an integer", "long": "an integer", "boolean": "true or false"}
    wanted = article.get(shape.type_name, "a number")
    least, most = shape.metadata.get("min"), shape.metadata.get("max")

    def check(value: Any, where: str) -> None:
        if type(value) not in kinds:
            raise _invalid(value, where, f"must be {wanted}")
        if least is not None and value < least:
            raise _invalid(value, where, f"must be at least {least}")
        if most is not None and value > most:
            raise _invalid(value, where, f"must be at most {most}")

    return check


def _length_rule(shape: Shape, what: str) -> Check:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")

    def check(value: Any, where: str) -> None:
        size = len(value)
        if size < least or (most is not None and size > most):
            span = f"{least} to {most}" if most is not None else f"at least {least}"
            raise InvalidInputError(f"{where} has {size} {what}; it may have {span}")

    return check


def _as_python(pattern: str) -> str:
    for java, python in CHARACTER_CLASSES.items():
        pattern = pattern.replace(java, python)
    return pattern


def _invalid(value: Any, where: str, rule: str) -> InvalidInputError:
    shown = repr(value)
    if len(shown) > SHOWN_LENGTH:
        shown = f"{shown[:SHOWN_LENGTH]}…"
    return InvalidInputError(f"{where or 'the request'} {rule}, not {shown}")
