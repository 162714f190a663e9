"""What a job printed: stdout, ``.log``, ``.out``; any dialect that names its numbers, progress bars included."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Log, LogEvent, RawSeries, Setting, Warning
from losslens.parsers.opening import HEAD_BYTES, LogFile, decode_head, lines_of
from losslens.parsers.settings import plain_setting
from losslens.parsers.text_bars import Bars, bar_and_message, is_bar, is_broken
from losslens.parsers.text_events import Messages
from losslens.parsers.text_lines import clean
from losslens.parsers.text_places import Placed, place_records
from losslens.parsers.text_records import Record, read_record, speaks_of_training
from losslens.parsers.text_tables import Tables

NAME = "text"

#: A file is a job's output when one statement of the program printed training numbers at least this often.
LEAST_RECORDS = 3
#: Output often begins with pages of warnings; files named like output are searched this far for their first number.
SEARCHED_BYTES = 2 << 20
_OUTPUT_SUFFIXES = frozenset(["", ".log", ".out", ".err", ".txt", ".stdout", ".stderr", ".o"])
_NUMBERS_AHEAD = re.compile(rb"(?i)loss\w*['\"]?[\s:=(\[]{1,4}[-\d]|\b(?:epoch|step|iter(?:ation)?)\W{1,3}\d")
#: Lines with none of these cannot hold a named number: most lines of most outputs are passed over here.
_WORTH_READING = re.compile(r"[:=|\]]|loss|acc|lr |epoch", re.IGNORECASE)
_SETTING = re.compile(
    r"^\s*(?:\[\w+\]\s*)?(?:--)?['\"]?([A-Za-z_][\w.\-/ ]{0,40}?)['\"]?\s*(?:[:=]|\.{3,})\s*(\S.{0,80}?),?\s*$"
)
_NAMESPACE = re.compile(r"\b(?:Namespace|Config|Args|TrainingArguments)\((.*)\)")
_NAMED = re.compile(r"([A-Za-z_]\w*)=('[^']*'|\"[^\"]*\"|\[[^\]]*\]|\([^)]*\)|[^,()\s]+)")
_FLAG = re.compile(r"(?:^|\s)--([A-Za-z][\w-]*)(?:[ =]([^\s-]\S*|-[\d.]\S*))?")
_LOSS = re.compile(r"loss|cost|error|perplexity|nll|xent|reward", re.IGNORECASE)
_SOURCE_CODE = re.compile(r"^\s*(?:def|import|from|class|return|for|if|#include|function|const|let|var)\b")


def sniff(path: Path, head: bytes) -> bool:
    """True when one statement printed training numbers three times, in the head or, for output files, further on."""
    text = decode_head(head)
    if _has_records(text):
        return True
    if len(head) < HEAD_BYTES or path.suffix.lower() not in _OUTPUT_SUFFIXES:
        return False
    with path.open("rb") as file:
        file.seek(HEAD_BYTES)
        more = file.read(SEARCHED_BYTES)
    found = _NUMBERS_AHEAD.search(more)
    if found is None:
        return False
    return _has_records(more[found.start() : found.start() + HEAD_BYTES].decode("utf-8", "replace"))


def _has_records(text: str) -> bool:
    templates: Counter[tuple[str, ...]] = Counter()
    code = lines = 0
    tables = Tables()
    for raw in lines_of(text.replace("\r\n", "\n").replace("\r", "\n")):
        lines += 1
        code += bool(_SOURCE_CODE.match(raw))
        if lines > 200 and code > 0.2 * lines:
            return False
        drawn, record = tables.take(raw)
        if not drawn:
            if not _WORTH_READING.search(raw):
                continue
            record = read_record(clean(raw).text)
        if record is not None and speaks_of_training(record):
            templates[record.template] += 1
            # One epoch's line has a place and a loss; without a place it takes more to tell output from prose.
            if templates[record.template] >= (LEAST_RECORDS if record.kind else 2 * LEAST_RECORDS):
                return code <= 0.2 * lines
    return False


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one output file. Raises NotALogError when no line of it names a training number."""
    reader = _Reader(path)
    reader.read()
    if not reader.records:
        raise NotALogError(f"{path}: no line of it names a number of a training")
    placed = place_records(reader.records, reader.steps_per_epoch())
    warnings = [*reader.warnings(), *placed.warnings]
    series, more = _series(placed)
    return (
        Log(
            path=str(path),
            format=NAME,
            series=series,
            settings=tuple(reader.settings.values()),
            events=tuple(reader.dated_events(placed)),
            damage=tuple(reader.file.damage),
            warnings=(*warnings, *more),
            trainer=_trainer(series, reader.records),
            first_time=next((r.wall_time for r in reader.records if r.wall_time is not None), None),
        ),
    )


