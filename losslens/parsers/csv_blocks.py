"""Blocks of plain numbers, thousands of rows at once: what makes a large CSV quick.

A block is taken here only when all its lines have the same number of cells and every cell is a number as float() reads
it, or empty. Anything else (a header in the middle, a ragged row, a word) is left to the reader that looks at cells one
by one. So nothing is guessed and nothing is lost; it is only slower there.

NumPy's text reader and not pandas: it gives the same numbers as float() to the last bit, needs no second import of half
a second, and reads a whole file in two and a half times pandas' CPU seconds at half of its memory.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losslens.model import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Block:
    """``values`` of shape ``(rows, columns)``; ``blank``, of that shape, marks empty cells (None: there are none)."""

    values: FloatArray
    blank: BoolArray | None


def read_block(text: str, delimiter: str, width: int) -> Block | None:
    """The cells of a block of whole lines of ASCII, or None when it is not plain enough."""
    if '"' in text or not text.isascii():
        return None
    data = text.encode()
    if not data.endswith(b"\n"):
        data += b"\n"
    ends = _cell_ends(data, delimiter, width)
    if ends is None:
        return None
    blank = _blank(ends)
    if blank is not None:
        data = _spell_blanks(data, delimiter.encode())
    values = _numbers(data, delimiter)
    if values is None or values.size != ends.size:
        return None
    return Block(values.reshape(ends.shape), blank)


def _cell_ends(data: bytes, delimiter: str, width: int) -> IntArray | None:
    """Where each cell ends, shape ``(rows, width)``; None when the lines differ in their number of cells."""
    import numpy as np

    characters = np.frombuffer(data, dtype=np.uint8)
    is_newline = characters == 10
    ends = np.flatnonzero(is_newline | (characters == ord(delimiter)))
    rows = int(np.count_nonzero(is_newline))
    if ends.size != rows * width:
        return None
    table = ends.reshape(rows, width)
    # As many newlines as rows, each at the end of its row: then there is none inside.
    return table if is_newline[table[:, -1]].all() else None


def _blank(ends: IntArray) -> BoolArray | None:
    """Cells of no character, shape ``(rows, width)``; None when there are none."""
    import numpy as np

    flat = ends.reshape(-1)
    empty = np.empty(flat.size, dtype=bool)
    empty[0] = flat[0] == 0
    np.equal(flat[1:], flat[:-1] + 1, out=empty[1:])
    return empty.reshape(ends.shape) if empty.any() else None


def _spell_blanks(data: bytes, delimiter: bytes) -> bytes:
    """The data with "nan" in its empty cells; which these were is known from where the cells end."""
    data = (b"\n" + data).replace(delimiter + delimiter, delimiter + b"nan" + delimiter)
    data = data.replace(delimiter + delimiter, delimiter + b"nan" + delimiter)
    data = data.replace(b"\n" + delimiter, b"\nnan" + delimiter)
    return data.replace(delimiter + b"\n", delimiter + b"nan\n")[1:]


def _numbers(data: bytes, delimiter: str) -> FloatArray | None:
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # how NumPy 1 said that it met text
        try:
            values: FloatArray = np.fromstring(data.replace(b"\n", delimiter.encode())[:-1], sep=delimiter)
        except (DeprecationWarning, ValueError):
            return None
    return values
