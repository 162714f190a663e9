"""Hyper-parameters and text summaries of an event file -> settings.

The hparams plugin stores names and values. Text summaries are free text that people use to keep their settings:
as a Markdown table, as JSON, as ``key: value`` lines, as a printed ``Namespace``. What reads unambiguously as one of
these becomes settings by name; any other text that was written once is kept whole under its tag.
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from losslens.model import Setting
from losslens.parsers.event_files.events import (
    BYTES,
    FIXED64,
    VARINT,
    MalformedEvent,
    Value,
    fields,
    spans_fields,
    text_of,
)
from losslens.parsers.json_reading import Json, loads
from losslens.parsers.settings import flat_settings
from losslens.patterns import compiled

_LONGEST = 256 << 10
"""Bytes of text that are looked at: settings are pages, not megabytes."""
_NAMED_SETTINGS = compiled(
    r"(.*[/_.-])?(args|arguments|config|configuration|flags|h_?params|hyper_?params|hyper_?parameters|options|params|"
    r"parameters|settings)",
    re.IGNORECASE,
)
_KEY = r"[A-Za-z_][\w./\- ]{0,60}?"
_LINE = compiled(rf"[\s>*+\-]*[`*]*({_KEY})[`*]*\s*[:=][`*]*\s+[`*]*(.*?)[`*]*\s*|\s*(?:--)?({_KEY})=(\S.*?)\s*")
_CALL = compiled(r"\s*[\w.]*\(.*\)\s*", re.DOTALL)
_WORDS: dict[str, Json] = {"true": True, "false": False, "none": None, "null": None}
_FENCE = compiled(r"^\s*(?:```\w*|<pre>|<code>)|(?:```|</pre>|</code>)\s*$")


def settings_of(hparams: Iterable[Value], texts: Iterable[Value], path: Path) -> tuple[Setting, ...]:
    """Settings in the order in which the file has them; a name that comes again keeps its first value."""
    found = dict[str, Setting]()
    for value in hparams:
        try:
            named = hyperparameters(value.content)
        except MalformedEvent:
            continue
        for setting in flat_settings(named, path):
            found.setdefault(setting.name, setting)
    for value in texts:
        text = b"\n".join(value.texts)[:_LONGEST].decode("utf-8", "backslashreplace")
        for setting in flat_settings(settings_in(text, value.tag), path):
            found.setdefault(setting.name, setting)
    return tuple(found.values())


def hyperparameters(content: bytes) -> dict[str, Json]:
    """Names and values of a ``HParamsPluginData`` message, if it is one that starts a session.

    Field numbers: ``tensorboard/plugins/hparams/plugin_data.proto``, ``google/protobuf/struct.proto``.
    """
    found = dict[str, Json]()
    start_info = [(x, y) for number, wire, x, y in fields(content, 0, len(content)) if (number, wire) == (3, BYTES)]
    entries = [(x, y) for number, wire, x, y in spans_fields(content, start_info) if (number, wire) == (1, BYTES)]
    for start, end in entries:
        key, value = "", list[tuple[int, int]]()
        for number, wire, x, y in fields(content, start, end):
            if number == 1 and wire == BYTES:
                key = text_of(content, (x, y))
            elif number == 2 and wire == BYTES:
                value.append((x, y))
        for number, wire, x, y in spans_fields(content, value):
            if number == 2 and wire == FIXED64:
                (double,) = struct.unpack("<d", content[x:y])
                found[key] = int(double) if double.is_integer() and abs(double) < 1e15 else double
            elif number == 3 and wire == BYTES:
                found[key] = text_of(content, (x, y))
            elif number == 4 and wire == VARINT:
                found[key] = bool(x)
            elif number == 1 and wire == VARINT:
                found[key] = None
    return found


def settings_in(text: str, tag: str) -> Mapping[str, Json]:
    """The settings that a text spells out, or the text itself under its tag."""
    tag = tag.removesuffix("/text_summary")
    plain = _FENCE.sub("", text).strip()
    is_named = bool(_NAMED_SETTINGS.fullmatch(tag))
    found = _from_json(plain) or _from_table(plain) or _from_call(plain) or _from_lines(plain, 1 if is_named else 2)
    if not found:
        return {tag: plain}
    return found if is_named else {tag: dict(found)}


def _from_json(text: str) -> Mapping[str, Json] | None:
    if not text.startswith("{"):
        return None
    try:
        found = loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _from_table(text: str) -> Mapping[str, Json] | None:
    """A Markdown table of two columns, or of one row under its headings."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not all("|" in line for line in lines):
        return None
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rule = next((i for i, row in enumerate(rows) if all(re.fullmatch(r":?-+:?", cell) for cell in row)), None)
    body = rows if rule is None else rows[rule + 1 :]
    if body and all(len(row) == 2 for row in body):
        return {_bare(key): _read(value) for key, value in body if key}
    if rule == 1 and len(body) == 1 and len(rows[0]) == len(body[0]):
        return {_bare(key): _read(value) for key, value in zip(rows[0], body[0], strict=True) if key}
    return None


def _from_call(text: str) -> Mapping[str, Json] | None:
    """``Namespace(lr=0.1, model='vit')`` and its like; nothing in it is run."""
    if not _CALL.fullmatch(text):
        return None
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    if not isinstance(call, ast.Call) or call.args:
        return None
    found = dict[str, Json]()
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        try:
            found[keyword.arg] = ast.literal_eval(keyword.value)
        except (ValueError, TypeError, MemoryError, RecursionError):
            found[keyword.arg] = ast.unparse(keyword.value)
    return found or None


def _from_lines(text: str, least: int) -> Mapping[str, Json] | None:
    """``key: value`` or ``key=value`` on every line."""
    found = dict[str, Json]()
    for line in text.splitlines():
        if not line.strip():
            continue
        pair = _LINE.fullmatch(line)
        if pair is None:
            return None
        found[(pair[1] or pair[3]).strip()] = _read(pair[2] if pair[1] else pair[4])
    return found if len(found) >= least else None


def _bare(cell: str) -> str:
    return cell.strip("*`\"' ")


def _read(cell: str) -> Json:
    """What a person would read in a cell: a number, a truth value, nothing, or text."""
    bare = _bare(cell)
    if bare.lower() in _WORDS:
        return _WORDS[bare.lower()]
    for number in (int, float):
        try:
            return number(bare) if "_" not in bare else bare
        except ValueError:
            continue
    return bare