@dataclass
class _Reader:
    """Goes through the lines once and keeps records, events and settings."""

    path: Path
    records: list[Record] = field(default_factory=list)
    settings: dict[str, Setting] = field(default_factory=dict)
    other_ranks: int = 0

    def __post_init__(self) -> None:
        self.file = LogFile(self.path)
        self.messages = Messages(self.path)
        self._rank: int | None = None
        self._bars = Bars()
        self._tables = Tables()
        self._broken = ""
        self._epoch: tuple[float, int | None] | None = None

    def read(self) -> None:
        number = 0
        for block in self.file.blocks():
            for raw in lines_of(block):
                number += 1
                if not raw or raw.isspace():
                    self._bars.see_blank(raw)
                else:
                    self._take(raw, number)
        self._keep_drawn(self._tables.finish(), number)

    def _take(self, raw: str, number: int) -> None:
        drawn, record = self._tables.take(raw)
        if drawn:
            self._keep_drawn(record, number)
            return
        line = clean(raw)
        bar, message = bar_and_message(line.text)
        if bar:
            self._take(bar, number)
            line = replace(clean(message), rank=line.rank)
        text, self._broken = f"{self._broken} {line.text}" if self._broken else line.text, ""
        if self.messages.take(raw, text, number, line.wall_time, len(self.records)):
            return
        if not _WORTH_READING.search(text):
            return
        if is_broken(text):
            self._broken = text
            return
        record = read_record(text)
        if record is None or (not record.values and not record.n):
            self._note_setting(text, number)
        if record is None:
            return
        if record.kind == "bar":
            self._bars.see_bar(record)
        if record.kind == "epoch" and not record.values and record.epoch is not None:
            self._epoch = (record.epoch, record.epochs)
        if "train_runtime" in record.values:
            self._note_closing(record, number)
            return
        if not speaks_of_training(record):
            return
        if not record.kind and not self.records and not any(_LOSS.search(key) for key in record.values):
            self._note_setting(text, number)  # "lr = 0.1" before the first loss is a setting
            return
        if line.rank is not None:
            self._rank = line.rank if self._rank is None else self._rank
            if line.rank != self._rank:
                self.other_ranks += 1
                return
        record.line, record.wall_time = number, line.wall_time
        self._complete(record)
        self.records.append(record)

    def _keep_drawn(self, record: Record | None, number: int) -> None:
        """The row or box of a table that is complete."""
        if record is not None:
            record.line = number
            self._complete(record)
            self.records.append(record)

    def _complete(self, record: Record) -> None:
        """Give a line that does not say its place the one that the lines around it do."""
        if record.epoch is None and self._epoch is not None:
            record.epoch = self._epoch[0]
        if record.kind in ("", "epoch"):
            # Hugging Face's Trainer prints its dict of numbers above the bar, which says the step.
            self._bars.place(record)

    def _note_closing(self, record: Record, number: int) -> None:
        """The line with which Hugging Face's Trainer ends: its train_loss is the mean of the run, no point of it."""
        for name, value in record.values.items():
            if name != "epoch":
                tag = f"summary.{name}"
                self.settings.setdefault(tag, Setting(tag, plain_setting(f"{value:g}"), f"{self.path}:{number}"))
        words = [f"training ended after {record.values['train_runtime']:g} s"]
        if "train_loss" in record.values:
            words.append(f"average train_loss over the whole run {record.values['train_loss']:.6g}")
        self.messages.note("finished", "; ".join(words), number, len(self.records))

    def steps_per_epoch(self) -> float | None:
        """From the two numbers that Hugging Face's Trainer announces before it starts."""
        steps, epochs = (self.settings.get(name) for name in ("Total optimization steps", "Num Epochs"))
        if steps is None or epochs is None or not isinstance(steps.value, int) or not isinstance(epochs.value, int):
            return None
        return steps.value / epochs.value if epochs.value > 0 else None

    def dated_events(self, placed: Placed) -> Iterator[LogEvent]:
        """The events with the step of the record before them."""
        for event, before in self.messages.events:
            step = placed.step_before(before)
            yield LogEvent(event.kind, event.text, event.source, step, event.wall_time, event.line)

    def _note_setting(self, text: str, number: int) -> bool:
        if self.records or is_bar(text):
            return False
        found: list[tuple[str, str]] = []
        namespace = _NAMESPACE.search(text)
        if namespace:
            found = _NAMED.findall(namespace[1])
        elif "--" in text:
            found = [(name.replace("-", "_"), value or "True") for name, value in _FLAG.findall(text)]
        if not found and (single := _SETTING.match(text)):
            found = [(single[1].strip(), single[2])]
        for name, value in found:
            self.settings.setdefault(name, Setting(name, plain_setting(value), f"{self.path}:{number}"))
        return bool(found)

    def warnings(self) -> list[Warning]:
        warnings: list[Warning] = []
        if self.other_ranks:
            text = f"{self.other_ranks} lines of other ranks left out; those of rank {self._rank} were read"
            warnings.append(Warning("other-ranks", text))
        return [*warnings, *self.messages.warnings()]


