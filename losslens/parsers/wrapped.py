"""What a job printed, out of the JSON that others wrap it in: Docker, Kaggle, Kubernetes' collectors, clouds, loggers.

Each record holds a line or a piece of one under a name such as ``log``, ``data`` or ``message``, and mostly when it was
printed. Records stand one a line or in one list. They are read one after the other: a file may be large.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from losslens.parsers.json_reading import Json
from losslens.parsers.opening import HEAD_BYTES, MAX_LINE_BYTES, LogFile, decode_head
from losslens.patterns import compiled

#: Names under which a record holds what was printed, the surest first; a dot leads into an object.
_TEXTS = (
    *("log", "data", "message", "msg", "textPayload", "jsonPayload.message", "record.message"),
    *("MESSAGE", "@message", "line", "event", "_source.message", "_source.log"),
)
_STREAMS = ("stream", "stream_name")
#: Names of the time; Kaggle's is counted from the start of the kernel, which is no date.
_TIMES = (
    "time",
    "timestamp",
    "@timestamp",
    "asctime",
    "ts",
    "record.time.timestamp",
    "__REALTIME_TIMESTAMP",
    "_source.@timestamp",
)
#: A list of records may stand by itself or under one of these; what Elasticsearch answers holds its hits.
_LIST = compiled(
    r'\s*(?:\{\s*"(?:events|logEvents|entries|logs|records)"\s*:\s*|\{\s*"took"[^\[\]]{1,600}?"hits"\s*:\s*)?\[\s*(?=\{)'
)
_RECORDS = compiled(r"\s*(?=\{)")
_BETWEEN = compiled(r"[\s,]*")
#: Records of the head that are looked at, and the share of them that must hold a text.
LOOKED_AT, MOST = 60, 0.8
#: A text is output when its letters and blanks make it a line, not a code: so many characters in the middle.
LEAST_LENGTH = 8
BLOCK_CHARACTERS = 1 << 20
_DECODER = json.JSONDecoder(strict=False)
#: Units of a second in which a number is a time between 2001 and 2100.
_UNITS = (1.0, 1e3, 1e6, 1e9)


@dataclass(frozen=True, slots=True)
class Wrapping:
    """Where in each record the text, the stream and the time stand; whether texts are pieces of lines, or lines."""

    text: str
    stream: str
    time: str
    pieces: bool
    backwards: bool = False
    """The latest comes first, as Google Cloud gives it."""


class WrappedOutput(LogFile):
    """The output of a job as it was printed, out of the records that hold it; times go before the lines."""

    def __init__(self, path: Path, wrapping: Wrapping) -> None:
        super().__init__(path)
        self.wrapping = wrapping

    def blocks(self) -> Iterator[str]:
        lines: list[str] = []
        size = 0
        found = _lines(self._records(), self.wrapping)
        for line in reversed(list(found)) if self.wrapping.backwards else found:
            lines.append(line)
            size += len(line) + 1
            if size >= BLOCK_CHARACTERS:
                yield "\n".join([*lines, ""])
                lines, size = [], 0
        if lines:
            yield "\n".join([*lines, ""])

    def _records(self) -> Iterator[Mapping[str, Json]]:
        """Every whole record; what is broken is passed over to the next that begins on a line of its own."""
        held, at, before = "", 0, 0
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        bare = (block.encode("utf-8", "replace") for block in super().blocks()) if self.framing.frames else None
        for chunk in bare or self._utf8():
            held, at = held[at:] + decoder.decode(chunk).replace("\0", ""), 0
            at = at if before else _start(held)
            while (found := _next(held, at)) is not None:
                record, at = found
                if isinstance(record, dict):
                    yield record
            before += len(chunk)
            if len(held) - at > MAX_LINE_BYTES:
                self._lost(max(0, before - (len(held) - at)), before - 1, "a record without an end")
                at = len(held)
        rest = held[at:].strip(" \t\r\n],}")
        if rest.startswith("{"):
            self._lost(max(0, before - len(held) + at), max(0, before - 1), "a record cut off")


def output_file(path: Path) -> LogFile:
    """A job's output as it was printed, whoever stored it."""
    file = LogFile(path)
    wrapping = wrapping_of(file.head)
    return file if wrapping is None else WrappedOutput(path, wrapping)


def output_head(head: bytes) -> str:
    """The text of a head as it was printed."""
    text = decode_head(head)
    wrapping = wrapping_of(head)
    return text if wrapping is None else "\n".join([*_lines(_in_text(text, _start(text)), wrapping), ""])


def output_part(part: bytes, wrapping: Wrapping | None) -> str:
    """The text of a part from the middle of a file as it was printed, from the first record that begins in it on."""
    text = part.decode("utf-8", "replace")
    if wrapping is None:
        return text
    begins = text.find("\n") + 1
    return "\n".join([*_lines(_in_text(text, begins), wrapping), ""])


