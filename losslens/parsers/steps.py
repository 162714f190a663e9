"""Which step and which time every row of a table has."""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from losslens.model import Warning
from losslens.parsers.axes import EPOCHS, STEP_COUNTS, STEP_RANK, TIMES, normalise
from losslens.parsers.columns import Column, Columns
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.model import FloatArray, IntArray

GOOD_COVERAGE = 0.9
"""A step column that fills fewer rows than this yields to one that fills more."""
MAX_EXACT = 2**53
_COUNTED = compiled(r"(?:epochs?|steps?|iter(?:ation)?s?|ep|e)?[ _:#-]*(\d{1,15})(?:\s*(?:/|of)\s*\d+)?", re.IGNORECASE)
MAX_FALLS = 0.2
"""Share of rows at which a counter may fall back, each a resume; one that falls oftener counts something else.

In a short table half as often as it rises will do.
"""
COUNTS_ON = 0.9
"""Share of its rows in which a nameless count goes up by as much as ever; in the others the job was started again."""
LEAST_EVEN = 5
"""Rows of a letter that are taken for a count."""
_COUNTS_OF = frozenset(["step", "steps", "iter", "iters", "iteration", "iterations", "update", "updates"])
_COUNTS_OF |= {"timestep", "timesteps", "frames", "episode", "episodes", "epoch", "epochs"}
"""Words at the end of a name that say that it may count: "agent_steps", "learner_updates", "outer_iter"."""
_LETTERS = frozenset("ijknt")
"""What a loop counts with, and much else is called: the step where it counts evenly and nothing better is there."""
MAX_FALLS_OF_DOUBTFUL = 0.02
MIN_RISES = 0.3
"""A counter that stands still in most rows (episode lengths, sizes) yields to one that moves."""
_DOUBTFUL = frozenset(
    ["it", "steps", "batch", "batches", "batch_idx", "update", "updates", "episodes", "tokens", "samples", "generation"]
)
"""Names that also stand for sizes, lengths and indices."""


@dataclass(frozen=True)
class Axis:
    """``step``: shape ``(n_rows,)``. ``columns`` are the ones used up by the axis, which are no series of their own."""

    step: IntArray
    counts: str
    columns: tuple[str, ...] = ()
    warnings: tuple[Warning, ...] = ()


def read_counted_words(columns: Columns) -> None:
    """Make numbers of a step column of words such as "epoch 3" or "3/100"."""
    for column in columns:
        if normalise(column.name) not in STEP_RANK or len(column.values) or not column.codes or column.unread:
            continue
        matches = {word: _COUNTED.fullmatch(word.strip()) for word in column.words}
        if all(matches.values()):
            pairs = [(row, float(match[1])) for row, word in column.texts() if (match := matches[word]) is not None]
            column.keep(pairs)
            column.words, column.codes, column.text_rows = {}, array("q"), array("q")


def choose_axis(columns: Columns, *, wanted: str | None = None, otherwise: str = "row") -> Axis:
    """The x of a table: its best step column, else a whole-numbered epoch, else the row number.

    ``wanted`` names the column where the format fixes it, ``otherwise`` what a row counts when no column says it.
    """
    import numpy as np

    n_rows = columns.n_rows
    _in_whole_units(columns)
    epoch = next((c for c in columns if normalise(c.name) in EPOCHS and c.is_numeric), None)
    named = [column for column in columns if normalise(column.name) in STEP_RANK]
    candidates = [found for column in named if (found := _candidate(column, epoch, n_rows)) is not None]
    candidates.sort(key=lambda c: (c.column.name != wanted, *c.order(n_rows)))
    for found in candidates:
        column = found.column
        counts = STEP_COUNTS[normalise(column.name)]
        step, filled = _filled(column, n_rows)
        if counts == "epoch" and _repeats(columns, column, step):
            break  # many rows an epoch: the epoch says where they are only roughly
        warnings: list[Warning] = []
        if found.per_epoch:
            step = step + (_epoch_index(epoch, n_rows) if epoch is not None else _rounds(step)) * found.per_epoch
            text = f"'{column.name}' starts again each epoch: counted on, {found.per_epoch} an epoch"
            warnings.append(Warning("steps-restart-each-epoch", text))
        if filled:
            text = f"'{column.name}' is empty in {filled} of {n_rows} rows: these take the step of the row before"
            warnings.append(Warning("step-filled", text))
        return Axis(step, counts, (column.name,), tuple(warnings))
    whose = next((column for column in columns if _counts_something(column, n_rows)), None)
    if whose is not None:
        step, _ = _filled(whose, n_rows)
        return Axis(step, STEP_COUNTS[_last_word(whose.name)], (whose.name,))
    index = _index_column(columns)
    if index is not None:
        step, _ = _filled(index, n_rows)
        return Axis(step, "row", (index.name,))
    letters = (column for column in columns if normalise(column.name) in _LETTERS)
    letter = next((column for column in letters if _counts_evenly(column, n_rows)), None)
    if letter is not None:
        return Axis(_filled(letter, n_rows)[0], "step", (letter.name,))
    return Axis(np.arange(n_rows, dtype=np.int64), otherwise)


