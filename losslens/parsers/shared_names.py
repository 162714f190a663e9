"""A header with fewer names than its table has columns, because a name stands for a list of numbers.

DeepXDE saves its losses so: "# step, loss_train, loss_test, metrics_test" above the step, each term of the loss on the
points of the training, each on those of the test, and the metrics, which may be none.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from losslens.parsers.columns import Columns

#: What such a header names, in this order.
_LISTS = ["step", "loss_train", "loss_test", "metrics_test"]
_TRAIN, _TEST = "train loss", "test loss"
_MOST_METRICS = 6


def names_of_lists(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str] | None:
    """A name for each of ``width`` columns under such a header; None where it is none, or the rows do not fit it.

    How many terms there are is not written: it is the number at which those of training and test are most alike.
    """
    if [name.strip() for name in names] != _LISTS or width < 3:
        return None
    try:
        numbers = np.abs(np.array([row for row in rows if len(row) == width], dtype=np.float64))
    except ValueError:
        return None
    if not len(numbers):
        return None
    ways = [m for m in range(min(_MOST_METRICS, width - 3) + 1) if (width - 1 - m) % 2 == 0]
    metrics = min(ways, key=lambda m: _unlike(numbers[:, 1 : width - m]))
    terms = (width - 1 - metrics) // 2
    found = ["step"]
    for split in (_TRAIN, _TEST):
        found += [split] if terms == 1 else [f"{split} term {n}" for n in range(1, terms + 1)]
    return found + [f"test metric {n}" for n in range(1, metrics + 1)]


def _unlike(numbers: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    """By how many decades the first half of the columns differs from the second in the median."""
    half = numbers.shape[1] // 2
    train, test = numbers[:, :half], numbers[:, half:]
    both = (train > 0) & (test > 0) & np.isfinite(train) & np.isfinite(test)
    return float(np.median(np.abs(np.log10(train[both] / test[both])))) if both.any() else np.inf


def add_totals(columns: Columns) -> None:
    """What is trained on is the sum of the terms.

    A term that is 0 on the points of the test alone was not measured there, and their sum is no loss then.
    """
    measured = {split: [c for c in columns if c.name.startswith(f"{split} term ")] for split in (_TRAIN, _TEST)}
    pairs = zip(measured[_TRAIN], measured[_TEST], strict=False)
    blind = any(any(a.values) and not any(b.values) for a, b in pairs)
    for split, terms in measured.items():
        if not terms or split in columns.by_name or (split == _TEST and blind):
            continue
        total = sum(term.dense(columns.n_rows) for term in terms)
        columns[split].add_stretch(0, array("d", np.asarray(total, dtype=np.float64).tobytes()))
    for term in measured[_TEST]:
        del columns.by_name[term.name]  # each of them alone is no loss on other data
