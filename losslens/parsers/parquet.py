"""Parquet files with a loss among their columns: a history of W&B as it is downloaded, ``DataFrame.to_parquet``.

Data sets come in Parquet too, so the names of the columns are looked at first. They stand in the footer, in Thrift's
compact encoding, and are read from there; the numbers need pyarrow, which is installed with ``losslens[parquet]``.
"""

from __future__ import annotations

import importlib.util
import os
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from losslens.errors import NotALogError, ParseError
from losslens.model import Log
from losslens.parsers.axes import RUN_COLUMNS, SPLIT_COLUMNS, STEP_RANK, TAG_COLUMNS, TIMES, is_known_name, normalise
from losslens.parsers.columns import Column, Columns
from losslens.patterns import compiled

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "parquet"

_MAGIC = b"PAR1"
#: Of a longer footer so many bytes are read: the schema stands at its beginning.
MOST_FOOTER = 4 << 20
#: Columns of words that say something of a row; what else is text is data.
_WORDS = RUN_COLUMNS | SPLIT_COLUMNS | TAG_COLUMNS | TIMES | STEP_RANK.keys()
#: Physical types of Parquet that are numbers: int32, int64, float, double, and bytes of one length (half precision).
_NUMBERS = frozenset([1, 2, 4, 5, 7])
_BATCH = 1 << 16
#: Rows times columns of a table that is a log.
MOST_CELLS = 1 << 30
_LOSS = compiled(r"(?<![a-z])loss(?:es)?(?![a-z])", re.IGNORECASE)
_INDEX = "__index_level_"


@dataclass(frozen=True, slots=True)
class Named:
    """A column: its name, and its physical type; None for one that holds others."""

    name: str
    kind: int | None


def sniff(path: Path, head: bytes) -> bool:
    """Whether the columns are those of a log. Raises ParseError where they are and pyarrow is not installed."""
    if not head.startswith(_MAGIC):
        return False
    loss = _metric(_schema(path))
    if loss and importlib.util.find_spec("pyarrow") is None:
        raise ParseError(
            f"{path}: a Parquet file with '{loss}' in it, which takes pyarrow: pip install 'losslens[parquet]', "
            "or save it as CSV where it is: pandas.read_parquet(...).to_csv(...)",
            code="needs-pyarrow",
        )
    return bool(loss)


def parse(path: Path) -> tuple[Log, ...]:
    """The Logs of one file. Raises NotALogError when no column is of a log, ParseError for a broken file."""
    from losslens.parsers import csv

    columns = Columns()
    try:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            wanted = [one for one in file.schema_arrow if is_wanted(one)]
            names = [field.name for field in wanted]
            if file.metadata.num_rows * max(len(names), 1) > MOST_CELLS:
                raise NotALogError(f"{path}: a table of {file.metadata.num_rows} rows: no log of a training")
            for batch in file.iter_batches(_BATCH, columns=names, use_threads=False) if names else ():
                for field in wanted:
                    take_cells(columns[field.name], columns.n_rows, batch.column(field.name))
                columns.n_rows += batch.num_rows
    except ImportError as error:
        raise ParseError(f"{path}: takes pyarrow to read: pip install 'losslens[parquet]'") from error
    except (OSError, ValueError, NotImplementedError, KeyError) as error:  # pyarrow's errors are kinds of these
        raise ParseError(f"{path}: not a readable Parquet file: {str(error).splitlines()[0][:200]}") from error
    if not any(is_known_name(name) for name in columns.by_name):
        raise NotALogError(f"{path}: no column of it is named as one of a training")
    return csv.logs_of(path, columns, format=NAME)


def _metric(schema: list[Named]) -> str:
    """The first column named as a metric, beside one that counts steps; of a table of nothing but numbers, as a loss.

    Data sets hold rewards and errors too, and words or lists beside them. "" where there is none.
    """
    numbers = [one.name for one in schema if one.kind in _NUMBERS]
    metrics = [name for name in numbers if normalise(name) not in STEP_RANK and is_known_name(name)]
    if not any(normalise(name) in STEP_RANK for name in numbers):
        metrics = [name for name in metrics if len(numbers) == len(schema) and _LOSS.search(name)]
    return next(iter(metrics), "")


