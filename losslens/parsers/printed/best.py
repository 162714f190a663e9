"""What a callback that keeps the best checkpoint prints of the number it watches, where nothing else prints it.

Lightning: "Epoch 3, global step 400: 'val_loss' reached 0.123 (best 0.123), saving model …", else "was not in top 1".
Keras: "Epoch 3: val_loss improved from 0.5 to 0.4, saving model to …", else "did not improve". Early stopping of
Lightning says no epoch: "Metric val_loss improved by 0.066 >= min_delta = 0.0. New best score: 0.094". Only the best
values are printed: a loss that rose afterwards looks as if it had stood still.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from losslens.model import Warning
from losslens.parsers.printed.records import Record
from losslens.patterns import compiled

KIND = "best"
_NUMBER = r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)"
_SAID = compiled(
    r"Epoch (?P<epoch>\d+)(?:, global step (?P<step>\d+))?: '?(?P<name>[\w/. -]{1,80}?)'? "
    rf"(?:reached (?P<reached>{_NUMBER}) \(best {_NUMBER}\)"
    rf"|improved from {_NUMBER} to (?P<improved>{_NUMBER})|(?P<none>was not in top|did not improve))",
    re.IGNORECASE,
)
_STOPPING = compiled(
    r"(?:Metric (?P<name>[\w/. -]{1,80}?) improved(?: by \S+ >= min_delta = \S+?)?\. New best score: "
    rf"(?P<best>{_NUMBER})|Monitored metric (?P<none>[\w/. -]{{1,80}}?) did not improve in the last \d+ records)",
    re.IGNORECASE,
)


@dataclass
class Best:
    """The lines of one output in which a callback says whether a number is among the best."""

    records: list[Record] = field(default_factory=list)
    others: int = 0
    """Lines that say that a number is not among the best, and not which it is."""

    def see(self, text: str, line: int, wall_time: float | None) -> None:
        """A cleaned line."""
        record = best_in(text)
        if record is None:
            return
        if not record.values:
            self.others += 1
            return
        record.line, record.wall_time = line, wall_time
        self.records.append(record)

    def told(self) -> list[Record]:
        """The values in their order; those without a place where no other line says them with one."""
        return [record for record in self.records if record.kind] or list(self.records)

    def warnings(self) -> list[Warning]:
        """What is to be said where these lines are all that there is."""
        records = self.told()
        name = next(iter(records[0].values))
        told = f"only values of '{name}' that were among the best are printed ({len(records)}"
        told += f" of {len(records) + self.others} that were measured" if records[0].kind else ""
        told += "): a rise cannot be seen in them"
        return [Warning("only-best", told)]


def may_tell_best(line: str) -> bool:
    return "Epoch " in line or " best score: " in line


def best_in(text: str) -> Record | None:
    """The record of such a line, without a value where the line gives none; None for any other line."""
    if text.startswith("M"):
        stopping = _STOPPING.match(text)
        values = {stopping["name"]: float(stopping["best"])} if stopping and stopping["name"] else {}
        return Record("", values, form=KIND) if stopping else None
    if not text.startswith("Epoch ") or (match := _SAID.match(text)) is None:
        return None
    said = match["reached"] or match["improved"]
    values = {match["name"]: float(said)} if said else {}
    step = int(match["step"]) if match["step"] else None
    return Record("epoch" if step is None else "step", values, step, float(match["epoch"]), form=KIND)
