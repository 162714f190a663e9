"""Values at which programs cut off a number that has grown too large to be shown: e to the 100th, a power of ten.

A loss or a perplexity that stands at such a value to the last digit did not stop there: what it was is not logged.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losslens.model import FloatArray

EXPONENTS = (20, 30, 50, 100)
"""Perplexities are computed as exp(min(loss, one of these))."""

LARGEST = {"the largest fp16 number": 65504.0, "the largest fp32 number": 3.4028235e38}

TENS = tuple(10.0**k for k in range(2, 13))
"""Losses are clamped at powers of ten; PyTorch's binary cross-entropy clamps logarithms at 100."""

FEWEST = 3
"""Points at the end that stand at it."""

DIGITS = 1e-3
"""A printed number is one of those that are not round within this share of it; a round one is printed as it is."""


def cap_of(value: FloatArray) -> str:
    """The name of the number at which the last values of a series are cut off; "" where they are not.

    ``value``: shape ``(n,)``. A value that is not finite is no cap.
    """
    last = value[-FEWEST:]
    if last.size < FEWEST or not bool((last == last[-1]).all()) or not math.isfinite(float(last[-1])):
        return ""
    top = float(last[-1])
    if top in TENS:
        return f"exactly {top:,.0f}"
    names = {**{f"exp({k})": math.exp(k) for k in EXPONENTS}, **LARGEST}
    return next((name for name, x in names.items() if abs(top / x - 1.0) <= DIGITS), "")


def cut_off(value: FloatArray) -> str:
    """The same for the end of a sentence."""
    name = cap_of(value)
    return f", which is {name}: it is cut off there" if name else ""
