"""``monitor.csv`` of Stable-Baselines and its likes: return, length and time of each episode, below a line of JSON.

The columns are called ``r``, ``l`` and ``t``. What is counted is the steps of the environment, the lengths added up, as
the library's own plots have it.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from losslens.errors import NotALogError
from losslens.model import Damage, Log, RawSeries, Setting
from losslens.parsers.json_reading import loads, number_of
from losslens.parsers.opening import LogFile, decode_head, peeked, placed_lines, read_head
from losslens.parsers.settings import flat_settings
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.model import FloatArray

NAME = "sb3-monitor"

_COLUMNS = "r,l,t"
#: What the library's own logger calls the return and the length of an episode.
_RETURN, _LENGTH = "rollout/ep_rew", "rollout/ep_len"
#: What the first line says of the training.
_SAID = ("env_id",)
_NAME = compiled(r"(?:.+\.)?monitor\.csv")
MOST_STEPS = 1 << 40
"""A longer episode is none."""
MOST_FILES = 1_024
"""Environments of one training."""


def sniff(path: Path, head: bytes) -> bool:
    """Whether JSON behind "#" says when it was begun, and names the columns below it."""
    above, _, below = head.partition(b"\n")
    return above.startswith(b"#") and b'"t_start"' in above and below.startswith(_COLUMNS.encode())


def claims(path: Path, names: Sequence[str]) -> bool:
    """Each environment of several that one training plays in writes a file of its own."""
    name = next((name for name in names if owns(path, name)), None)
    return name is not None and sniff(path / name, peeked(path / name))


def owns(path: Path, name: str) -> bool:
    return bool(_NAME.fullmatch(name))


def parse(path: Path) -> tuple[Log, ...]:
    """One Log of the episodes of all environments, in the order of their ends. Raises NotALogError without any."""
    import numpy as np

    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if owns(path, file.name) and file.is_file())[:MOST_FILES]
    parts = [_read(file) for file in files]
    begun = min((part.begun for part in parts if not math.isnan(part.begun)), default=math.nan)
    returns, lengths, times = (np.concatenate([part.columns[i] for part in parts]) for i in range(3))
    if not returns.size:
        raise NotALogError(f"{path}: no episode was written")
    order = np.argsort(times, kind="stable")
    returns, lengths, times = returns[order], lengths[order], times[order]
    steps = np.cumsum(np.nan_to_num(lengths, posinf=0.0, neginf=0.0).clip(0, MOST_STEPS)).astype(np.int64)
    rows = np.arange(steps.size, dtype=np.int64)
    series = {
        tag: RawSeries(tag, steps, value, times, rows, axis="timesteps")
        for tag, value in ((_RETURN, returns), (_LENGTH, lengths))
    }
    damage = tuple(one for part in parts for one in part.damage)
    settings = {setting.name: setting for part in parts for setting in part.settings}
    return (
        Log(
            str(path),
            NAME,
            series,
            tuple(settings.values()),
            damage=damage,
            trainer="sb3",
            first_time=None if math.isnan(begun) else begun,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """The episodes of one file: returns, lengths, times (s UTC)."""

    begun: float
    columns: tuple[FloatArray, FloatArray, FloatArray]
    settings: tuple[Setting, ...]
    damage: tuple[Damage, ...]


def _read(path: Path) -> _Part:
    """A line that is no episode is damage."""
    import numpy as np

    begun, settings = _told(path)
    columns = array("d"), array("d"), array("d")
    damage: list[Damage] = []
    file = LogFile(path)
    for line, offset in placed_lines(file):
        if not line.strip() or line.startswith(("#", _COLUMNS)):
            continue
        try:
            cells = [float(cell) for cell in line.split(",")[: len(columns)]]
        except ValueError:
            cells = []
        if len(cells) < len(columns):
            damage.append(Damage(str(path), offset, offset + len(line) - 1, "an episode cut off or broken", 1))
            continue
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell)
    returns, lengths, times = (np.array(column, dtype=np.float64) for column in columns)
    return _Part(begun, (returns, lengths, times + begun), settings, (*file.damage, *damage))


def _told(path: Path) -> tuple[float, tuple[Setting, ...]]:
    """When it was begun, in s UTC, and the environment, by the first line."""
    first = decode_head(read_head(path)).partition("\n")[0]
    try:
        told = loads(first.lstrip("#"))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return math.nan, ()
    begun = number_of(told.get("t_start"))
    return math.nan if begun is None else begun, flat_settings({key: told[key] for key in _SAID if key in told}, path)