def is_wanted(field: pa.Field) -> bool:
    """Whether a column holds numbers, times, or words that say something of a row."""
    import pyarrow as pa

    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if field.name.startswith(_INDEX):
        return False
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return normalise(field.name) in _WORDS
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(number or pa.types.is_timestamp(kind))


def take_cells(column: Column, row: int, values: pa.Array) -> None:
    """The cells of consecutive rows; what is null is a blank."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_timestamp(values.type):
        micros: Any = values.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        values, micro = micros, True
    elif pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_decimal(values.type):
        micro = False
    else:
        for at, cell in enumerate(values.to_pylist(), row):
            column.add_cell(at, "" if cell is None else str(cell), ".")
        return
    there = ~np.asarray(values.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    # A null of a column of integers has no number of its own.
    numbers = np.asarray(values.drop_null().cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    numbers = numbers / 1e6 if micro else numbers
    rows = row + np.flatnonzero(there)
    if there.all():
        column.add_stretch(row, array("d", numbers.tobytes()))
        return
    column.add_rows(array("q", rows.astype(np.int64).tobytes()), array("d", numbers.astype(np.float64).tobytes()))
    column.blanks.extend(array("q", (row + np.flatnonzero(~there)).astype(np.int64).tobytes()))


def _schema(path: Path) -> list[Named]:
    """The columns by the footer; none of a file that was cut or is no Parquet file."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < 12:
                return []
            file.seek(size - 8)
            end = file.read(8)
            length = int.from_bytes(end[:4], "little")
            if end[4:] != _MAGIC or length > size - 12:
                return []
            file.seek(size - 8 - length)
            return _Compact(file.read(min(length, MOST_FOOTER))).schema()
    except (OSError, ValueError, IndexError):
        return []


class _Compact:
    """Thrift's compact encoding, as far as a schema needs it. Raises ValueError or IndexError for anything else."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def schema(self) -> list[Named]:
        """The leaves of FileMetaData's second field: a list of elements, each with its name and type."""
        for number, kind in self._fields():
            if number == 2 and kind == 9:
                return self._elements()
            self._skip(kind)
        return []

    def _elements(self) -> list[Named]:
        size, kind = self._list()
        found = []
        for _ in range(size):
            name, physical = "", None
            for number, what in self._fields():
                if number == 1 and what == 5:
                    physical = self._signed()
                elif number == 4 and what == 8:
                    name = self._bytes().decode("utf-8", "replace")
                else:
                    self._skip(what)
            found.append(Named(name, physical))
        if kind != 12:
            raise ValueError("no schema")
        return [one for one in found if one.kind is not None and not one.name.startswith(_INDEX)]

    def _fields(self) -> Iterator[tuple[int, int]]:
        """Number and type of the fields of a struct, up to its end."""
        number = 0
        while byte := self._byte():
            number = number + (byte >> 4) if byte >> 4 else self._signed()
            yield number, byte & 15

    def _skip(self, kind: int, depth: int = 0) -> None:
        if depth > 16:
            raise ValueError("too deep")
        if kind in (1, 2):
            return  # a truth value in a struct is its type
        if kind == 3:
            self._byte()
        elif kind in (4, 5, 6):
            self._varint()
        elif kind == 7:
            self._at += 8
        elif kind == 8:
            self._bytes()
        elif kind in (9, 10):
            size, inner = self._list()
            for _ in range(size):
                self._skip(3 if inner in (1, 2) else inner, depth + 1)
        elif kind == 12:
            for _, inner in self._fields():
                self._skip(inner, depth + 1)
        else:
            raise ValueError("an unknown type")

    def _list(self) -> tuple[int, int]:
        byte = self._byte()
        size = byte >> 4 if byte >> 4 < 15 else self._varint()
        if size > len(self._data):
            raise ValueError("a list longer than its file")
        return size, byte & 15

    def _bytes(self) -> bytes:
        size = self._varint()
        if size > len(self._data) - self._at:
            raise ValueError("a text longer than its file")
        self._at += size
        return self._data[self._at - size : self._at]

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("a number without an end")

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