def _series(placed: Placed) -> tuple[dict[str, RawSeries], list[Warning]]:
    """Points by tag. Where several statements print one tag, the fullest has the name."""
    import numpy as np

    points: dict[str, dict[tuple[str, ...], list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, record in enumerate(placed.records):
        for tag in record.values:
            points[tag][record.template].append(index)
    series: dict[str, RawSeries] = {}
    warnings: list[Warning] = []
    for tag, by_template in points.items():
        for name, rows in _told_apart(tag, by_template, placed, warnings):
            at = np.array(rows, dtype=np.int64)
            values = np.array([placed.records[i].values[tag] for i in rows], dtype=np.float64)
            series[name] = RawSeries(name, placed.step[at], values, placed.wall_time[at], at, placed.axis)
    return series, warnings


def _told_apart(
    tag: str, by_template: dict[tuple[str, ...], list[int]], placed: Placed, warnings: list[Warning]
) -> list[tuple[str, list[int]]]:
    """One tag printed by several statements: the same numbers twice, an epoch's summary, or one course in turns."""
    ranked = sorted(by_template.values(), key=len, reverse=True)
    main, others = list(ranked[0]), ranked[1:]
    steps = set(placed.step[main].tolist())
    named: list[tuple[str, list[int]]] = []
    copies = 0
    for rows in others:
        again = sum(int(placed.step[i]) in steps for i in rows)
        summary = placed.records[rows[0]].kind == "epoch" != placed.records[main[0]].kind
        if summary and len(rows) >= LEAST_RECORDS:
            named.append((f"{tag} (per epoch)", rows))
        elif again > 0.5 * len(rows):
            copies += len(rows)
        else:
            main.extend(rows)
            steps.update(placed.step[rows].tolist())
    if copies:
        warnings.append(Warning("printed-twice", f"'{tag}' is printed twice a step: {copies} copies left out"))
    taken: dict[str, list[int]] = {tag: sorted(main)}
    for name, rows in named:
        taken.setdefault(name, []).extend(rows)
    return [(name, sorted(rows)) for name, rows in taken.items()]


def _trainer(series: dict[str, RawSeries], records: list[Record]) -> str | None:
    kinds = Counter(record.kind for record in records)
    tags = set(series)
    if kinds["keras"] > 0.5 * len(records):
        return "keras"
    if {"lm loss", "grad norm"} <= tags or {"lm loss", "learning rate"} <= tags:
        return "megatron"
    if {"gnorm", "wps"} & tags and "loss" in tags:
        return "fairseq"
    if {"train_runtime", "eval_runtime"} & tags or {"loss", "learning_rate", "epoch"} <= tags:
        return "hf"
    return None
