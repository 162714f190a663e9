"""TensorBoard event files, from any writer: TensorFlow 1 and 2, Keras, PyTorch, tensorboardX, JAX's clu, …

Every scalar is kept in the order it was written: repeated steps, rewinds and branches that a resume overwrote. Damage
costs what it covers and is returned in the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Damage, Log, LogEvent, RawSeries, Setting
from losslens.parsers.event_files.crc32c import crc32c, mask
from losslens.parsers.event_files.events import CHECKPOINT, START, STOP, Event
from losslens.parsers.event_files.records import Gap, RecordReader, open_events, whole_file
from losslens.parsers.event_files.scalars import Scalars

NAME = "tensorboard"

_FILE_NAME = re.compile(r"\.tfevents\.(\d{9,11})\b")


def sniff(path: Path, head: bytes) -> bool:
    """Whether a file begins with a record whose length checksum holds, or is named like an event file."""
    if len(head) >= 12 and mask(crc32c(head[:8])).to_bytes(4, "little") == head[8:12]:
        return True
    return ".tfevents." in path.name


def parse(path: Path) -> tuple[Log, ...]:
    """Read one event file, gzip'd or not."""
    unusual = list[tuple[int, Event]]()
    file, cut = open_events(path)
    with file:
        reader = RecordReader(file)
        scalars = Scalars(reader.gaps)
        records = whole_file(file)
        if records is not None:
            unusual += scalars.read_one_by_one(records)
        else:
            for part in reader:
                unusual += scalars.read(part)
        size = reader.size
    if not scalars.records and ".tfevents." not in path.name:
        raise NotALogError(f"{path}: no readable TensorBoard record")
    gaps = reader.gaps
    if cut:
        gaps.append(Gap(size, size, "gzip stream cut off", scalars.records))
    series = scalars.series()
    first_row = min((int(s.row[0]) for s in series.values()), default=0)
    return (
        Log(
            path=str(path),
            format=NAME,
            series=series,
            settings=_settings(path, unusual),
            events=_log_events(path, unusual, first_row),
            damage=tuple(_damage(path, gap, series) for gap in sorted(gaps, key=lambda g: g.first_byte)),
            restarts=_restarts(unusual, first_row),
            trainer=_trainer(path, series),
            first_time=_first_time(path, unusual),
        ),
    )


def _settings(path: Path, unusual: list[tuple[int, Event]]) -> tuple[Setting, ...]:
    values = [value for _, event in unusual for value in event.values if value.plugin in ("hparams", "text")]
    if not values:
        return ()
    from losslens.parsers.event_files.settings import settings_of  # only where there are any

    return settings_of(values, path)


def _restarts(unusual: list[tuple[int, Event]], first_row: int) -> tuple[int, ...]:
    """Rows at which a session or a file began again, after scalars had been written."""
    return tuple(
        row for row, event in unusual if row > first_row and (event.session_status == START or event.file_version)
    )


def _log_events(path: Path, unusual: list[tuple[int, Event]], first_row: int) -> tuple[LogEvent, ...]:
    found = list[LogEvent]()
    for row, event in unusual:
        if event.session_status == START and row > first_row:
            kind, text = "restart", event.text or "session started"
        elif event.session_status == STOP:
            kind, text = "message", event.text or "session stopped"
        elif event.session_status == CHECKPOINT:
            kind, text = "checkpoint", event.text or "checkpoint saved"
        elif event.text:
            kind, text = "message", event.text
        else:
            continue
        found.append(LogEvent(kind, text, str(path), event.step, event.wall_time or None))
    return tuple(found)


def _first_time(path: Path, unusual: list[tuple[int, Event]]) -> float | None:
    for _, event in unusual:
        if event.file_version and event.wall_time > 0:
            return event.wall_time
    named = _FILE_NAME.search(path.name)
    return float(named[1]) if named else None


def _damage(path: Path, gap: Gap, series: Mapping[str, RawSeries]) -> Damage:
    after_row, after_step = -1, None
    for one in series.values():
        before = int(one.row.searchsorted(gap.row)) - 1
        if before >= 0 and one.row[before] > after_row:
            after_row, after_step = int(one.row[before]), int(one.step[before])
    return Damage(str(path), gap.first_byte, gap.last_byte, gap.reason, gap.records_lost, after_step)


def _trainer(path: Path, series: Mapping[str, RawSeries]) -> str | None:
    return "keras" if path.suffix == ".v2" and "epoch_loss" in series else None
