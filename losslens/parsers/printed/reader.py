"""Reads an output line by line: which of its lines belong to the training, and what each says with those around it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from losslens.languages import said
from losslens.model import Warning
from losslens.parsers.axes import is_objective
from losslens.parsers.printed.backwards import in_time
from losslens.parsers.printed.bars import Bars, bar_and_message, is_bar, is_broken
from losslens.parsers.printed.best import KIND as BEST
from losslens.parsers.printed.best import Best
from losslens.parsers.printed.blocks import KIND as RESULT
from losslens.parsers.printed.blocks import Blocks
from losslens.parsers.printed.caffe import Prototxt
from losslens.parsers.printed.counts import LENGTH
from losslens.parsers.printed.dumps import Dumps, tells_all_again
from losslens.parsers.printed.events import told_step
from losslens.parsers.printed.headings import begins_evaluation, heading_of
from losslens.parsers.printed.kept import Kept
from losslens.parsers.printed.laps import take_laps
from losslens.parsers.printed.lines import (
    LEAST_SOURCE,
    SOURCE,
    as_step,
    clean,
    counts_ahead,
    is_indented,
    is_source,
    quotes_source,
)
from losslens.parsers.printed.of_epochs import take_steps_of_epochs
from losslens.parsers.printed.pasted import passed_on, records_of, with_whole_head
from losslens.parsers.printed.ranks import OtherRanks
from losslens.parsers.printed.reading import Nature, nature_of
from losslens.parsers.printed.records import IS_LOSS, NAMELESS, SPLIT_IN_KEY, Record, read_record
from losslens.parsers.printed.rising import Rising
from losslens.parsers.printed.sections import Sections
from losslens.parsers.printed.settings import MIXED_DICT, settings_among, settings_in
from losslens.parsers.printed.speaking import names_a_means
from losslens.parsers.printed.starts import MOST_STARTS, Opened, Started, going_on, settings_again
from losslens.parsers.printed.statements import Statement, Statements
from losslens.parsers.printed.tables import Tables
from losslens.parsers.printed.tensors import without_lone
from losslens.parsers.printed.trainings import Training, in_turn, says_begun, trainings_in
from losslens.parsers.printed.unfolded import blocks_unfolded
from losslens.parsers.printed.unnamed import held_back, unnamed_course
from losslens.parsers.printed.unsaid import settled
from losslens.parsers.printed.whole_trainings import without_results
from losslens.parsers.printed.windows import WORTH_READING, counts_names_and_numbers
from losslens.patterns import compiled

_LOSS = compiled(
    rf"loss|{said('loss', 'error')}|cost|error|perplexity|(?<![a-z])ppl(?![a-z])|nll|xent|cross[ _-]?e|reward"
    r"|(?<![a-z])err(?![a-z])|(?<![a-z])r?mse|(?<![a-z])mae(?![a-z])",
    re.IGNORECASE,
)
#: How good something is: counted one by one, samples are measured so, and no training need be near.
_QUALITY = compiled(
    r"psnr|ssim|lpips|(?<![a-z])(?:acc|dice|m?iou|bleu|f1|auc|fid|recall|precision)(?![a-z])", re.IGNORECASE
)
#: Records of evaluations that may stand between two of the training.
MOST_BETWEEN = 20
#: Records above a line among which the same statement must have printed one for the line to be one of its.
LIKE_IT = 4
#: "epochs    200 (warm-up 10)" among the settings, where none has begun, says how many there will be.
_HOW_MANY = compiled(r"\W*epochs\W+(?!0*[01]\b)\d", re.IGNORECASE)
_MEASURED = compiled(r"loss\w*['\"]?\s*:\s*[-\d]", re.IGNORECASE)


@dataclass
class Reader:
    """Goes through the lines once; ``kept`` is what it read."""

    path: Path
    opened: Opened
    others: OtherRanks = field(default_factory=OtherRanks)

    def __post_init__(self) -> None:
        self.file = self.opened()
        self.kept = Kept(self.path)
        self.rank: int | None = None
        self._first_rank: dict[tuple[str, ...], int] = {}
        """The rank that printed a statement first."""
        self._again: set[tuple[str, ...]] = set()
        self._bars = Bars()
        self._tables = Tables()
        self._blocks = Blocks()
        self._prototxt = Prototxt()
        self._dumps = Dumps()
        self._sections = Sections()
        self._best = Best()
        self.at_once = False
        """Several trainings printed in turn, and their records were put one behind the other."""
        self._broken = ""
        self._heading = ""
        self._epoch: tuple[float, int | None] | None = None
        self._step: Record | None = None
        self._counted: dict[tuple[str, ...], int] = {}
        """The step that each statement said last."""
        self._begun = False
        self.begun_at: list[tuple[int, str]] = []
        """The lines on which the program said that it begins to train, and what they say."""
        self._statements = Statements()
        self._unnamed: dict[tuple[str, ...], list[Record]] = defaultdict(list)
        self._early: dict[tuple[str, ...], list[Record]] = defaultdict(list)
        """Single numbers below a heading of an epoch that were taken for settings: no number of a course had come."""
        self._rising = Rising()
        self.counts_updates = False
        """Some line counts "num_updates", as fairseq does."""
        self.results = 0
        """Lines left out that said how a training ended, of several."""
        self._told: tuple[int, int] | None = None
        self._unsaid: list[Warning] = []
        self._source = (0, 0)
        """How many lines of a program were printed, and the last of them."""

    def read(self) -> None:
        number = 0
        plain, above = False, ""
        counted: bool | None = None
        for block in blocks_unfolded(self.file.blocks()):
            counted = counts_ahead(block) if counted is None else counted
            lines = passed_on(block)
            for raw in lines if number else with_whole_head(lines):
                number += 1
                if counted:
                    raw = as_step(raw)
                if not raw or raw.isspace():
                    self._bars.see_blank(raw)
                    continue
                if plain and (known := self._statements.of(raw, number)) is not None:
                    statement, match = known
                    reading = statement.reading
                    if self._begun or not (reading.setting or (reading.nature and reading.nature.speaks)):
                        self._take_known(statement, match, raw, number)
                        plain = not reading.heading or self._is_plain(number)
                        above = raw
                        continue
                if is_source(raw, above):
                    self._source = self._source[0] + 1, number
                    self._begun = self._begun and self._source[0] < LEAST_SOURCE
                elif not ("Warning" in above and is_indented(raw) and quotes_source(above)):
                    for record in records_of(raw):
                        self._take(record, number)
                above = raw
                plain = self._is_plain(number)
        self._end(number)

    def _end(self, number: int) -> None:
        """What only the whole output tells of its lines; ``number`` is the last one's."""
        if self._broken:
            self._take(" ", number)  # nothing follows the name that the last line ends with
        self._leave_source()
        self._keep_drawn(self._tables.finish(), number)
        self._keep_drawn(self._blocks.finish(), number)
        self.kept.records = in_time(self.kept.records, self.kept.messages, self.kept.headings)
        self.kept.only(without_lone(self.kept.records))
        self._leave_results()
        self._take_early()
        take_laps(self.kept.records)
        take_steps_of_epochs(self.kept.records)
        if len({record.name for record in self.kept.records if record.kind == RESULT}) > 1:
            self.kept.records.sort(key=lambda record: record.name)  # trials that ran at once: one after the other
        elif (order := in_turn(self.kept.records)) is not None:
            self.kept.put_in(order)
            self.at_once = True
        self._take_unnamed()
        self._leave_results()
        if not self.kept.records:
            self.kept.records = self._best.told()
        self.kept.give_back_settings()
        self.kept.only_settings(lambda setting: not self._rising.counts(setting.name))
        for name, (value, line) in self._prototxt.found.items():
            self.kept.note(name, value, line)
        self._dumps.finish()
        self.kept.only(self._dumps.taken_out(self.kept.records))
        records, self._unsaid = settled(self.kept.records)
        self.kept.only(records)
        self._sections.name_evaluations(self.kept.records, self._dumps.lines)

    def _is_plain(self, number: int) -> bool:
        """Whether the line behind this one says what it says by itself: nothing has begun that has a say in it."""
        if self._broken or self._heading == "val" or self._blocks.inside or self._prototxt.inside:
            return False
        if self.kept.messages.in_traceback:
            return False
        return not self.kept.headings.is_under_rule(number + 1)

    def _take_known(self, statement: Statement, match: re.Match[str], raw: str, number: int) -> None:
        """A line of a statement that is known, as ``_take`` would take it."""
        reading = statement.reading
        if reading.drawn:
            drawn, record = self._tables.take(raw)
            if drawn:
                self._keep_drawn(record, number)
                return
        else:
            self._tables.pass_over()
        if reading.heading:
            self.kept.headings.see(clean(raw).text, number, len(self.kept.records))
        if not reading.worth:
            return
        kept = False
        if reading.record is not None and reading.nature is not None:
            kept = self._take_record(statement.record(match, number), reading.nature, raw, reading.rank)
        record = self.kept.records[-1] if kept else None
        if not reading.item or (record is not None and record.kind):
            self._dumps.finish()
        else:
            self._dumps.see(clean(raw).text, record, number)

    def _take(self, raw: str, number: int) -> None:
        if self._prototxt.take(raw, number):
            return
        inside, result = self._blocks.take(raw)
        self._keep_drawn(result, number)
        if inside:
            return
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
        if not line.rank:
            self._best.see(text, number, line.wall_time)
        self._sections.see(text, number)
        if says_begun(text):
            self.begun_at.append((number, text))
        if self.kept.messages.take(raw, text, number, line.wall_time, len(self.kept.records)):
            self._told = (number, step) if (step := told_step(text)) is not None else None
            return
        if (heading := heading_of(text)) is not None:
            self._heading = heading
            self.kept.headings.see(text, number, len(self.kept.records))
            return
        if is_broken(text):
            self._broken = text
            return
        if not WORTH_READING.search(text):
            self._note_setting(text, number)
            self.kept.headings.see(text, number, len(self.kept.records))
            return
        if tells_all_again(text):
            return
        if not self.kept.records and MIXED_DICT.match(text) and not _MEASURED.search(text):
            self._note_setting(text, number)
            return
        record = read_record(text)
        self.counts_updates = self.counts_updates or "num_updates" in text
        if record is not None and not record.kind and self.kept.messages.told_nan(number):
            return  # "Loss is nan, stopping training" is no line of numbers: it stands at no step
        if record is None or record.kind in ("", "count"):
            self.kept.headings.see(text, number, len(self.kept.records))
        if record is None or (not record.values and not record.n):
            self._note_setting(text, number)
        kept = False
        if record is not None:
            if self._heading == "val" and self._counts_an_evaluation(record):
                record.batch = record.n
                record.kind, record.step, record.n, record.of = "evaluation", None, None, None
                record.values = _of_validation(record.values)
            elif self._heading == "val" and is_indented(raw) and not (record.kind and record.values):
                record.values = _of_validation(record.values)
            else:
                self._heading = ""
            record.line, record.wall_time = number, line.wall_time
            kept = self._take_record(record, nature_of(record), text, line.rank)
            if kept and self.kept.messages.told_nan(number):
                before = self.kept.records[-1 - LIKE_IT : -1]
                if record.kind and any(one.template == record.template for one in before):
                    self.kept.messages.take_back()
            if begins_evaluation(text):
                self._heading = "val"
        self._dumps.see(text, self.kept.records[-1] if kept else None, number)

    def _counts_an_evaluation(self, record: Record) -> bool:
        """Whether a line under the heading of an evaluation counts to another total than the training above it."""
        of = next((r.of for r in reversed(self.kept.records[-MOST_BETWEEN:]) if r.of is not None), None)
        return of is not None and record.of is not None and record.of != of

    def _take_record(self, record: Record, nature: Nature, text: str, rank: int | None) -> bool:
        """What a line said, among the lines around it; whether its record was kept."""
        if record.kind == "bar":
            self._bars.see_bar(record)
        heading = record.kind == "epoch" and not record.values
        if heading and self._epoch is None and _HOW_MANY.match(text) and record.epochs is None:
            self._note_setting(text, record.line)
            return False
        if heading and self._epoch is None and record.epoch is not None and record.epochs is not None:
            self._count_back(record.epoch)
        if heading and self._epoch is not None and record.epoch != self._epoch[0]:
            self._sections.begin_epoch(record.line)
        if record.epoch is not None and (heading or self._epoch is not None):
            self._epoch = (record.epoch, record.epochs)
        if "train_runtime" in record.values:
            self._note_closing(record, record.line)
            return False
        if record.step is not None and (
            nature.place or self._counts(record, nature) or (self._step is not None and record.kind == self._step.kind)
        ):
            self._step = self._step if LENGTH.search(text) else record
        if not nature.speaks:
            if not record.kind:
                self._note_setting(text, record.line)
            if nature.may_speak:
                self._unnamed[record.template].append(record)
            return False
        if (
            not self._begun
            and record.kind in ("", "count")
            and self._step is None
            and not any((IS_LOSS if record.kind else _LOSS).search(key) for key in record.values)
            and not (record.kind and any(map(is_objective, record.values)))
            and NAMELESS not in record.values
            and not counts_names_and_numbers(record)
        ):
            self._note_setting(text, record.line)  # "lr = 0.1" before the first loss is a setting
            quality = any(map(_QUALITY.search, record.values)) and not names_a_means(record)
            if record.kind and nature.may_speak and not quality:
                self._unnamed[record.template].append(record)
            elif not record.kind and self._epoch is not None:
                self._complete(record)
                self._early[record.template].append(record)
            return False
        if rank is not None:
            # The last rank may print the course and the first what it was started with: a single line decides nothing.
            first = self._first_rank.setdefault(record.template, rank)
            if self.rank is None and (record.kind or record.template in self._again):
                self.rank = rank if record.kind else first
            self._again.add(record.template)
            if self.rank is not None and rank != self.rank:
                self.others.see(rank, record)
                return False
        self._complete(record)
        self._keep(record)
        return True

    def _count_back(self, epoch: float) -> None:
        """Bars of Keras above the first heading of an epoch are those of the one before: the output was cut there."""
        for record in self.kept.records:
            if record.kind == "keras" and record.epoch is None and epoch > 1:
                record.epoch = epoch - 1

    def _counts(self, record: Record, nature: Nature) -> bool:
        """Whether a line that counts up from one to the next says the step ahead of numbers of something else."""
        assert record.step is not None
        before = self._counted.get(record.template)
        self._counted[record.template] = record.step
        return not nature.speaks and record.kind == "step" and before is not None and record.step == before + 1

    def _leave_source(self) -> None:
        """Forget what was read out of the program itself, where it printed itself first of all."""
        lines, last = self._source
        if lines < LEAST_SOURCE or lines < SOURCE * last:
            return
        self._unnamed.clear()
        self.kept.forget_up_to(last)

    def _keep_drawn(self, record: Record | None, number: int) -> None:
        """The row or box of a table that is complete."""
        if record is not None:
            record.line = number
            self._complete(record)
            self._keep(record)

    def _keep(self, record: Record) -> None:
        """Numbers at a place, or the same numbers again: what is printed from here on is no setting any more."""
        if not self._begun:
            like_it = [one for one in self.kept.records[-MOST_BETWEEN:] if record.template == one.template]
            again = any(record.template == one.template for one in self.kept.records[-3:])
            self._begun = bool(record.kind) or again or any(one.epoch != record.epoch for one in like_it)
        self.kept.records.append(record)

    def _complete(self, record: Record) -> None:
        """Give a line that does not say its place the one that the lines around it do."""
        if record.epoch is None and self._epoch is not None:
            record.epoch = self._epoch[0]
        if record.kind == "" and self._step is not None:
            record.kind, record.step = "step-context", self._step.step
            record.epoch = self._step.epoch if record.epoch is None else record.epoch
        if not record.kind and self._told is not None and self._told[0] == record.line - 1:
            record.kind, record.step = "step", self._told[1]  # detectron2 prints its losses below its last words
        elif record.kind in ("", "epoch"):
            # Hugging Face's Trainer prints its dict of numbers above the bar, which says the step.
            self._bars.place(record)

    def _take_early(self) -> None:
        """Numbers below the first epochs that go on below the later ones are points and no settings."""
        if early := going_on(self._early, self.kept.records):
            self.kept.take_back(early)

    def _leave_results(self) -> None:
        before = len(self.kept.records)
        self.kept.only(without_results(self.kept.records))
        self.results += before - len(self.kept.records)

    def leave_later_settings(self) -> tuple[Started, ...]:
        """What later starts printed of their settings: no numbers of a course."""
        starts, records = settings_again(
            self.opened, self.kept.records, self.kept.settings, self.kept.messages, max(MOST_STARTS, len(self.begun_at))
        )
        if len(records) < len(self.kept.records):
            self.kept.only(records)
        return starts

    def _take_unnamed(self) -> None:
        """No loss has a name that losslens knows: what was printed at places again and again is the course of one."""
        course = [] if self.at_once else unnamed_course(self._unnamed.values(), self.kept.records)
        if course:
            self.kept.take_back(course)
            take_steps_of_epochs(self.kept.records)
        if not self.at_once and (measured := held_back(self._unnamed.values(), self.kept.records, course)):
            self.kept.take_back(measured)

    def _note_closing(self, record: Record, number: int) -> None:
        """The line with which Hugging Face's Trainer ends: its train_loss is the mean of the run, no point of it."""
        words = [f"training ended after {record.values['train_runtime']:g} s"]
        if "train_loss" in record.values:
            words.append(f"average train_loss over the whole run {record.values['train_loss']:.6g}")
        self.kept.messages.note("finished", "; ".join(words), number, len(self.kept.records))

    def trainings(self) -> list[Training]:
        """The trainings that were printed one after the other; mostly there is one."""
        resumed = [(at, event.line or 0) for event, at in self.kept.messages.events if event.kind == "restart"]
        return trainings_in(self.kept.records, self.kept.headings.found, resumed, self.begun_at)

    def _note_setting(self, text: str, number: int) -> bool:
        self._rising.see(text, self.kept.settings, len(self.kept.records))
        if self._begun or is_bar(text):
            return False
        found = settings_in(text) or settings_among(text)
        for name, value in found:
            self.kept.note(name, value, number)
        return bool(found)

    def warnings(self) -> list[Warning]:
        warnings: list[Warning] = []
        if self.others.lines:
            text = f"{self.others.lines} lines of other ranks left out; those of rank {self.rank} were read"
            warnings.append(Warning("other-ranks", text))
        if self.kept.records and self._best.records and self.kept.records[0].form == BEST:
            warnings += self._best.warnings()
        return [*warnings, *self._unsaid, *self.kept.messages.warnings()]


def _of_validation(values: dict[str, float]) -> dict[str, float]:
    return {key if SPLIT_IN_KEY.search(key) else f"val/{key}": value for key, value in values.items()}