def _last_word(name: str) -> str:
    return normalise(name).rpartition("_")[2]


def _counts_something(column: Column, n_rows: int) -> bool:
    """Whether a column under a name of its own that ends in that of a count ("agent_steps") is one: it goes up from row
    to row, or begins anew where it had begun; the steps that episodes took do not."""
    import numpy as np

    if _last_word(column.name) not in _COUNTS_OF or not column.is_numeric or len(column.values) != n_rows:
        return False
    _, values = column.numbers()
    if n_rows < LEAST_EVEN or not np.isfinite(values).all() or np.any(values != np.rint(values)):
        return False
    change = np.diff(values)
    falls = np.flatnonzero(change <= 0) + 1
    anew = bool(np.all(values[falls] <= values[0])) and float(np.abs(values).max()) < MAX_EXACT
    return anew and falls.size <= (1.0 - COUNTS_ON) * n_rows + 1 and falls.size < n_rows / LEAST_EVEN


def _in_whole_units(columns: Columns) -> None:
    """Thousands of images are counted in fractions; they are told apart by their whole part, as event files count."""
    import numpy as np

    for column in columns:
        if STEP_COUNTS.get(normalise(column.name)) == "kimg" and column.is_numeric:
            rows, values = column.numbers()
            whole = np.floor(values)
            if np.isfinite(values).all() and values.size > 1 and np.all(np.diff(whole) > 0):
                column.keep(list(zip(rows.tolist(), whole.tolist(), strict=True)))


@dataclass(frozen=True)
class _Candidate:
    """A column that may count the steps; ``per_epoch`` is 0 unless it starts again each epoch."""

    column: Column
    per_epoch: int
    rises: float
    """Share of its rows that are above the row before."""

    def order(self, n_rows: int) -> tuple[bool, bool, int, int]:
        """The best sorts first: one that fills the rows and moves on, then by name."""
        filled = len(self.column.values)
        full = filled >= GOOD_COVERAGE * n_rows
        return self.rises < MIN_RISES, not full, 0 if full else -filled, STEP_RANK[normalise(self.column.name)]


def _candidate(column: Column, epoch: Column | None, n_rows: int) -> _Candidate | None:
    """A column of whole numbers that go up, but for the few falls that resumes make."""
    import numpy as np

    if not column.is_numeric:
        return None
    _, values = column.numbers()
    values = values[np.isfinite(values)]
    if values.size < 0.9 * len(column.values) or np.abs(values).max() >= MAX_EXACT:
        return None
    if not np.all(np.abs(values - np.rint(values)) <= 1e-6):
        return None
    if values.size == 1 or n_rows == 1:
        return _Candidate(column, 0, 1.0)
    change = np.diff(values)
    falls, rises = float(np.mean(change < 0)), float(np.mean(change > 0))
    name = normalise(column.name)
    per_epoch = 0
    if STEP_COUNTS[name] != "epoch" and falls:
        per_epoch = _restarts_each_epoch(column, epoch, n_rows) if epoch is not None else _period(column)
    if per_epoch:
        return _Candidate(column, per_epoch, rises)
    few_falls = MAX_FALLS_OF_DOUBTFUL if name in _DOUBTFUL else max(MAX_FALLS, 0.5 * rises)
    if not change.any():
        return _Candidate(column, 0, 0.0) if n_rows <= 2 and name not in _DOUBTFUL else None
    return _Candidate(column, 0, rises) if falls <= few_falls and rises else None


def _filled(column: Column, n_rows: int) -> tuple[IntArray, int]:
    """One whole number a row, empty cells taking the one before, and how many were empty."""
    import numpy as np

    rows, values = column.numbers()
    finite = np.isfinite(values)
    rows, values = rows[finite], values[finite]
    steps = np.rint(values).astype(np.int64)
    if len(rows) == n_rows:
        return steps, 0
    before = np.searchsorted(rows, np.arange(n_rows), side="right") - 1
    return steps[np.maximum(before, 0)], n_rows - len(rows)


def _repeats(columns: Columns, axis: Column, step: IntArray) -> bool:
    """True when one column has several points in most epochs, and no word (train, val) tells them apart."""
    import numpy as np

    changes = np.zeros(columns.n_rows, dtype=bool)
    changes[[row for row in columns.restarts if row < columns.n_rows]] = True
    for column in columns:
        if column.codes and len(column.codes) == columns.n_rows:
            codes = np.array(column.codes, dtype=np.int64)
            changes[1:] |= np.diff(codes) != 0
    groups = np.cumsum(changes)
    for column in columns:
        if column is axis or not column.is_numeric or len(column.values) < 4:
            continue
        rows, _ = column.numbers()
        same = (np.diff(step[rows]) == 0) & (np.diff(groups[rows]) == 0)
        if same.sum() >= 3 and np.mean(same) > 0.3:
            return True
    return False


def _epoch_index(epoch: Column, n_rows: int) -> IntArray:
    import numpy as np

    rows, values = epoch.numbers()
    values = np.where(np.isfinite(values), values, 0.0)
    before = np.searchsorted(rows, np.arange(n_rows), side="right") - 1
    index: IntArray = np.floor(values - values.min()).astype(np.int64)[np.maximum(before, 0)]
    return index


