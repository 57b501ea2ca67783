"""The function format, which is Java's: https://docs.oracle.com/javase/8/docs/api/java/util/Formatter.html."""

from __future__ import annotations

import re
import struct
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_DIRECTIVE = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(<]*)(\d+)?(?:\.(\d+))?([tT]?[a-zA-Z%])")
# The classes of Java by the kinds of arguments, as errors name them.
CLASSES = {
    "boolean": "java.lang.Boolean", "integer": "java.lang.Long", "real": "java.lang.Float",
    "double": "java.lang.Double", "decimal": "java.math.BigDecimal", "date": "java.time.LocalDate",
    "timestamp": "java.time.LocalDateTime", "time": "java.time.LocalTime", "text": "java.lang.String",
}  # fmt: skip
_INTEGERS, _FRACTIONS = {"d": "", "o": "o", "x": "x"}, "fe"
# %t with these letters, as strftime has them; %tL apart.
_DATES = {
    "Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "e": "%-d", "B": "%B", "b": "%b", "h": "%b", "A": "%A", "a": "%a",
    "j": "%j", "F": "%Y-%m-%d", "D": "%m/%d/%y",
}  # fmt: skip
_TIMES = {"H": "%H", "I": "%I", "k": "%-H", "l": "%-I", "M": "%M", "S": "%S", "R": "%H:%M", "T": "%H:%M:%S",
          "r": "%I:%M:%S %p", "N": "%f000"}  # fmt: skip
_KNOWN = {"date": _DATES, "time": _TIMES, "timestamp": {**_DATES, **_TIMES}}
_PARSERS: dict[str, Callable[[str], date | time]] = {
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
}
_LONG = 2**64
# The flags that a conversion takes.
_FLAGS = {"s": "-<", "b": "-<", "d": "-+ 0,(<", "x": "-0#<", "o": "-0#<", "f": "-+ 0,(#<", "e": "-+ 0(#<", "t": "-<"}


class _Directive(NamedTuple):
    text: str
    flags: str
    width: int
    precision: int | None
    letter: str


def java_format(pattern: str, kinds: str, texts: list[str | None]) -> str:
    """Format arguments, given as text, of kinds in the order of the arguments and separated by spaces."""
    try:
        return _formatted(pattern, kinds.split(), texts)
    except _FormatError as error:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Invalid format string: {pattern} ({error})") from error


class _FormatError(ValueError):
    """An exception of Java's Formatter, with its name."""


def _formatted(pattern: str, kinds: list[str], texts: list[str | None]) -> str:
    written, at, ordinary, last = [], 0, 0, -1
    while at < len(pattern):
        if pattern[at] != "%":
            end = pattern.find("%", at)
            end = len(pattern) if end < 0 else end
            written.append(pattern[at:end])
            at = end
            continue
        match = _DIRECTIVE.match(pattern, at)
        if match is None:
            raise _FormatError(f"UnknownFormatConversion: Conversion = '{pattern[at + 1 : at + 2] or '%'}'")
        at = match.end()
        place, flags, width, precision, letter = match.groups()
        directive = _Directive(match[0], flags, int(width or 0), int(precision) if precision else None, letter)
        _check_flags(directive)
        if letter in "%n":
            written.append(_padded("%" if letter == "%" else "\n", directive))
            continue
        if place is None and "<" not in flags:
            last, ordinary = ordinary, ordinary + 1
        elif place is not None:
            last = int(place) - 1
        if not 0 <= last < len(kinds):
            raise _FormatError(f"MissingFormatArgument: Format specifier '{match[0]}'")
        written.append(_converted(directive, kinds[last], texts[last]))
    return "".join(written)


def _check_flags(directive: _Directive) -> None:
    """Refuse the flags, width and precision that Java does."""
    flags, letter = directive.flags, directive.letter[0].lower()
    if twice := next((flag for flag in flags if flags.count(flag) > 1), None):
        raise _FormatError(f"DuplicateFormatFlags: Flags = '{twice}'")
    if letter == "n" and directive.width:
        raise _FormatError(f"IllegalFormatWidth: {directive.width}")
    if directive.precision is not None and letter in "dxotn":
        raise _FormatError(f"IllegalFormatPrecision: {directive.precision}")
    if set("-0") <= set(flags) or set("+ ") <= set(flags):
        raise _FormatError(f"IllegalFormatFlags: Flags = '{flags}'")
    if ("-" in flags or "0" in flags) and not directive.width:
        raise _FormatError(f"MissingFormatWidth: {directive.text}")
    if other := next((flag for flag in flags if flag not in _FLAGS.get(letter, flags)), None):
        raise _FormatError(f"FormatFlagsConversionMismatch: Conversion = {directive.letter}, Flags = {other}")


