"""A list of losses saved with ``numpy.save``: plain numbers only; files of Python objects are refused before."""

from __future__ import annotations

import re
from pathlib import Path

from losslens.errors import ParseError
from losslens.model import Log, RawSeries
from losslens.parsers.axes import is_known_name
from losslens.patterns import compiled_bytes

NAME = "npy"

_DESCRIPTION = compiled_bytes(rb"'descr': *'[<>|=][fiu]\d'.*'shape': *\((\d+),\s*(?:1\s*,?\s*)?\)", re.DOTALL)


def sniff(path: Path, head: bytes) -> bool:
    """One list of numbers, in a file named after a loss or another metric: data sets are saved in this format too."""
    if not head.startswith(b"\x93NUMPY") or not is_known_name(path.stem):
        return False
    match = _DESCRIPTION.search(head[:4096])
    return match is not None and int(match[1]) > 1


def parse(path: Path) -> tuple[Log, ...]:
    """One Log of one series, named after the file and counted in rows. Raises ParseError for a broken file."""
    import numpy as np

    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, MemoryError) as error:
        raise ParseError(f"{path}: not a readable NumPy file: {str(error).splitlines()[0]}") from error
    values = np.asarray(values, dtype=np.float64).reshape(-1)
    rows = np.arange(values.size, dtype=np.int64)
    tag = path.stem
    series = {tag: RawSeries(tag, rows, values, np.full(values.size, np.nan), rows, axis="row")}
    return (Log(str(path), NAME, series),)