def _restarts_each_epoch(column: Column, epoch: Column, n_rows: int) -> int:
    """Steps an epoch when the counter falls back exactly where the epoch goes up; 0 when it counts on."""
    import numpy as np

    if len(column.values) < 4:
        return 0
    rows, values = column.numbers()
    epochs = _epoch_index(epoch, n_rows)[rows]
    fell = np.diff(values) < 0
    rose = np.diff(epochs) > 0
    if not fell.any() or (fell & rose).sum() < 0.8 * fell.sum() or (fell & rose).sum() < 0.8 * rose.sum():
        return 0
    # A validation row may carry the epoch's last count, so the largest counts, whoever logged it.
    return int(values.max()) + (1 if values.min() == 0 else 0)


def _rounds(step: IntArray) -> IntArray:
    """How often the count has fallen back before each row."""
    import numpy as np

    rounds: IntArray = np.cumsum(np.diff(step, prepend=step[:1]) < 0)
    return rounds


def _period(column: Column) -> int:
    """Steps a round of a counter that runs from the same start to the same end at least three times; 0 otherwise.

    A job that was started anew several times died at different steps each time.
    """
    import numpy as np

    _, values = column.numbers()
    falls = np.flatnonzero(np.diff(values) < 0)
    if falls.size < 3 or len(set(values[falls])) > 1 or set(values[falls + 1]) != {values[0]}:
        return 0
    interval = values[1] - values[0]
    return int(values[falls[0]]) + (int(interval) if values[0] == 0 else 0)


def _index_column(columns: Columns) -> Column | None:
    """The row number that pandas and spreadsheets put in front, without a name; or the first of unnamed columns."""
    import numpy as np

    first = next(iter(columns), None)
    if first is None or not first.is_numeric or len(first.values) < 2 or len(first.values) != columns.n_rows:
        return None
    if normalise(first.name) not in ("", "unnamed_0", "index", "idx", "column_1", "id", "row", "x"):
        return None
    if len(columns.by_name) < 2:
        return None
    _, values = first.numbers()
    whole = bool(np.isfinite(values).all() and np.all(values == np.rint(values)) and np.abs(values).max() < MAX_EXACT)
    change = np.diff(values)
    # In a table without names a count that a resume set back is known by its even rise everywhere else.
    usual = np.median(change)
    counts = normalise(first.name) == "column_1" and usual > 0 and np.mean(change == usual) >= COUNTS_ON
    return first if whole and (counts or np.all(change > 0)) else None


def _counts_evenly(column: Column, n_rows: int) -> bool:
    """Whether each row holds a whole number above the one before, and nearly each by as much."""
    import numpy as np

    if not column.is_numeric or n_rows < LEAST_EVEN or len(column.values) != n_rows:
        return False
    _, values = column.numbers()
    if not np.isfinite(values).all() or np.any(values != np.rint(values)) or np.abs(values).max() >= MAX_EXACT:
        return False
    change = np.diff(values)
    return bool(np.all(change > 0) and np.mean(change == np.median(change)) >= COUNTS_ON)


def choose_time(columns: Columns, taken: tuple[str, ...] = ()) -> tuple[FloatArray, tuple[str, ...], bool]:
    """Wall time of every row (s UTC, NaN where not logged), the columns used up, whether a time zone was missing."""
    import numpy as np

    dated = [column for column in columns if column.name not in taken and normalise(column.name) in TIMES]
    for column in sorted(dated, key=lambda column: not column.is_numeric):  # a count of seconds knows its zone
        if column.is_numeric:
            dense = column.dense(columns.n_rows)
            scale = _time_scale(dense)
            if scale:
                return dense / scale, (column.name,), False
        elif column.n_texts and not len(column.values):
            wall = np.full(columns.n_rows, np.nan)
            naive = False
            for row, text in column.texts():
                moment = _moment(text)
                if moment is None:
                    break
                naive |= moment.tzinfo is None
                wall[row] = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            else:
                return wall, (column.name,), naive
    return np.full(columns.n_rows, np.nan), (), False


def _time_scale(values: FloatArray) -> float:
    """Units a second for a column of absolute times (s, ms, us or ns since 1970); 0 for a stop-watch."""
    import numpy as np

    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0
    low, high = float(finite.min()), float(finite.max())
    for scale in (1.0, 1e3, 1e6, 1e9):
        # 2001 to 2100
        if low >= 1e9 * scale and high <= 4.1e9 * scale:
            return scale
    return 0.0


def moment_of(text: str) -> float | None:
    """The moment that a text tells, in s UTC; one without a time zone is taken as UTC. None for any other text."""
    moment = _moment(text)
    return None if moment is None else (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        for form in ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d_%H-%M-%S", "%Y%m%d-%H%M%S", "%a %b %d %H:%M:%S %Y"):
            try:
                return datetime.strptime(text.strip(), form)
            except ValueError:
                continue
        return None
    return moment if 1990 < moment.year < 2100 and math.isfinite(moment.year) else None
