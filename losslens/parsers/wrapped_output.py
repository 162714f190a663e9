"""Output of a job that is stored as JSON: the list of a Kaggle kernel, an export of a cloud, a logger's JSON lines.

What the records hold is put back together and read as the text that it was.
"""

from __future__ import annotations

from pathlib import Path

from losslens.model import Log
from losslens.parsers import text
from losslens.parsers.printed.windows import has_records
from losslens.parsers.wrapped import wrapping_of

NAME = "wrapped-output"


def sniff(path: Path, head: bytes) -> bool:
    """Records that hold texts, and in the texts numbers of a training."""
    return wrapping_of(head) is not None and has_records(path, head)


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of the output. Raises NotALogError when no line of it names a training number."""
    return text.parse(path)
