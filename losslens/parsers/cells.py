"""What one cell of text means: a number, a blank, or text.

An empty cell and a spelled NaN are kept apart: writers such as pandas leave the cell of a NaN empty, and sparse loggers
leave it empty where nothing was logged. Which of the two it was is for the whole table to tell, not for the cell.
"""

from __future__ import annotations

import math
import re

from losslens.patterns import compiled

BLANKS = frozenset(
    [
        "",
        "na",
        "n/a",
        "#n/a",
        "#na",
        "<na>",
        "null",
        "none",
        "nil",
        "-",
        "--",
        "?",
        "#div/0!",
        "#value!",
        "#ref!",
        "missing",
    ]
)
_SPELLED = {
    "nan(ind)": math.nan,
    "-nan(ind)": math.nan,
    "nan(snan)": math.nan,
    "1.#qnan": math.nan,
    "1.#ind": math.nan,
    "-1.#ind": math.nan,
    "#num!": math.nan,
    "1.#inf": math.inf,
    "-1.#inf": -math.inf,
    "∞": math.inf,
    "+∞": math.inf,
    "-∞": -math.inf,
}
_NUMBER = r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|nan|inf|infinity)"
_WRAPPED = compiled(
    rf"(?:(?:(?:torch|tf|np|numpy|jnp)\.)?(?:tensor|Tensor|array|Array|float(?:16|32|64)?|int(?:32|64)?|bfloat16)\(\s*)?"
    rf"[\[(]*\s*({_NUMBER})\s*,?\s*[\])]*(?:\s*,\s*(?:device|dtype|grad_fn|shape|numpy|requires_grad)=.*)?\)?",
    re.IGNORECASE,
)
_DECIMAL_COMMA = compiled(r"[+-]?(?:\d+|\d{1,3}(?:[.  ]\d{3})+)?,\d*(?:[eE][+-]?\d+)?")
_DOT_GROUPS = compiled(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_COMMA_GROUPS = compiled(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+|[+-]?[1-9]\d{0,2}(?:,\d{3}){2,}")
#: What tables for people set off their best number with, bold or in another type; and how a minus is typeset.
_SET_OFF = "*`"
_MINUS = "\u2212"
#: What Flux of Julia puts behind a number whose gradient it follows.
_FOLLOWED = " (tracked)"
_MAY_BE_NUMBER = compiled(r"\d|nan|inf")
_DURATION = compiled(r"(?:(\d+) days?, )?(?:(\d+):)?(\d{1,2}):(\d{2}(?:\.\d+)?)")


def read_number(text: str, decimal: str = ".") -> float | None:
    """The number in a cell; None for a blank or a missing-value word. Raises ValueError for text.

    NaN and Inf in all their spellings are numbers. ``decimal`` is "." or ",": in a decimal-comma table "1.234" could be
    either 1.234 or 1234 and is therefore text, never a guess.
    """
    text = text.strip().strip("\"'").strip()
    if decimal == ",":
        if _DOT_GROUPS.fullmatch(text):
            raise ValueError(text)
        if "," in text and _DECIMAL_COMMA.fullmatch(text) and text.strip("+-,"):
            whole, _, fraction = text.partition(",")
            return float("".join(c for c in whole if c in "+-0123456789") + "." + fraction)
    if "_" not in text:  # float() takes 2024_01_01 for a number
        try:
            return float(text)
        except ValueError:
            pass
    low = text.lower()
    if low in BLANKS:
        return None
    if low in _SPELLED:
        return _SPELLED[low]
    if not _MAY_BE_NUMBER.search(low):
        raise ValueError(text)
    return _unusual_number(text)


def is_float(text: str) -> bool:
    """Whether Python reads a text as a number, as programs write one: no blank, no unit, no comma."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unusual_number(text: str) -> float:
    bare = text.removesuffix(_FOLLOWED).strip(_SET_OFF).strip().replace(_MINUS, "-")
    if bare != text and (number := read_number(bare)) is not None:
        return number
    if text.endswith("%"):
        return float(text[:-1])
    if len(text) > 400:
        raise ValueError(text)
    match = _DURATION.fullmatch(text)
    if match:
        days, hours, minutes, seconds = match.groups()
        return int(days or 0) * 86_400 + int(hours or 0) * 3_600 + int(minutes) * 60 + float(seconds)
    if _COMMA_GROUPS.fullmatch(text):
        return float(text.replace(",", ""))
    match = _WRAPPED.fullmatch(text)
    if match:
        return float(match.group(1))
    raise ValueError(text)


def is_number_or_blank(text: str, decimal: str = ".") -> bool:
    try:
        read_number(text, decimal)
    except ValueError:
        return False
    return True


def is_number(text: str, decimal: str = ".") -> bool:
    try:
        return read_number(text, decimal) is not None
    except ValueError:
        return False
