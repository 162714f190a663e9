"""The points of a tag stay in order and are held once, whatever portions they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from losslens.parsers.event_files.tracks import Track

if TYPE_CHECKING:
    from losslens.parsers.event_files.tracks import Part


def part(first: int, size: int) -> Part:
    row = np.arange(first, first + size, dtype=np.int64)
    number = row.astype(np.float64)
    return row, 10 * row, number + 0.5, -number


@pytest.mark.parametrize("sizes", [[5], [1, 1, 1, 1], [3, 0, 400, 2], [1000, 1], [0, 7]])
def test_points_come_out_in_the_order_they_went_in(sizes: list[int]) -> None:
    track = Track()
    for first, size in zip(np.cumsum([0, *sizes]).tolist(), sizes, strict=False):
        track.add(part(first, size), share=0.1)
    found, expected = track.take(), part(0, sum(sizes))
    assert found is not None
    for column, true in zip(found, expected, strict=True):
        assert column.dtype == true.dtype
        assert column.tolist() == true.tolist()


def test_a_track_is_empty_once_its_points_are_taken() -> None:
    track = Track()
    track.add(part(0, 3))
    assert track.take() is not None
    assert track.take() is None


def test_what_was_given_is_not_written_to() -> None:
    batch = part(0, 100)
    track = Track()
    track.add((batch[0][:10], batch[1][:10], batch[2][:10], batch[3][:10]))
    track.add(part(10, 10))
    assert batch[0].tolist() == list(range(100))


def test_points_that_come_evenly_are_moved_once_however_long_the_file() -> None:
    track, portions = Track(), 2000
    places = set[int]()
    for i in range(portions):
        track.add(part(20 * i, 20), share=(i + 1) / portions)
        places.add(track._columns[0].__array_interface__["data"][0])
    assert len(places) == 2  # the first portion as it came, and the room made with the second
