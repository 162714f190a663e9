"""A log of printed lines, made and read for the tests of dialects."""

from __future__ import annotations

from pathlib import Path

from losslens import parsers
from losslens.model import Log


def printed(folder: Path, text: str, name: str = "train.log") -> Log:
    """The one Log of a file of this text, which is recognised as printed output."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    assert parsers.recognise(path) == "text"
    (log,) = parsers.parse(path)
    return log


def falling(i: int) -> float:
    """A loss at the ``i``-th line."""
    return round(3.0 / (1 + i), 4)
