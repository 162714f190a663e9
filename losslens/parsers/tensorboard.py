"""TensorBoard event files, from any writer: TensorFlow 1 and 2, Keras, PyTorch, tensorboardX, JAX's clu, …

Every scalar is kept in the order it was written: repeated steps, rewinds and branches that a resume overwrote. Damage
costs what it covers and is returned in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path

import numpy as np

from losslens.errors import NotALogError, ParseError
from losslens.model import Damage, Log, RawSeries
from losslens.parsers.event_files.crc32c import crc32c, mask
from losslens.parsers.event_files.files import open_events
from losslens.parsers.event_files.notes import Notes
from losslens.parsers.event_files.records import Gap, RecordReader, whole_file
from losslens.parsers.event_files.scalars import Scalars
from losslens.patterns import compiled

NAME = "tensorboard"

_FILE_NAME = compiled(r"\.tfevents\.(\d{9,11})\b")


def sniff(path: Path, head: bytes) -> bool:
    """Whether a file begins with a record whose length checksum holds, or is named like an event file."""
    if len(head) >= 12 and mask(crc32c(head[:8])).to_bytes(4, "little") == head[8:12]:
        return True
    return ".tfevents." in path.name


def parse(path: Path) -> tuple[Log, ...]:
    """Read one event file, gzip'd or not.

    Raises NotALogError for a file of another kind, ParseError where the system does not give the bytes.
    """
    try:
        return (_read(path),)
    except OSError as error:
        raise ParseError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read(path: Path) -> Log:
    notes = Notes(path)
    file, cut = open_events(path)
    with file:
        reader = RecordReader(file)
        scalars = Scalars(reader.gaps, reader.size)
        records = whole_file(file)
        if records is not None:
            notes.take(scalars.read_one_by_one(records))
        else:
            for part in reader:
                notes.take(scalars.read(part))
    if not scalars.records and ".tfevents." not in path.name:
        raise NotALogError(f"{path}: no readable TensorBoard record")
    if cut:
        last = max(reader.size - 1, 0)
        reader.gaps.append(Gap(last, last, "gzip stream cut off behind this byte", scalars.records))
    series = scalars.series()
    first_row = min((int(one.row[0]) for one in series.values()), default=0)
    named = _FILE_NAME.search(path.name)
    return Log(
        path=str(path),
        format=NAME,
        series=series,
        settings=notes.settings(),
        events=notes.log_events(first_row),
        damage=_damage(path, reader.gaps, series),
        restarts=notes.restarts(first_row),
        trainer="keras" if path.suffix == ".v2" and "epoch_loss" in series else None,
        first_time=notes.first_time or (float(named[1]) if named else None),
    )


def _damage(path: Path, gaps: list[Gap], series: Mapping[str, RawSeries]) -> tuple[Damage, ...]:
    """The gaps in file order, each with the step that was read last before it."""
    if not gaps:
        return ()
    gaps = sorted(gaps, key=attrgetter("first_byte"))
    rows = np.concatenate([np.zeros(0, np.int64), *(one.row for one in series.values())])
    steps = np.concatenate([np.zeros(0, np.int64), *(one.step for one in series.values())])
    order = rows.argsort(kind="stable")
    before = rows[order].searchsorted([gap.row for gap in gaps]) - 1
    return tuple(
        Damage(
            path=str(path),
            first_byte=gap.first_byte,
            last_byte=gap.last_byte,
            reason=gap.reason,
            records_lost=gap.records_lost,
            after_step=int(steps[order[last]]) if last >= 0 else None,
        )
        for gap, last in zip(gaps, before.tolist(), strict=True)
    )
