"""Signatures of functions: which types they take and return, and how they are written in DuckDB's SQL.

A signature such as ``array(T), T -> boolean`` has types of Trino and variables in capital letters. A type without its
parameters (``decimal``, ``timestamp``, ``varchar``) takes any of them; as a result it is the argument's, and varchar is
without a limit. ``...`` after the last type repeats it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployment.emulator.athena.dialect.types import (
    DAY_TIME,
    UNKNOWN,
    YEAR_MONTH,
    ZONED,
    Type,
    coerces,
    common_type,
    decimal,
)
from deployment.emulator.athena.tables.hive_types import split_outside

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # Text with {0} for the first argument, or a function of the arguments and the result's type.
    Template = str | Callable[..., str]

_NAMES = {"timestamptz": ZONED, "day_time": DAY_TIME, "year_month": YEAR_MONTH}
# Types that take any parameters.
_OPEN = {"decimal", "timestamp", ZONED, "varchar", "char", "time"}
_DEFAULTS = {"timestamp": (3,), ZONED: (3,), "decimal": (38, 0), "time": (3,), "char": (1,)}


# Results that are decimals of another precision and scale than the argument's.
_OF_DECIMAL: dict[str, Callable[[int, int], Type]] = {
    "ceiling": lambda precision, scale: decimal(precision - scale + min(scale, 1), 0),
    "digit": lambda _precision, _scale: decimal(1, 0),
    "floor": lambda precision, scale: decimal(precision - scale, 0),
    "total": lambda _precision, scale: decimal(38, scale),
    "wider": lambda precision, scale: decimal(precision + 1, scale),
}


@dataclass(frozen=True)
class Parameter:
    """The type of an argument, with variables."""

    name: str
    parts: tuple[Parameter, ...] = ()

    @property
    def is_variable(self) -> bool:
        """Whether it takes any type, the same at each place."""
        return self.name.isupper()

    @property
    def is_lambda(self) -> bool:
        """Whether it takes a lambda expression."""
        return self.name == "function"

    def __str__(self) -> str:
        shown = {ZONED: "timestamp(p) with time zone", "decimal": "decimal(p,s)", "timestamp": "timestamp(p)"}
        name = shown.get(self.name, self.name)
        return f"{name}({', '.join(map(str, self.parts))})" if self.parts else name


@dataclass(frozen=True)
class Signature:
    """One form of a function."""

    parameters: tuple[Parameter, ...]
    returns: Parameter
    template: Template
    is_repeated: bool = False

    def parameter(self, position: int) -> Parameter:
        """Return the type of the argument at a position."""
        return self.parameters[min(position, len(self.parameters) - 1)]

    def takes(self, count: int) -> bool:
        """Return whether it takes that many arguments."""
        return count >= len(self.parameters) if self.is_repeated else count == len(self.parameters)


def signatures(text: str, template: Template) -> list[Signature]:
    """Parse signatures that are separated by semicolons, all with one template."""
    parsed = []
    for form in text.split(";"):
        taken, _, returned = form.partition("->")
        parameters = [part.strip() for part in split_outside(taken.strip(), ",") if part.strip()]
        is_repeated = bool(parameters) and parameters[-1].endswith("...")
        if is_repeated:
            parameters[-1] = parameters[-1].removesuffix("...")
        parsed.append(
            Signature(tuple(map(_parameter, parameters)), _parameter(returned.strip()), template, is_repeated)
        )
    return parsed


def accept(wanted: Parameter, actual: Type, bound: dict[str, Type], *, exactly: bool) -> bool:
    """Return whether a parameter takes a type, and note what its variables stand for."""
    if wanted.is_variable:
        known = bound.get(wanted.name, UNKNOWN)
        common = common_type(known, actual)
        if common is None or (exactly and known not in {UNKNOWN, actual}):
            return False
        bound[wanted.name] = common
        return True
    if actual == UNKNOWN or (wanted.parts and (actual.name, len(actual.parts)) != (wanted.name, len(wanted.parts))):
        return actual == UNKNOWN and not exactly
    if wanted.parts:
        pairs = zip(wanted.parts, actual.parts, strict=True)
        return all(accept(part, mine, bound, exactly=exactly) for part, mine in pairs)
    if wanted.name in _OPEN:
        return _accept_open(wanted.name, actual, bound, exactly=exactly)
    return actual.name == wanted.name or (not exactly and coerces(actual, Type(wanted.name)))


def concrete(wanted: Parameter, bound: dict[str, Type]) -> Type:
    """Return a parameter's type with what its variables stand for."""
    if wanted.is_variable:
        return bound.get(wanted.name, UNKNOWN)
    if wanted.parts:
        parts = tuple(concrete(part, bound) for part in wanted.parts)
        return Type(wanted.name, (), parts, (None,) * len(parts) if wanted.name == "row" else ())
    if wanted.name in _OF_DECIMAL:
        return _OF_DECIMAL[wanted.name](*bound["decimal"].parameters)
    if wanted.name in bound and wanted.name not in {"varchar", "char"}:
        return bound[wanted.name]
    return Type(wanted.name, _DEFAULTS.get(wanted.name, ()))


def _accept_open(name: str, actual: Type, bound: dict[str, Type], *, exactly: bool) -> bool:
    if name == "varchar":
        return actual.name == "varchar" or (not exactly and actual.name == "char")
    if actual.name != name:
        if exactly:
            return False
        default = Type(name, _DEFAULTS[name])
        wider = common_type(actual, default)
        if wider is None or wider.name != name:
            return False
        actual = wider if name == "decimal" else default
    known = bound.get(name)
    wider = common_type(known, actual) if known else actual
    if wider is None:
        return False
    bound[name] = wider
    return True


def _parameter(text: str) -> Parameter:
    match = re.fullmatch(r"(\w+)(?:\((.*)\))?", text)
    if match is None:
        raise ValueError(f"{text!r} is not the type of a parameter")
    inner = tuple(_parameter(part.strip()) for part in split_outside(match[2], ",")) if match[2] else ()
    return Parameter(_NAMES.get(match[1], match[1]), inner)


def shown(name: str, forms: Sequence[Signature]) -> str:
    """Return the forms of a function as Trino's message lists them."""
    listed = []
    for form in forms:
        variables = sorted({part for parameter in form.parameters for part in _variables(parameter)})
        suffix = f" {', '.join(variables)}" if variables else ""
        listed.append(f"{name}({', '.join(map(str, form.parameters))}){suffix}")
    return ", ".join(listed)


def _variables(parameter: Parameter) -> set[str]:
    if parameter.is_variable:
        return {parameter.name}
    return {name for part in parameter.parts for name in _variables(part)}
