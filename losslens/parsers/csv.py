"""CSV and its relatives: any delimiter, decimal comma, any encoding, with a step or epoch column or without.

Known by name: Keras' CSVLogger, Lightning's metrics.csv, ultralytics' results.csv, the progress.csv of
stable-baselines3, RLlib and guided-diffusion, timm's and fastai's summaries, TensorBoard's and W&B's downloads. They
need no code of their own: they differ in names, and in what is left blank.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Damage, Log, Setting, Warning
from losslens.parsers.assemble import Assembly
from losslens.parsers.axes import STEP_RANK, VALUE_COLUMNS, is_known_name, normalise
from losslens.parsers.columns import Columns
from losslens.parsers.csv_rows import TableReader
from losslens.parsers.dialect import Dialect, has_rows, lines_between, share_of_rows, sniff_dialect
from losslens.parsers.opening import HEAD_BYTES, LogFile, dated_at_end, decode_head, read_head
from losslens.parsers.printed.redrawn import bars_of
from losslens.parsers.printed.settings import settings_in
from losslens.parsers.printed.tables import has_names_above
from losslens.parsers.printed.wholes import NEGATED
from losslens.parsers.printed.windows import LEAST_RECORDS, has_records, records_in
from losslens.parsers.settings import is_known
from losslens.parsers.shared_names import add_totals
from losslens.parsers.side_by_side import one_log, runs_beside, tables_beside
from losslens.parsers.things import names_things
from losslens.parsers.transposed import lies_on_its_side, read_sideways
from losslens.patterns import compiled

NAME = "csv"

#: Lines above a table, from which on it is looked whether they are the training and the table what came of it.
MOST_PREAMBLE = 3
#: Share of the lines of a table without names, at the head and at the end of its file, that must be rows of it.
LEAST_ROWS = 0.5
#: "1000      [1.61e-05, 3.21e-02]    [1.63e-05, 3.19e-02]    []": lists of numbers are no cells.
#: "tensor(0.31, grad_fn=<NllLossBackward0>)" is one number.
_ROWS_OF_LISTS = compiled(r"^\s*\d+\s+\[[^\]\n]*,[^\]\n]*\]\s+\[|^tensor\([^,()\n]+,[^()\n]*\)$", re.MULTILINE)
_NO_TABLES = frozenset([".yaml", ".yml", ".toml", ".ini", ".json", ".jsonl"])
_OBJECTIVES = ("train_objective", "valid_objective")
#: "    _________    _____    ___________" below the names of a table.
_UNDERLINED = compiled(r"^[ \t]*_{3,}(?:[ \t]+_{3,})+[ \t]*$", re.MULTILINE)
_LOSS = compiled(r"(?<![a-z])loss(?:es)?(?![a-z])", re.IGNORECASE)
_TENSORBOARD_FILE = compiled(r"(?:run[-_])?(?P<run>.*?)[-_]tag[-_](?P<tag>.+)")


def sniff(path: Path, head: bytes) -> bool:
    if path.suffix.lower() in _NO_TABLES:
        return False
    text, whole = decode_head(head), len(head) < HEAD_BYTES
    if len(_ROWS_OF_LISTS.findall(text)) >= LEAST_RECORDS:
        return False
    if any(map(bars_of, text.split("\n", 2)[:2])):
        return False  # bars that were redrawn in one line have commas too
    dialect = sniff_dialect(text, whole=whole)
    if dialect is not None and dialect.header is None and has_names_above(dialect.preamble):
        return False  # a table drawn for people, with names of several words
    if dialect is not None and dialect.delimiter == " " and _UNDERLINED.search(text):
        return False  # MATLAB's, whose cells are told by where they stand
    if dialect is not None and len(dialect.preamble) > MOST_PREAMBLE and records_in("\n".join(dialect.preamble)):
        return False  # the output of a training that ends in a table of its results
    if dialect is not None and _is_by_the_way(path, head, dialect):
        return False
    return dialect is not None or lies_on_its_side(text, whole=whole) is not None


def _is_by_the_way(path: Path, head: bytes, dialect: Dialect) -> bool:
    """Whether rows are a small part of the file, such as the sizes of a network ahead of what its training printed."""
    if dialect.header is not None:
        # "iter  ELBO  delta  notes" above rows without a note: not one of them is as wide as the header
        text = decode_head(head)
        return dialect.delimiter == " " and not has_rows(text, dialect) and records_in(text)
    parts = [decode_head(head)]
    if len(head) >= HEAD_BYTES and path.suffix.lower() != ".gz":
        with path.open("rb") as file:
            file.seek(-HEAD_BYTES, 2)
            parts.append(decode_head(file.read()).partition("\n")[2])
    if records_in("\n".join(lines_between(parts[0], dialect))):
        return True  # a table is printed now and then, and between the rows the losses under their names
    return any(share_of_rows(part, dialect) < LEAST_ROWS for part in parts) and has_records(path, head)


def parse(path: Path) -> tuple[Log, ...]:
    """The Logs of one CSV file: one, or several where a column or a W&B export names several runs.

    Raises NotALogError when the file is no table of numbers.
    """
    head = read_head(path)
    text, whole = decode_head(head), len(head) < HEAD_BYTES
    dialect = sniff_dialect(text, whole=whole)
    if dialect is None:
        delimiter = lies_on_its_side(text, whole=whole)
        if delimiter is None:
            raise NotALogError(f"{path}: not a table of numbers")
        file = LogFile(path)
        sideways = read_sideways(file.document(), delimiter)
        return Assembly(path, NAME, sideways, counts="epoch").logs(damage=file.damage)
    reader = TableReader(path, dialect)
    columns = reader.read()
    above = dialect.preamble[-1].split(dialect.delimiter) if dialect.preamble else []
    if len(above) == len(reader.names):
        columns.titles = {
            name: cell.strip(' "') for name, cell in zip(reader.names, above, strict=True) if cell.strip(' "')
        }
    add_totals(columns)
    logs = logs_of(
        path, columns, named=dialect.header is not None, damage=reader.file.damage, warnings=_warnings(reader)
    )
    told = _settings_above(path, dialect)
    return tuple(replace(log, settings=(*log.settings, *told)) for log in logs) if told else logs


def _negate_objectives(columns: Columns) -> None:
    """Turn the sign of what Kaldi's reports bring up: "train_objective" and "valid_objective", all of it below zero."""
    objectives = [columns.by_name[name] for name in _OBJECTIVES if name in columns.by_name]
    if len(objectives) < len(_OBJECTIVES) or any(value > 0 for column in objectives for value in column.values):
        return
    for column in objectives:
        for at, value in enumerate(column.values):
            column.values[at] = -value
    _rename(columns, {name: f"{name.split('_')[0]} {NEGATED}" for name in _OBJECTIVES})


