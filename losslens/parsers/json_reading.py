"""JSON as trainers write it: NaN tokens, numbers as strings, documents cut off by a crash; never a traceback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from losslens.errors import ParseError
from losslens.parsers.opening import LogFile, decode_head

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 200
MAX_DIGITS = 400
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)
_PYTHONIC = re.compile(r"[{\[\s]*'")
_PYTHON_WORDS = re.compile(r"\b(?:-?nan|-?inf(?:inity)?)\b", re.IGNORECASE)


def _integer(digits: str) -> int | float:
    # Python refuses integers of more than 4300 digits; no log needs one of more than a float can hold.
    return int(digits) if len(digits) <= MAX_DIGITS else float(digits)


_DECODER = json.JSONDecoder(parse_int=_integer, strict=False)


class _TwiceError(ValueError):
    """A name that stands twice in one object, with different lists or objects under it."""


def _no_doubt(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object of a document. Two different lists of one name leave no way to know which was meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, value in pairs:
            if isinstance(value, list | dict) and value != found[name]:
                raise _TwiceError(f"'{name[:80]}' stands twice in one object, with different values")
    return found


_DOCUMENT = json.JSONDecoder(parse_int=_integer, strict=False, object_pairs_hook=_no_doubt)


def loads(text: str) -> Json:
    """One JSON value; NaN, Infinity and control characters in strings are taken. Raises ValueError (also for depth)."""
    try:
        value: Json = _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def read_document(path: Path) -> Json:
    """The value of a JSON file. Raises ParseError that names the byte at which a cut or broken document ends."""
    file = LogFile(path)
    text = file.document().lstrip("\ufeff")
    try:
        whole: Json = _DOCUMENT.decode(text)
        return whole
    except RecursionError as error:
        raise ParseError(f"{path}: nested too deeply to be a log") from error
    except json.JSONDecodeError as error:
        for fixed in (_spell_nan(text), _from_python(text)):
            if fixed is not None and fixed != text:
                try:
                    return loads(fixed)
                except ValueError:
                    pass
        at = len(text[: error.pos].encode("utf-8", "replace"))
        size = len(text.encode("utf-8", "replace"))
        if at >= size - 1 or _is_cut(text):
            raise ParseError(
                f"{path}: the JSON document is cut off at byte {size} (its last complete part ends near byte "
                f"{_last_complete(text)}); losslens needs it whole: use an older copy or the run's other logs"
            ) from error
        raise ParseError(f"{path}: not JSON at byte {at} (line {error.lineno}): {error.msg}") from error
    except ValueError as error:
        raise ParseError(f"{path}: not a JSON document losslens can read: {error}") from error


def _spell_nan(text: str) -> str | None:
    """The text with nan, inf and Infinity in any case spelled as JSON readers take them; None when there are none."""
    if not _PYTHON_WORDS.search(text):
        return None

    def spell(match: re.Match[str]) -> str:
        word = match.group(0)
        if word.startswith('"'):
            return word
        sign = "-" if word.startswith("-") else ""
        return "NaN" if "nan" in word.lower() else f"{sign}Infinity"

    return re.sub(r'"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf(?:inity)?)\b', spell, text, flags=re.IGNORECASE)


def _from_python(text: str) -> str:
    """The text as it is, or as JSON where it is the ``str()`` of a Python dict: single quotes, None, True, nan."""
    if not _PYTHONIC.match(text[:200]):
        return text

    def spell(match: re.Match[str]) -> str:
        token = match.group(0)
        if token.startswith('"'):
            return token
        if token.startswith("'"):
            return json.dumps(token[1:-1].replace("\\'", "'"))
        if token.lower().endswith(("nan", "inf")):
            return "NaN" if token.lower().endswith("nan") else token.replace("inf", "Infinity")
        return {"None": "null", "True": "true", "False": "false"}.get(token, token)

    return re.sub(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf)\b|\b(?:None|True|False)\b""", spell, text)


def _open_brackets(text: str) -> tuple[list[str], int, list[str]]:
    """Brackets still open at the end; and for the last comma: where it stands, and the brackets open there."""
    stack: list[str] = []
    comma, at_comma = 0, list[str]()
    for match in _TOKENS.finditer(text):
        token = match.group(0)
        if token in "{[":
            stack.append(token)
            if len(stack) > MAX_DEPTH:
                break
        elif token in "}]":
            if not stack:
                break
            stack.pop()
        elif token == ",":
            comma, at_comma = match.start(), stack.copy()
    return stack, comma, at_comma


def _is_cut(text: str) -> bool:
    stack, _, _ = _open_brackets(text)
    return bool(stack) and len(stack) <= MAX_DEPTH


def _last_complete(text: str) -> int:
    _, comma, _ = _open_brackets(text)
    return len(text[:comma].encode("utf-8", "replace"))


@lru_cache(maxsize=4)
def peek(head: bytes) -> Json:
    """What the head of a JSON document shows: the value itself, or what is complete of it when the head is cut.

    The last element may be missing, never wrong. None when it is no JSON. For JSON lines: the first line's value.
    """
    text = decode_head(head).lstrip("\ufeff \t\r\n")
    if text[:1] not in ("{", "["):
        return None
    try:
        value, _ = _DECODER.raw_decode(_from_python(text))
        return value  # type: ignore[no-any-return]
    except RecursionError:
        return None
    except ValueError:
        pass
    _, comma, open_there = _open_brackets(text)
    if not open_there or len(open_there) > MAX_DEPTH:
        return None
    closed = text[:comma] + "".join("}" if bracket == "{" else "]" for bracket in reversed(open_there))
    for attempt in (closed, _spell_nan(closed)):
        if attempt is not None:
            try:
                return loads(attempt)
            except ValueError:
                continue
    return None


def is_one_document(head: bytes) -> bool:
    """Whether the head is a JSON object or list of objects and nothing else, cut or whole: no text log, that is."""
    text = decode_head(head).lstrip("\ufeff \t\r\n")
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        if _PYTHONIC.match(text[:200]) or not _open_brackets(text)[0]:
            return False
        value, end = peek(head), len(text)
    if text[end:].strip():
        return False
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict | list) for item in value))


def flatten(
    value: Mapping[str, Json], prefix: str = "", separator: str = "/", depth: int = 12
) -> Iterator[tuple[str, Json]]:
    """(name, scalar) of nested objects, names joined by ``separator``; lists come as they are."""
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, dict):
            if depth > 0:
                yield from flatten(item, f"{name}{separator}", separator, depth - 1)
        else:
            yield name, item


def number_of(value: Json) -> float | None:
    """A JSON scalar as a number: also one in a string or a list of one; None for null. Raises ValueError for others."""
    from losslens.parsers.cells import read_number

    if isinstance(value, bool):
        raise ValueError("a truth value")
    if value is None:
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    if isinstance(value, list) and len(value) == 1:
        return number_of(value[0])
    if isinstance(value, str):
        return read_number(value)
    raise ValueError("not a number")
