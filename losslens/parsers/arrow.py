"""Feather and Arrow files with a loss among their columns: ``DataFrame.to_feather``, Arrow's IPC file and stream.

Data sets come in Arrow far more often: the names of the columns are looked at before anything is read, and the numbers
need pyarrow, which is installed with ``losslens[parquet]``.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from losslens.errors import NotALogError, ParseError
from losslens.model import Log
from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.parsers.columns import Columns
from losslens.parsers.parquet import MOST_CELLS, is_wanted, take_cells
from losslens.patterns import compiled_bytes

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "arrow"

_FILE, _STREAM = b"ARROW1\0\0", b"\xff\xff\xff\xff"
_LOSS = compiled_bytes(rb"loss", re.IGNORECASE)
#: The schema stands at the beginning: so many bytes are looked at for the name of a loss.
SCHEMA_BYTES = 1 << 14


def sniff(path: Path, head: bytes) -> bool:
    """Whether the columns are those of a log. Raises ParseError where they seem to be and pyarrow is not installed."""
    if not head.startswith((_FILE, _STREAM)) or not _LOSS.search(head[:SCHEMA_BYTES]):
        return False
    if importlib.util.find_spec("pyarrow") is None:
        if path.suffix.lower() not in (".feather", ".arrow"):
            return False
        raise ParseError(
            f"{path}: an Arrow file that may hold a loss, which takes pyarrow: pip install 'losslens[parquet]', or save"
            " it as CSV where it is: pandas.read_feather(...).to_csv(...)",
            code="needs-pyarrow",
        )
    try:
        with _opened(path) as (schema, _):
            return _is_log(schema)
    except ParseError:
        return False


def parse(path: Path) -> tuple[Log, ...]:
    """The Logs of one file. Raises NotALogError when no column is of a log, ParseError for a broken file."""
    from losslens.parsers import csv

    columns, cells = Columns(), 0
    with _opened(path) as (schema, batches):
        if not _is_log(schema):
            raise NotALogError(f"{path}: no column of it is named as one of a training")
        wanted = [field for field in schema if is_wanted(field)]
        for batch in batches:
            cells += batch.num_rows * max(len(wanted), 1)
            if cells > MOST_CELLS:
                raise NotALogError(f"{path}: a table of more than {columns.n_rows} rows: no log of a training")
            for field in wanted:
                take_cells(columns[field.name], columns.n_rows, batch.column(field.name))
            columns.n_rows += batch.num_rows
    return csv.logs_of(path, columns, format=NAME)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """The schema and the record batches of a file, one after the other. Raises ParseError for what is broken."""
    try:
        import pyarrow as pa

        with pa.memory_map(str(path)) as source:
            if bytes(source.read(len(_FILE))) == _FILE:
                file = pa.ipc.open_file(source)
                yield file.schema, (file.get_batch(at) for at in range(file.num_record_batches))
            else:
                source.seek(0)
                stream = pa.ipc.open_stream(source)
                yield stream.schema, iter(stream)
    except ImportError as error:
        raise ParseError(f"{path}: takes pyarrow to read: pip install 'losslens[parquet]'") from error
    except (OSError, ValueError, NotImplementedError, KeyError) as error:  # pyarrow's errors are kinds of these
        raise ParseError(f"{path}: not a readable Arrow file: {str(error).splitlines()[0][:200]}") from error


def _is_log(schema: pa.Schema) -> bool:
    """A loss among numbers, beside one that counts steps or beside nothing but numbers."""
    numbers = [field.name for field in schema if is_wanted(field) and not str(field.type).endswith("string")]
    losses = [name for name in numbers if is_known_name(name) and "loss" in name.lower()]
    counted = any(normalise(name) in STEP_RANK for name in numbers)
    return bool(losses) and (counted or len(numbers) == len(schema))
