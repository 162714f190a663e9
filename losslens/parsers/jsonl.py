"""JSON lines: one record a line, as detectron2, mmengine and mmcv, LLaMA-Factory, RLlib and many others append them."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Damage, Log, Setting, Warning
from losslens.parsers.assemble import Assembly
from losslens.parsers.axes import STEP_RANK, VALUE_COLUMNS, is_known_name, normalise
from losslens.parsers.columns import Columns
from losslens.parsers.json_hoisted import hoisted
from losslens.parsers.json_reading import Json, flatten, loads_bare, spell_words, tells_number, with_means
from losslens.parsers.opening import HEAD_BYTES, LogFile, dated_at_end, decode_head, lines_of
from losslens.parsers.records import counts_up
from losslens.parsers.settings import flat_settings

NAME = "jsonl"

_SETTINGS_KEYS = frozenset(["config", "hparams", "args", "params", "hyperparameters", "hyperparams"])
_NUMBERS = {int, float}
BATCH = 4_096
#: So many records are looked at for a count under a name of their own, and no text beside it is longer than this.
LEAST_ALIKE, LONGEST_WORD = 3, 40
_RATES = frozenset(["lr", "learning_rate", "base_lr"])
_VALIDATION = frozenset(["val", "valid", "validation", "test", "eval"])


def sniff(path: Path, head: bytes) -> bool:
    """A record a line, with a number under a name that training logs use."""
    text = decode_head(head).lstrip("\ufeff \t\r\n")
    if not text.startswith("{"):
        return False
    lines = lines_of(text.replace("\r\n", "\n"))
    cut = len(head) >= HEAD_BYTES
    records = [with_means(record) for line in lines[:60] if (record := _record(line)) is not None]
    if not records or len(records) < 0.5 * len([line for line in lines[:60] if line.strip()]) - cut:
        return False
    names = {name for record in records for name, value in flatten(record) if tells_number(value)}
    metrics = [name for name in names if normalise(name) not in STEP_RANK and is_known_name(name)]
    if len(records) == 1:
        # One object on one line is a record of a log only when it says its step ("epochs" says how many there are).
        counted = any(normalise(name) in STEP_RANK and not name.endswith("s") for name in names)
        return counted and any(normalise(name) not in _RATES for name in metrics)
    if metrics or (names & VALUE_COLUMNS and any(normalise(name) in STEP_RANK for name in names)):
        return True
    others = [name for name in names if normalise(name) not in STEP_RANK]
    return len(records) >= 3 and bool(others) and any(counts_up(records, name) for name in records[0])


def parse(path: Path) -> tuple[Log, ...]:
    """The Logs of one file of JSON lines, read up to the cut where a crash left half a record.

    Raises NotALogError when no line is a record.
    """
    reader = _Reader(path)
    columns = reader.read()
    if not columns.n_rows:
        raise NotALogError(f"{path}: no line is a JSON record with numbers of a training in it")
    warnings: list[Warning] = []
    moved_axis, moved = _place_validation(columns)
    if moved:
        text = f"{moved} validation records count epochs or their own batches: placed at the training step before them"
        warnings.append(Warning("validation-steps", text))
    if reader.other_lines:
        warnings.append(Warning("not-rows", f"{reader.other_lines} lines that are no JSON records left out"))
    if reader.repeated:
        text = f"{reader.repeated} records that say the one before them again word for word left out"
        warnings.append(Warning("written-again", text))
    assembly = Assembly(path, NAME, columns, wanted_axis=moved_axis)
    if moved:
        assembly.warnings = [warning for warning in assembly.warnings if warning.code != "step-filled"]
    damage = [_dated(item, assembly, reader.rows_before) for item in reader.file.damage]
    return assembly.logs(settings=reader.settings, damage=damage, warnings=warnings)


def _dated(damage: Damage, assembly: Assembly, rows_before: Mapping[int, int]) -> Damage:
    """Damage with the last step read before it, where that is known: of a broken record, and at the end of the file."""
    step = assembly.axis.step
    if rows := rows_before.get(damage.first_byte):
        return replace(damage, after_step=int(step[rows - 1]))
    return dated_at_end(damage, int(step[-1])) if damage.first_byte not in rows_before else damage


def _record(line: str) -> dict[str, Json] | None:
    line = line.strip()
    if not line.startswith("{"):
        return None
    try:
        value = loads_bare(line)
    except ValueError:
        return None
    return hoisted(value) if isinstance(value, dict) else None


def _run_on(records: Sequence[Mapping[str, Json]]) -> bool:
    """Whether records of the same keys are those of one course: a number of theirs goes up and never down.

    Samples of a data set may be numbered too, but hold texts; what a logger says beside its numbers is short.
    """
    if len(records) < LEAST_ALIKE:
        return False
    if any(isinstance(value, str) and len(value) > LONGEST_WORD for record in records for value in record.values()):
        return False
    for name in records[0]:
        values = [record[name] for record in records]
        numbers = [value for value in values if type(value) in _NUMBERS and isinstance(value, int | float)]
        if len(numbers) == len(values) and numbers[-1] > numbers[0] and all(a <= b for a, b in pairwise(numbers)):
            return True
    return False


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = LogFile(path)
        self.columns = Columns()
        self.settings: tuple[Setting, ...] = ()
        self.other_lines = 0
        self.repeated = 0
        """Records left out because the one before, of the same step, says the same word for word."""
        self.rows_before: dict[int, int] = {}
        """For each broken record, by its first byte: how many rows stand before it."""

    def read(self) -> Columns:
        alike: list[dict[str, Json]] = []
        keys: list[str] = []
        before = ""
        for text, offset in self._lines():
            line = text.strip()
            if not line:
                continue
            record = _record(line)
            if line == before and record is not None and any(normalise(name) in STEP_RANK for name in record):
                self.repeated += 1  # each process of a job wrote what one of them should have
                continue
            before = line
            if record is None:
                self._take_alike(alike)
                alike, keys = [], []
                self._odd(line, offset, len(text.encode("utf-8", "replace")))
                continue
            record = with_means(record)
            if len(alike) == BATCH or list(record) != keys:
                self._take_alike(alike)
                alike, keys = [], list(record)
            alike.append(record)
        self._take_alike(alike)
        return self.columns

    def _take_alike(self, records: list[dict[str, Json]]) -> None:
        """Records of the same keys, column by column where they hold plain numbers."""
        course = not self.columns.n_rows and _run_on(records)
        while records and not self.columns.n_rows:  # the first record may be none of the log
            self._take(records.pop(0), course=course)
        if not records:
            return
        if not _SETTINGS_KEYS & records[0].keys():
            cells = list(zip(*(record.values() for record in records), strict=True))
            if all(set(map(type, column)) <= _NUMBERS for column in cells):
                try:
                    arrays = [array("d", column) for column in cells]
                except OverflowError:
                    arrays = []
                for name, values in zip(records[0], arrays, strict=False):
                    self.columns[name].add_stretch(self.columns.n_rows, values)
                if arrays:
                    self.columns.n_rows += len(records)
                    return
        for record in records:
            self._take(record)

    def _lines(self) -> Iterator[tuple[str, int]]:
        for block in self.file.blocks():
            offset = self.file.offset
            ascii_only = block.isascii()
            for line in lines_of(block):
                yield line, offset
                offset += (len(line) if ascii_only else len(line.encode("utf-8", "replace"))) + 1

    def _odd(self, line: str, offset: int, size: int) -> None:
        if not line.startswith("{"):
            self.other_lines += 1
            return
        try:
            json.loads(spell_words(line) or line)
        except json.JSONDecodeError as error:
            reason = "a record cut off" if error.pos >= len(line) - 1 else f"a broken record ({error.msg})"
        except (ValueError, RecursionError):
            reason = "a record that cannot be read"
        else:
            reason = "a record that cannot be read"
        self.file.damage.append(Damage(str(self.path), offset, offset + size - 1, reason, 1))
        self.rows_before[offset] = self.columns.n_rows

    def _take(self, record: dict[str, Json], *, course: bool = False) -> None:
        """``course``: records like it follow, and count on under a name that says nothing to losslens."""
        for key in _SETTINGS_KEYS & record.keys():
            value = record.pop(key)
            if isinstance(value, dict) and not self.settings:
                self.settings = flat_settings(value, self.path, f"{key}.")
        values: dict[str, object] = {}
        for name, value in flatten(record):
            if isinstance(value, list):
                if len(value) == 1:
                    values[name] = value[0]
            else:
                values[name] = value
        numbers = any(isinstance(value, int | float) and not isinstance(value, bool) for value in values.values())
        words = any(isinstance(value, str) for value in values.values())
        counted = any(normalise(name) in STEP_RANK for name in values)
        if numbers and (counted or course or self.columns.n_rows or not words):
            self.columns.add_record(values)
        elif not self.settings:
            # A first line that describes the run: {"env_info": "…", "seed": 1}.
            self.settings = flat_settings(record, self.path)


def _place_validation(columns: Columns) -> tuple[str | None, int]:
    """Forget the step of validation records that count something else than the training records do.

    Returns the key that counts the steps, where it is known, and how many records lost theirs.

    mmcv writes the validation batch as ``iter`` (``mode`` says so); mmengine writes the epoch as ``step`` (such records
    have no ``iter``). Without a step of its own a record takes that of the training record before it.
    """
    names = columns.by_name
    if "mode" in names and "iter" in names and "epoch" in names:
        modes = {row for row, word in names["mode"].texts() if word.lower() in _VALIDATION}
        return "iter", _forget(columns, "iter", modes)
    if "iter" in names and "step" in names and len(names["iter"].values) < len(names["step"].values):
        training = set(names["iter"].row_list())
        both = dict(zip(names["step"].row_list(), names["step"].values, strict=True))
        pairs = zip(names["iter"].row_list(), names["iter"].values, strict=True)
        if all(both.get(row) == value for row, value in pairs):
            validation = {row for row in both if row not in training}
            if validation and "mode" not in names:
                # Both write "time", and may write "loss": which of the two it is must stand in the name.
                for row in sorted(both):
                    columns["mode"].add_text(row, "val" if row in validation else "train")
            return "step", _forget(columns, "step", validation)
    return None, 0


def _forget(columns: Columns, name: str, rows: set[int]) -> int:
    column = columns.by_name[name]
    kept = [(row, value) for row, value in zip(column.row_list(), column.values, strict=True) if row not in rows]
    forgotten = len(column.values) - len(kept)
    if not kept:
        return 0
    column.keep(kept)
    return forgotten