def _converted(directive: _Directive, kind: str, text: str | None) -> str:
    letter = directive.letter.lower() if directive.letter in "SBXE" else directive.letter
    if letter == "b":
        shown = text if kind == "boolean" and text is not None else str(text is not None).lower()
    elif letter == "s" or text is None:
        shown = "null" if text is None else _java_string(kind, text)
    elif letter in _INTEGERS:
        return _integer(directive, letter, _as_kind(directive, kind, {"integer"}, text))
    elif letter in _FRACTIONS:
        return _fraction(directive, letter, kind, _as_kind(directive, kind, {"double", "real", "decimal"}, text))
    elif letter[0] in "tT":
        return _padded(_time(directive, kind, text), directive)
    else:
        raise ValueError(f"NOT_SUPPORTED: {directive.text} in a pattern of format is not supported on the laptop")
    shown = shown if directive.precision is None else shown[: directive.precision]
    return _padded(shown.upper() if directive.letter in "SB" else shown, directive)


def _as_kind(directive: _Directive, kind: str, wanted: set[str], text: str) -> str:
    if kind not in wanted:
        raise _FormatError(f"IllegalFormatConversion: {directive.letter} != {CLASSES[kind]}")
    return text


def _java_string(kind: str, text: str) -> str:
    if kind == "decimal":
        return str(Decimal(text))
    if kind not in {"timestamp", "time"}:
        return text
    moment = datetime.fromisoformat(text) if kind == "timestamp" else time.fromisoformat(text)
    fraction = moment.microsecond
    unit = "minutes" if not (moment.second or fraction) else "seconds" if not fraction else "auto"
    return moment.isoformat(timespec="milliseconds" if fraction and fraction % 1000 == 0 else unit)


def _integer(directive: _Directive, letter: str, text: str) -> str:
    number = int(text)
    if letter == "d":
        return _signed(directive, f"{abs(number):,}" if "," in directive.flags else str(abs(number)), number < 0)
    shown = format(number % _LONG, _INTEGERS[letter])
    shown = shown.upper() if directive.letter == "X" else shown
    return shown.rjust(directive.width, "0") if "0" in directive.flags else _padded(shown, directive)


def _fraction(directive: _Directive, letter: str, kind: str, text: str) -> str:
    if text in {"NaN", "Infinity", "-Infinity"}:
        return _padded(text, directive)
    number = Decimal(text)
    if kind == "real":
        number = Decimal(repr(struct.unpack("f", struct.pack("f", float(text)))[0]))
    digits = 6 if directive.precision is None else directive.precision
    size = abs(number)
    if letter == "f":
        rounded = size.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        shown = format(rounded, ",f" if "," in directive.flags else "f")
    else:
        exponent = size.adjusted() if size else 0
        rounded = size.scaleb(-exponent).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        if rounded >= 10:
            rounded, exponent = (rounded / 10).quantize(Decimal(1).scaleb(-digits)), exponent + 1
        shown = f"{rounded:f}{directive.letter}{'-' if exponent < 0 else '+'}{abs(exponent):02}"
    return _signed(directive, shown, number.is_signed())


def _signed(directive: _Directive, shown: str, is_negative: bool) -> str:
    flags = directive.flags
    before = ("(" if "(" in flags else "-") if is_negative else "+" if "+" in flags else " " if " " in flags else ""
    after = ")" if is_negative and "(" in flags else ""
    if "0" in flags:
        shown = shown.rjust(directive.width - len(before) - len(after), "0")
    return _padded(f"{before}{shown}{after}", directive)


def _time(directive: _Directive, kind: str, text: str) -> str:
    letter = directive.letter[1]
    _as_kind(directive._replace(letter=letter), kind, set(_KNOWN), text)
    known = _KNOWN[kind]
    moment = _PARSERS[kind](text)
    if letter == "L" and isinstance(moment, time | datetime):
        shown = f"{moment.microsecond // 1000:03}"
    elif letter == "p" and isinstance(moment, time | datetime):
        shown = moment.strftime("%p").lower()
    elif letter in known:
        shown = moment.strftime(known[letter])
    else:
        raise ValueError(f"NOT_SUPPORTED: {directive.text} in a pattern of format is not supported on the laptop")
    return shown.upper() if directive.letter[0] == "T" else shown


def _padded(shown: str, directive: _Directive) -> str:
    return shown.ljust(directive.width) if "-" in directive.flags else shown.rjust(directive.width)
