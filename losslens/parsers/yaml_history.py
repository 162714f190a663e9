"""Histories in YAML: lists of numbers by name, a list of records, a record a document or one under each epoch.

``yaml.dump(history)`` of Python writes a list as a number a line, most others in brackets; NaN is ``.nan``. Read as the
same in JSON would be; settings in YAML are read elsewhere, and are known by what their files are called.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from losslens.model import Log
from losslens.parsers import keras_json, records
from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.parsers.json_reading import Document
from losslens.parsers.opening import decode_head
from losslens.parsers.settings import is_called_settings, read_yaml
from losslens.patterns import compiled

NAME = "yaml"

_NUMBER = r"[+-]?(?:\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+|\.?(?:nan|inf))"
_KEY = r"[\"']?(?P<key>[A-Za-z][\w ./-]{0,60}?)[\"']?\s*:"
#: "loss:" above at least five lines of "- 2.31", and "loss: [2.31, 2.2, …" with as many.
_LIST = compiled(rf"^\s*{_KEY}[ \t]*(?:&\w+)?\n(?:\s*- {_NUMBER}\s*\n){{5}}", re.MULTILINE | re.IGNORECASE)
_FLOW = compiled(rf"^\s*{_KEY}[ \t]*(?:&\w+)?\s*\[\s*(?:{_NUMBER}\s*,\s*){{4}}", re.MULTILINE | re.IGNORECASE)
#: "- epoch: 3" and "- {epoch: 3, …", "epoch_3:", and the first line of a document behind "---".
_RECORD = compiled(rf"^\s*- (?:\{{\s*)?{_KEY}\s*\d", re.MULTILINE)
_BY_STEP = compiled(r"^(?P<key>epoch|step|iter(?:ation)?)[ _-]?\d+:\s*$", re.MULTILINE | re.IGNORECASE)
_DOCUMENT = compiled(rf"^---\s*\n{_KEY}\s*\d", re.MULTILINE)
_SAID = compiled(rf"(?:^|[{{,\s]){_KEY}\s*{_NUMBER}\s*(?:$|[,}}])", re.MULTILINE | re.IGNORECASE)
LEAST_RECORDS = 3
#: Lists that settings hold: rates that are tried, weights of the terms of a loss.
_SET = compiled(
    r"(?<![a-z])(?:weights?|coef\w*|scales?|lambdas?|ratios?|factors?|gammas?|betas?|thresholds?|bounds?|bins?|range"
    r"|lrs?|learning[_ ]rates?|schedule|names?|types?)(?![a-z])",
    re.IGNORECASE,
)


def sniff(path: Path, head: bytes) -> bool:
    name = PurePath(path.name.removesuffix(".gz"))
    if name.suffix.lower() not in (".yaml", ".yml") or is_called_settings(name.stem):
        return False
    text = decode_head(head).replace("\r\n", "\n")
    if any(_measures(match["key"]) for form in (_LIST, _FLOW) for match in form.finditer(text)):
        return True
    counted = (sum(normalise(match["key"]) in STEP_RANK for match in form.finditer(text)) for form in _RECORDS)
    return max(counted) >= LEAST_RECORDS and any(_measures(match["key"]) for match in _SAID.finditer(text))


_RECORDS = (_RECORD, _BY_STEP, _DOCUMENT)


def parse(path: Path) -> tuple[Log, ...]:
    """The Logs of a history. Raises NotALogError where it is none, ParseError for what is too large or broken."""
    value, _ = read_yaml(path, what="a history; save it as CSV or JSON", many=True)
    document = Document(value)
    if keras_json.holds_lists(value):
        return keras_json.histories_of(path, document, NAME)
    return records.logs_of(path, document, format=NAME)


def _measures(key: str) -> bool:
    return is_known_name(key) and normalise(key) not in STEP_RANK and not _SET.search(key)