def _settings_above(path: Path, dialect: Dialect) -> tuple[Setting, ...]:
    """What lines above the header say was set: "learning rate = 0.1", as Vowpal Wabbit begins."""
    found = [
        Setting(name, value, f"{path}:{number}")
        for number, line in enumerate(dialect.preamble, 1)
        if " = " in line or ": " in line
        for name, value in settings_in(line.strip("# "))
        if " = " in line or is_known(name.lower().replace(" ", "_"))
    ]
    return tuple({setting.name: setting for setting in found}.values())


def logs_of(
    path: Path,
    columns: Columns,
    *,
    format: str = NAME,
    named: bool = True,
    damage: Sequence[Damage] = (),
    warnings: Sequence[Warning] = (),
) -> tuple[Log, ...]:
    """The Logs of a table, whatever kind of file it stood in; ``named`` says whether its columns have names.

    Raises NotALogError for a table of things.
    """
    names = [name.lower() for name in columns.by_name]
    if names == ["wall time", "step", "value"]:
        download = _tensorboard_download(path, columns, format)
        return download.logs(damage=damage, warnings=warnings, group_hint=_tb_run(path))
    _negate_objectives(columns)
    logs: list[Log] = []
    for run in runs_beside(columns):
        assembly = Assembly(path, format, run.columns, trainer=run.trainer)
        logs.extend(assembly.logs(damage=damage, warnings=warnings, group_hint=run.name))
    if logs:
        return tuple(logs)
    parts = [Assembly(path, format, part) for part in tables_beside(columns)]
    if parts:
        return (one_log([log for part in parts for log in part.logs(damage=damage, warnings=warnings)]),)
    if not named and len(columns.by_name) == 1:
        _rename(columns, {"column_1": path.name.split(".")[0]})
    assembly = Assembly(path, format, columns)
    if not named:
        _name_by_file(assembly, path)
    else:
        name_value(assembly, path)
    if columns.n_rows:
        damage = tuple(dated_at_end(one, int(assembly.axis.step[-1])) for one in damage)
    thing = names_things(columns) if assembly.axis.counts == "row" else None
    if thing is not None:
        raise NotALogError(f"{path}: each row has its own '{thing}': a table of things, not of steps")
    return assembly.logs(damage=damage, warnings=warnings)


