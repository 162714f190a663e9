"""The scalars of one event file, collected window by window and given out tag by tag."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from losslens.model import RawSeries
from losslens.parsers.event_files.chain import FOOTER, HEADER
from losslens.parsers.event_files.columns import Columns, read_columns
from losslens.parsers.event_files.events import Event, MalformedEvent, Octets, Value, decode
from losslens.parsers.event_files.records import Gap, LargeRecord, Window
from losslens.parsers.event_files.tracks import Track

if TYPE_CHECKING:
    from losslens.model import BoolArray, FloatArray, IntArray

    Record: TypeAlias = tuple[int, int, Octets]
    """row, position of the payload in the file, payload"""

_SCALARS = ("", "scalars")
"""Plugins whose one-number tensors are scalars. Other plugins' tensors never are."""


@dataclass(slots=True)
class Points:
    """Scalars of one window in the order they were written, one entry each; ``tag`` is a place in ``Scalars``."""

    tag: IntArray
    row: IntArray
    step: IntArray
    wall_time: FloatArray
    value: FloatArray

    def __getitem__(self, chosen: IntArray | BoolArray) -> Points:
        return Points(self.tag[chosen], self.row[chosen], self.step[chosen], self.wall_time[chosen], self.value[chosen])


@dataclass(slots=True)
class Scalars:
    """Collects points in file order; nothing is sorted by step, merged or dropped."""

    gaps: list[Gap]
    """Damage of the file; records that are not events are added to it."""
    size: int = 0
    """Bytes of the file, as far as known: room is made for the points that it should hold."""
    records: int = 0
    _tags: dict[str, int] = field(default_factory=dict)
    """Tag -> place in ``_tracks``"""
    _tracks: list[Track] = field(default_factory=list)
    _plugins: dict[str, str] = field(default_factory=dict)
    """Tag -> the plugin that its first tensor named"""

    def read(self, part: Window | LargeRecord) -> list[tuple[int, Event]]:
        """Take the scalars of a window. Returns the events that may hold something else, with their rows."""
        if isinstance(part, LargeRecord):
            return self.read_one_by_one([(part.row, part.offset, part.payload)])
        columns = read_columns(part)
        decoded = self._decode(_records(part, np.flatnonzero(columns.unusual)))
        if part.row.size:
            self.records = int(part.row[-1]) + 1
        self._settle_plugins(
            [(part.offset + kind.example.at, kind.example) for kind in columns.kinds]
            + [(offset + value.at, value) for _, offset, event in decoded for value in event.values]
        )
        place, points = self._of_columns(part, columns)
        if any(event.values for _, _, event in decoded):
            place, points = _merged(place, points, *self._of_events(decoded))
        end = part.offset + int(part.start[-1] + part.length[-1]) if part.start.size else 0
        self._store(points, min(end / self.size, 1.0) if end and self.size else 1.0)
        return [(row, event) for row, _, event in decoded]

    def read_one_by_one(self, records: Sequence[Record]) -> list[tuple[int, Event]]:
        """The same for a few records, without columns."""
        decoded = self._decode(records)
        if records:
            self.records = records[-1][0] + 1
        self._settle_plugins([(offset + value.at, value) for _, offset, event in decoded for value in event.values])
        self._store(self._of_events(decoded)[1])
        return [(row, event) for row, _, event in decoded]

    def series(self) -> dict[str, RawSeries]:
        """All points, tag by tag in the order in which the tags first appeared."""
        found = list[RawSeries]()
        for tag, number in self._tags.items():
            points = self._tracks[number].take()
            if points is None:
                continue
            row, step, wall_time, value = points
            axis = "epoch" if tag.startswith("epoch_") else "step"
            found.append(RawSeries(tag, step, value, wall_time, row, axis))
        return {one.tag: one for one in sorted(found, key=lambda one: int(one.row[0]))}

    def _decode(self, records: Iterable[Record]) -> list[tuple[int, int, Event]]:
        """``(row, position, event)`` of each record; those that are not events are damage."""
        decoded = list[tuple[int, int, Event]]()
        for row, offset, payload in records:
            try:
                decoded.append((row, offset, decode(payload)))
            except MalformedEvent as error:
                last = offset + len(payload) + FOOTER - 1
                self.gaps.append(Gap(offset - HEADER, last, f"record is not an event: {error}", row, 1))
        return decoded

    def _settle_plugins(self, values: list[tuple[int, Value]]) -> None:
        tensors = [(place, value) for place, value in values if value.is_tensor]
        for _, value in sorted(tensors, key=itemgetter(0)):
            self._plugins.setdefault(value.tag, value.plugin)

    def _number_of(self, value: Value) -> int:
        """The place of a value's tag in ``_tracks``, or -1 if the value is not a scalar."""
        if value.number is None or (value.is_tensor and self._plugins[value.tag] not in _SCALARS):
            return -1
        number = self._tags.setdefault(value.tag, len(self._tracks))
        if number == len(self._tracks):
            self._tracks.append(Track())
        return number

    def _of_columns(self, part: Window, columns: Columns) -> tuple[IntArray, Points]:
        tag = np.array([self._number_of(kind.example) for kind in columns.kinds], np.int64)[columns.kind]
        row = part.row[columns.record]
        points = Points(tag, row, columns.step, columns.wall_time, columns.number)
        place = columns.place + part.offset
        if tag.size and tag.min() < 0:
            scalar = tag >= 0
            return place[scalar], points[scalar]
        return place, points

    def _of_events(self, decoded: Sequence[tuple[int, int, Event]]) -> tuple[IntArray, Points]:
        place, tag, row, step = list[int](), list[int](), list[int](), list[int]()
        wall_time, number = list[float](), list[float]()
        for event_row, offset, event in decoded:
            for value in event.values:
                tag_number = self._number_of(value)
                if tag_number < 0 or value.number is None:
                    continue
                place.append(offset + value.at)
                tag.append(tag_number)
                row.append(event_row)
                step.append(event.step)
                wall_time.append(event.wall_time)
                number.append(value.number.value)
        points = Points(
            np.array(tag, np.int64),
            np.array(row, np.int64),
            np.array(step, np.int64),
            np.array(wall_time, np.float64),
            np.array(number, np.float64),
        )
        return np.array(place, np.int64), points

    def _store(self, points: Points, share: float = 1.0) -> None:
        """Deal the points out to their tags; ``share`` is how much of the file has been read."""
        if not points.tag.size:
            return
        narrow = np.uint16 if len(self._tracks) <= 1 << 16 else np.int64  # NumPy sorts 16-bit keys by radix
        points = points[np.argsort(points.tag.astype(narrow), kind="stable")]
        last = np.flatnonzero(points.tag[1:] != points.tag[:-1]) + 1
        edges = [0, *last.tolist(), points.tag.size]
        for first, stop in pairwise(edges):
            piece = slice(first, stop)
            part = points.row[piece], points.step[piece], points.wall_time[piece], points.value[piece]
            self._tracks[int(points.tag[first])].add(part, share)


def _records(window: Window, chosen: IntArray) -> Iterable[Record]:
    for i in chosen.tolist():
        start = int(window.start[i])
        payload = window.data[start : start + int(window.length[i])].tobytes()
        yield int(window.row[i]), window.offset + start, payload


def _merged(place: IntArray, points: Points, other_place: IntArray, others: Points) -> tuple[IntArray, Points]:
    """Two sets of points as one, in file order."""
    place = np.concatenate([place, other_place])
    order = np.argsort(place, kind="stable")  # two sorted runs: merged in linear time
    both = Points(
        np.concatenate([points.tag, others.tag]),
        np.concatenate([points.row, others.row]),
        np.concatenate([points.step, others.step]),
        np.concatenate([points.wall_time, others.wall_time]),
        np.concatenate([points.value, others.value]),
    )
    return place[order], both[order]