def wrapping_of(head: bytes) -> Wrapping | None:
    """How the output is wrapped of which a file's first 64 KiB are given; None where it is not."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return None
    text = decode_head(head)
    records = []
    for record in _in_text(text, _start(text)):
        records.append(record)
        if len(records) == LOOKED_AT:
            break
    if len(records) < 3 and len(head) >= HEAD_BYTES:
        return None
    return _wrapping(records)


def _wrapping(records: list[Mapping[str, Json]]) -> Wrapping | None:
    if not records:
        return None
    for name in _TEXTS:
        texts = [text for record in records if isinstance(text := _at(record, name), str)]
        if len(texts) < max(MOST * len(records), 1) or len(set(texts)) < 0.1 * len(texts):
            continue
        if sorted(map(len, texts))[len(texts) // 2] < LEAST_LENGTH:
            continue
        stream = _first(records, _STREAMS)
        if len(records) == 1 and not stream:
            continue  # one object with a text in it is anything
        pieces = any(text.endswith("\n") for text in texts)
        time = _first(records, _TIMES)
        return Wrapping(name, stream, time, pieces, not pieces and time != "" and _fall(records, time))
    return None


def _first(records: list[Mapping[str, Json]], names: tuple[str, ...]) -> str:
    found = Counter(name for record in records for name in names if _at(record, name) is not None)
    return next((name for name in names if found[name] >= MOST * len(records)), "")


def _fall(records: list[Mapping[str, Json]], time: str) -> bool:
    """Whether the times go back from each record to the next."""
    spelled = [_time_of(_at(record, time)) for record in records]
    falls = [(a, b) for a, b in pairwise(spelled) if a and b]
    return len(falls) > 1 and all(a >= b for a, b in falls) and any(a > b for a, b in falls)


def _at(record: Mapping[str, Json], name: str) -> Json:
    first, _, rest = name.partition(".")
    value = record.get(first)
    return _at(value, rest) if rest and isinstance(value, dict) else None if rest else value


def _start(text: str) -> int:
    text_start = 1 if text.startswith("\ufeff") else 0
    match = _LIST.match(text, text_start) or _RECORDS.match(text, text_start)
    return match.end() if match else text_start


def _in_text(text: str, at: int) -> Iterator[Mapping[str, Json]]:
    while (found := _next(text, at)) is not None:
        record, at = found
        if isinstance(record, dict):
            yield record


def _next(text: str, at: int) -> tuple[Json, int] | None:
    """The next record and where it ends; None where no whole one is left. A broken line is passed over."""
    while True:
        at = _end(text, at)
        if at >= len(text) or text[at] != "{":
            return None
        try:
            record, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            # A record that is not whole yet, or one that never will be: then the next begins on another line.
            line_end = text.find("\n", at)
            following = _end(text, line_end) if line_end >= 0 else len(text)
            if following >= len(text) or text[following] != "{":
                return None
            at = following
            continue
        return record, end


def _end(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return match.end() if match else at


def _lines(records: Iterator[Mapping[str, Json]], wrapping: Wrapping) -> Iterator[str]:
    """The printed lines in the order in which they ended; of each stream its own pieces make its lines."""
    open_: dict[str, tuple[str, str]] = {}
    for record in records:
        text = _at(record, wrapping.text)
        if not isinstance(text, str):
            continue
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        time = _time_of(_at(record, wrapping.time)) if wrapping.time else ""
        if not wrapping.pieces:
            yield from (f"{time}{line}" for line in text.split("\n"))
            continue
        stream = str(record.get(wrapping.stream)) if wrapping.stream else ""
        begun, held = open_.pop(stream, (time, ""))
        *whole, rest = (held + text).split("\n")
        for number, line in enumerate(whole):
            yield f"{begun if not number else time}{line}"
        if len(rest) > MAX_LINE_BYTES:
            rest = ""
        if rest:
            open_[stream] = (begun if not whole else time, rest)
    yield from (f"{time}{rest}" for time, rest in open_.values())


def dated_line(time: Json, line: str) -> str:
    """A line behind the moment at which it was printed, where that is one."""
    return f"{_time_of(time)}{line}"


def _time_of(value: Json) -> str:
    """A date as it goes before a line; nothing for seconds since the start or a spelling that no line begins with."""
    if isinstance(value, str) and value.isdigit() and len(value) >= 10:
        value = float(value)
    if isinstance(value, str):
        return f"{value} " if value[:4].isdigit() and len(value) >= 19 else ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    for unit in _UNITS:
        if 1e9 * unit <= value <= 4.1e9 * unit:
            return datetime.fromtimestamp(value / unit, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ ")
    return ""
