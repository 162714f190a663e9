"""What Grafana Loki answers on ``/loki/api/v1/query_range``: the lines that jobs printed, in streams told by labels.

{"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"pod": "train-0"}, "values": [["<ns>",
"step 10 loss 2.31"], …]}, …]}}; older servers {"streams": [{"labels": "{…}", "entries": [{"ts": "…", "line": "…"}]}]}.
Streams of one process (its standard output and error, its levels) are put together in the order of their times, which
each stream has backwards by default; those of several pods or jobs are read one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Log
from losslens.parsers import text
from losslens.parsers.json_reading import Json, peek, read_document
from losslens.parsers.opening import HeldOutput
from losslens.parsers.printed.windows import records_in
from losslens.parsers.wrapped import dated_line

NAME = "loki"

#: Labels that tell streams of one process from each other, not processes.
_OF_ONE = frozenset(["stream", "level", "detected_level", "severity", "logstream", "filename", "flags", "logtag"])
#: Lines of an answer that are looked at to know whether a training printed them.
LOOKED_AT = 2_000

#: Labels, and (time as it stands there, line) in the order of the document.
_Stream = tuple[dict[str, str], list[tuple[str, str]]]


def sniff(path: Path, head: bytes) -> bool:
    if b'"streams"' not in head:
        return False
    lines = [line for _, entries in _streams(peek(head)) for _, line in entries[:LOOKED_AT]]
    return bool(records_in("\n".join(lines)))


def parse(path: Path) -> tuple[Log, ...]:
    """A Log for each process that printed something of a training.

    Raises NotALogError when no line of it names a number of a training, ParseError for a broken document.
    """
    read = read_document(path)
    streams = [(labels, entries) for labels, entries in _streams(read.value) if entries]
    known = dict.fromkeys(key for labels, _ in streams for key in labels if key not in _OF_ONE)
    telling = [key for key in known if len({labels.get(key) for labels, _ in streams}) > 1]
    processes: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for labels, entries in streams:
        said = processes.setdefault(tuple(labels.get(key, "") for key in telling), [])
        said.extend(entries if _rises(entries) else reversed(entries))
    logs: list[Log] = []
    for names, entries in processes.items():
        entries.sort(key=lambda entry: (len(entry[0]), entry[0]))  # whole numbers of one length, or ISO 8601
        printed = "".join(f"{dated_line(time, line)}\n" for time, line in entries)
        try:
            found = text.read_output(path, partial(HeldOutput, path, printed))
        except NotALogError:
            continue
        hint = ",".join(filter(None, names))
        logs.extend(replace(log, group_hint=log.group_hint or hint or None, damage=read.damage) for log in found)
    if not logs:
        raise NotALogError(f"{path}: no line of it names a number of a training")
    return tuple(logs)


def _streams(document: Json) -> Iterator[_Stream]:
    if not isinstance(document, dict):
        return
    data = document.get("data", document)
    kind = data.get("resultType") if isinstance(data, dict) else None
    found = data.get("result") if isinstance(data, dict) and kind == "streams" else document.get("streams")
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict):
            labels, entries = item.get("stream", item.get("labels")), item.get("values", item.get("entries"))
            named = labels.items() if isinstance(labels, dict) else [("labels", labels or "")]
            lines = [_entry(entry) for entry in entries] if isinstance(entries, list) else []
            yield {key: str(word) for key, word in named}, [line for line in lines if line is not None]


def _entry(entry: Json) -> tuple[str, str] | None:
    if isinstance(entry, dict):
        entry = [entry.get("ts"), entry.get("line")]
    if not isinstance(entry, list) or len(entry) < 2 or not isinstance(entry[1], str):
        return None
    return str(entry[0]), entry[1].rstrip("\r\n")


def _rises(entries: list[tuple[str, str]]) -> bool:
    """Whether the first entry is the earlier one; lines of one moment stand as they were printed."""
    first, last = entries[0][0], entries[-1][0]
    return (len(first), first) <= (len(last), last)