def _warnings(reader: TableReader) -> list[Warning]:
    """What was not plain, one line each."""
    found: list[Warning] = []
    dialect = reader.dialect
    if not reader.columns.n_rows:
        found.append(Warning("no-rows", "the table has a header and no rows"))
    if dialect.header is None:
        found.append(Warning("no-header", "the table names no column: they are numbered from column_1"))
    preamble = [line for line in dialect.preamble if line.strip()]
    if preamble and dialect.header is not None:
        found.append(Warning("preamble", f"{_count(len(preamble), 'line')} before the header skipped"))
    if reader.short:
        found.append(Warning("ragged-rows", f"{_count(reader.short, 'row')} with fewer cells than the header: kept"))
    if reader.without_evaluation:
        rows = _count(reader.without_evaluation, "row")
        text = f"{rows} without the evaluation's cells: the cells behind them moved to their columns"
        found.append(Warning("ragged-rows", text))
    if reader.long:
        text = f"{_count(reader.long, 'row')} with more cells than the header: kept, the extra cells left out"
        found.append(Warning("ragged-rows", text))
    if reader.not_rows:
        sample = f" (such as '{reader.texts[0]}')" if reader.texts else ""
        found.append(
            Warning("not-rows", f"{_count(reader.not_rows, 'line')} that could not be read as rows left out{sample}")
        )
    if reader.columns.restarts:
        changed = ", once with other columns" if reader.header_changed else ""
        times = _count(len(reader.columns.restarts), "time")
        text = f"the header is repeated {times}{changed}: the job was started again there"
        found.append(Warning("repeated-header", text))
    if reader.habitual_headers:
        times = _count(reader.habitual_headers, "time")
        text = f"the header is written again every few rows ({times}): left out"
        found.append(Warning("repeated-header", text))
    if reader.last_row_cut:
        found.append(Warning("cut-row", "the last row is cut off: its last cell was left out"))
    return found


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _rename(columns: Columns, names: dict[str, str]) -> None:
    renamed = {}
    for name, column in columns.by_name.items():
        column.name = names.get(name, name)
        renamed[column.name] = column
    columns.by_name = renamed


def _name_by_file(assembly: Assembly, path: Path) -> None:
    """A single column behind a nameless one that counts is what its file says, or a folder named after a loss."""
    name = path.name.split(".")[0]
    if not is_known_name(name) and _LOSS.search(path.parent.name):
        name = f"{path.parent.name}/{name}"
    beside = [column.name for column in assembly.columns if column.name not in assembly.axis.columns]
    if assembly.axis.columns == ("column_1",) and len(beside) == 1 and is_known_name(name):
        _rename(assembly.columns, {beside[0]: name})
        assembly.axis = replace(assembly.axis, counts="step")


def name_value(assembly: Assembly, path: Path) -> None:
    """Call the one thing that a table measured, where it is no more than a "value" there, as its file is called.

    There is a row because it was measured: one without a number was a NaN.
    """
    names = [column.name for column in assembly.columns if column.is_numeric and column.name not in assembly.used]
    values = [name for name in names if normalise(name) in VALUE_COLUMNS]
    beside = [name for name in names if name not in values and name.strip() and normalise(name) not in STEP_RANK]
    if len(values) == 1 and not beside and is_known_name(stem := path.name.split(".")[0]):
        assembly.columns[values[0]].blanks_are_nan()
        _rename(assembly.columns, {values[0]: stem})


def _tensorboard_download(path: Path, columns: Columns, format: str) -> Assembly:
    """TensorBoard's download of one curve; the tag is in the file's name."""
    match = _TENSORBOARD_FILE.fullmatch(path.name.removesuffix(".gz").removesuffix(".csv"))
    tag = match["tag"] if match else path.name.split(".")[0]
    value = next(name for name in columns.by_name if name.lower() == "value")
    _rename(columns, {value: tag})
    return Assembly(path, format, columns, trainer=None)


def _tb_run(path: Path) -> str | None:
    match = _TENSORBOARD_FILE.fullmatch(path.name.removesuffix(".gz").removesuffix(".csv"))
    return match["run"] if match and match["run"] not in ("", ".") else None
