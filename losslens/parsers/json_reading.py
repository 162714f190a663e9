"""JSON as trainers write it: NaN tokens, numbers as strings, documents cut off by a crash; never a traceback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from losslens.errors import ParseError
from losslens.model import Damage
from losslens.parsers.json_cut import whole_part
from losslens.parsers.opening import LogFile, decode_head
from losslens.patterns import compiled

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DIGITS = 400
_PYTHONIC = compiled(r"[{\[\s]*'")
_BARE_WORDS = compiled(r"\b(?:nan|inf(?:inity)?|none|true|false)\b|#(?:q?nan|snan|inf|ind)", re.IGNORECASE)
#: A string, which is left alone, or what an f-string or the printf of C and Microsoft writes where JSON knows no word.
_STRING_OR_WORD = compiled(
    r'"(?:[^"\\]|\\.)*+"'
    r"|(?<![\w.])(?P<sign>[-+]?)(?:(?P<nan>nan(?:\(\w*\))?|1\.#(?:[qs]nan|ind)0*)|(?P<inf>inf(?:inity)?|1\.#inf0*)"
    r"|(?P<word>none|true|false))(?!\w)",
    re.IGNORECASE,
)


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


@dataclass(frozen=True, slots=True)
class Document:
    """The value of a JSON file, and what of the file could not be read."""

    value: Json
    damage: tuple[Damage, ...] = ()
    cut: bool = False
    """The document ends in its middle: its last list or object has lost its end."""


def read_document(path: Path) -> Document:
    """The value of a JSON file; of a document that is cut off, all that is whole.

    Raises ParseError that names the byte at which a broken document ends, or a cut one of which nothing is left.
    """
    file = LogFile(path)
    text = file.document().lstrip("\ufeff")
    try:
        return Document(_DOCUMENT.decode(text), tuple(file.damage))
    except RecursionError as error:
        raise ParseError(f"{path}: nested too deeply to be a log") from error
    except json.JSONDecodeError as error:
        for fixed in (spell_words(text), _from_python(text)):
            if fixed is not None and fixed != text:
                try:
                    return Document(loads(fixed), tuple(file.damage))
                except ValueError:
                    pass
        if (document := _read_cut(file, text)) is not None:
            return document
        at = _bytes(text[: error.pos])
        if at >= _bytes(text) - 1:
            raise ParseError(
                f"{path}: the JSON document is cut off at byte {_bytes(text)}, and nothing before it is whole; "
                "use an older copy or the run's other logs"
            ) from error
        raise ParseError(f"{path}: not JSON at byte {at} (line {error.lineno}): {error.msg}") from error
    except ValueError as error:
        raise ParseError(f"{path}: not a JSON document losslens can read: {error}") from error


def _read_cut(file: LogFile, text: str) -> Document | None:
    """The whole part of a document that ends in its middle; None when it does not, or when that holds nothing."""
    part = whole_part(text)
    if part is None:
        return None
    for attempt in (part.text, spell_words(part.text), _from_python(part.text)):
        try:
            value = None if attempt is None else loads(attempt)
        except ValueError:
            continue
        if value:
            reason = f"the document is cut off: {part.what} was left out, and what came after it was never written"
            lost = Damage(str(file.path), _bytes(text[: part.kept]), max(0, _bytes(text) - 1), reason)
            return Document(value, (*file.damage, lost), cut=True)
    return None


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def spell_words(text: str) -> str | None:
    """The text with nan, inf, None and the like in any case spelled as JSON readers take them; None without any."""
    if not _BARE_WORDS.search(text):
        return None

    def spell(match: re.Match[str]) -> str:
        if match["nan"]:
            return "NaN"
        if match["inf"]:
            return f"{match['sign'].strip('+')}Infinity"
        if match["word"]:
            return "null" if match["word"].lower() == "none" else match["word"].lower()
        return match[0]

    return _STRING_OR_WORD.sub(spell, text)


def loads_bare(text: str) -> Json:
    """One JSON value as ``loads`` reads it, also with a bare nan, -inf and the like in it. Raises ValueError."""
    try:
        return loads(text)
    except ValueError:
        if (spelled := spell_words(text)) is None:
            raise
    return loads(spelled)


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
    # A document that is closed and yet not JSON is broken somewhere: without its end it shows what is whole.
    part = whole_part(text) or whole_part(text.rstrip()[:-1])
    for attempt in (spell_words(text), *(() if part is None else (part.text, spell_words(part.text)))):
        if attempt is not None:
            try:
                return _DECODER.raw_decode(attempt)[0]  # type: ignore[no-any-return]
            except (ValueError, RecursionError):
                continue
    return None


def is_one_document(head: bytes) -> bool:
    """Whether the head is a JSON object or list of objects and nothing else, cut or whole: no text log, that is."""
    text = decode_head(head).lstrip("\ufeff \t\r\n")
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        if _PYTHONIC.match(text[:200]) or whole_part(text) is None:
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


#: What a record may say of one number that was collected since the record before it, beside its mean.
_OF_A_MEAN = frozenset(["num", "count", "n", "std", "var", "min", "max", "sum", "median", "stddev"])


def with_means(record: dict[str, Json]) -> dict[str, Json]:
    """A record in which ``{"mean": 0.5, "std": 0.1, "num": 64}`` under a name is that name's mean, as StyleGAN has it.

    How many there were is left out; their spread stays under a name of its own.
    """
    if not any(isinstance(item, dict) and "mean" in item for item in record.values()):
        return record
    out: dict[str, Json] = {}
    for name, item in record.items():
        if isinstance(item, dict) and "mean" in item and len(item) > 1 and item.keys() - {"mean"} <= _OF_A_MEAN:
            out[name] = item["mean"]
            spread = ((of, value) for of, value in item.items() if of in ("std", "min", "max") and value != 0.0)
            out.update((f"{name}/{of}", value) for of, value in spread)
        else:
            out[name] = item
    return out


def number_of(value: Json) -> float | None:
    """A JSON scalar as a number: also one in a string or a list of one; None for null. Raises ValueError for others."""
    if isinstance(value, float):
        return value
    if isinstance(value, bool):
        raise ValueError("a truth value")
    if value is None:
        return None
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    if isinstance(value, list) and len(value) == 1:
        return number_of(value[0])
    if isinstance(value, str):
        from losslens.parsers.cells import read_number

        return read_number(value)
    raise ValueError("not a number")


def tells_number(value: Json) -> bool:
    """Whether a JSON scalar tells a number, as ``number_of`` reads it; null tells none."""
    try:
        return number_of(value) is not None
    except ValueError:
        return False
