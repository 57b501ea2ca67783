"""Doubles as Java and Trino print them, and the normal distribution."""

from __future__ import annotations

import math
from decimal import Decimal
from statistics import NormalDist

# java.lang.Double.toString uses an exponent outside of these bounds.
PLAIN_FROM, PLAIN_BELOW = 1e-3, 1e7


def java_text(value: float) -> str:
    """Return a double as ``java.lang.Double.toString`` does."""
    if not math.isfinite(value):
        return _special(value)
    if value == 0 or PLAIN_FROM <= abs(value) < PLAIN_BELOW:
        return format(Decimal(repr(value)), "f") if value else repr(value)
    return _with_exponent(value)


def scientific_text(value: float) -> str:
    """Return a double as Trino's CAST to varchar does: always with an exponent."""
    if not math.isfinite(value):
        return _special(value)
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    return _with_exponent(value)


def normal_cdf(mean: float, deviation: float, value: float) -> float:
    """Return the share of a normal distribution that lies below a value."""
    if not deviation > 0:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: standardDeviation must be > 0")
    return 0.5 * math.erfc((mean - value) / (deviation * math.sqrt(2)))


def inverse_normal_cdf(mean: float, deviation: float, share: float) -> float:
    """Return the value below which a share of a normal distribution lies."""
    if not 0 < share < 1:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: p must be 0 > p > 1")
    if not deviation > 0:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: sd must be > 0")
    return NormalDist(mean, deviation).inv_cdf(share)


def _special(value: float) -> str:
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _with_exponent(value: float) -> str:
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    rest = "".join(str(digit) for digit in digits[1:]) or "0"
    return f"{'-' if sign else ''}{digits[0]}.{rest}E{power}"
