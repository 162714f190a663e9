"""What a job printed: stdout, ``.log``, ``.out``; any dialect that names its numbers, progress bars included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from losslens.errors import NotALogError
from losslens.frameworks import framework_said
from losslens.model import Log, RawSeries, Setting
from losslens.parsers.opening import dated_at_end
from losslens.parsers.printed.cut import cut_rows, says_cut, without_cut_number
from losslens.parsers.printed.dating import dated_events
from losslens.parsers.printed.first_step import begun_once_more
from losslens.parsers.printed.places import place_records
from losslens.parsers.printed.reader import Reader
from losslens.parsers.printed.records import Record
from losslens.parsers.printed.series import (
    named_by_best,
    named_by_file,
    named_objective,
    series_of,
    told_to_fall,
)
from losslens.parsers.printed.settings import settings_said
from losslens.parsers.printed.short import may_tell_of_a_loss, may_tell_of_a_nan, shows_a_course, shows_nan
from losslens.parsers.printed.starts import Opened, counted_anew, held, later_in
from losslens.parsers.printed.told import add_told_nan
from losslens.parsers.printed.trainings import Training
from losslens.parsers.printed.windows import has_records
from losslens.parsers.wrapped import output_file, output_head

NAME = "text"


def sniff(path: Path, head: bytes) -> bool:
    """True when one statement of a program printed training numbers several times, anywhere in the file.

    A few are enough where they, or what is said below them, tell of a NaN.
    """
    return has_records(path, head) or (may_tell_of_a_nan(path, head) and _tells_of_a_nan(path))


def _tells_of_a_nan(path: Path) -> bool:
    try:
        return any(shows_nan(log) for log in parse(path))
    except NotALogError:
        return False


def tells_a_few_points(path: Path, head: bytes) -> bool:
    """Whether a text too short to be known for output tells a loss at two places: enough where its file was named."""
    if not may_tell_of_a_loss(path, head):
        return False
    try:
        return any(shows_a_course(log, head) for log in parse(path))
    except NotALogError:
        return False


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one output file. Raises NotALogError when no line of it names a training number."""
    return read_output(path, partial(output_file, path))


def read_output(path: Path, opened: Opened) -> tuple[Log, ...]:
    """The Log of an output, which ``opened`` opens as often as asked; ``path`` is what its places are called by."""
    reader = Reader(path, opened)
    reader.read()
    if not reader.kept.records:
        told = "it says how trainings ended, one each, and tells the course of none"
        raise NotALogError(f"{path}: {told if reader.results else 'no line of it names a number of a training'}")
    return tuple(_logs(reader))


def _logs(reader: Reader) -> Iterator[Log]:
    """One Log, or one a training where the output holds several that it names."""
    starts = reader.leave_later_settings()
    trainings = reader.trainings()
    framework = framework_said([output_head(reader.file.head)])
    for number, training in enumerate(trainings):
        placed = place_records(reader.kept.records[training.first : training.end], reader.kept.steps_per_epoch())
        placed = counted_anew(reader.opened, placed) if len(trainings) == 1 else placed
        warnings = [*reader.warnings(), *placed.warnings]
        series, more = series_of(placed)
        cut = cut_rows(placed, series)
        series, more = without_cut_number(placed, series, cut), [*more, *says_cut(placed, series, cut)]
        apart, told = reader.others.apart(placed, reader.rank) if len(trainings) == 1 else ({}, [])
        series = told_to_fall(named_objective(named_by_best(series)))
        series, more = named_by_file(series, reader.path) | apart, [*more, *told]
        lines = training.first_line, trainings[number + 1].first_line if number + 1 < len(trainings) else None
        events = tuple(dated_events(reader.kept.messages.events, placed, training.first, lines, at_once=reader.at_once))
        more += add_told_nan(series, events, placed.records)
        later = later_in(starts, training.first, training.end, placed)
        damage = reader.file.damage if lines[1] is None else ()
        yield Log(
            path=str(reader.path),
            format=NAME,
            series=series,
            settings=tuple(
                ({**reader.kept.settings, **held(starts, training.first), **_said(training, reader.path)}).values()
            ),
            events=events,
            damage=tuple(dated_at_end(one, int(placed.step[-1])) for one in damage),
            warnings=(*warnings, *more),
            trainer=_trainer(series, placed.records, updates=reader.counts_updates),
            restarts=tuple(sorted({*begun_once_more(placed, events, reader.begun_at), *(row for row, _ in later)})),
            later_settings=later,
            group_hint=training.name or None,
            framework=framework,
            cut=cut,
            first_time=next((r.wall_time for r in placed.records if r.wall_time is not None), None),
        )


def _said(training: Training, path: Path) -> dict[str, Setting]:
    """What the headings above one of several trainings say of it."""
    return {setting.name: setting for setting in settings_said(training.said, f"{path}:{training.first_line}")}


#: Names that one program alone prints.
_OWN_TAGS: tuple[tuple[str, frozenset[str]], ...] = (
    ("sb3", frozenset(["train/n_updates", "rollout/ep_rew_mean"])),
    ("nanogpt", frozenset(["mfu"])),
    ("torchtune", frozenset(["tokens_per_second_per_gpu"])),
    ("d3rlpy", frozenset(["time_algorithm_update"])),
    ("catboost", frozenset(["learn loss", "learn score"])),
    ("lightgbm", frozenset(["training's l2", "valid_0's l2", "valid_1's l2", "training's binary_logloss"])),
)


def _trainer(series: dict[str, RawSeries], records: list[Record], *, updates: bool) -> str | None:
    """The program that printed the records; ``updates``: it counts what fairseq calls num_updates."""
    kinds = Counter(record.kind for record in records)
    tags = set(series)
    if kinds["keras"] + kinds["keras-count"] > 0.5 * len(records):
        return "keras"
    if {"lm loss", "grad norm"} <= tags or {"lm loss", "learning rate"} <= tags:
        return "megatron"
    if "loss" in tags and ({"wps", "wpb", "ups"} & tags or ("gnorm" in tags and updates)):
        return "fairseq"
    if {"loss", "tps", "mfu"} <= tags:
        return "torchtitan"
    for trainer, own in _OWN_TAGS:
        if own & tags:
            return trainer
    unplaced = sum(kinds[kind] for kind in ("", "epoch", "bar-context")) > 0.5 * len(records)
    if {"train_runtime", "eval_runtime"} & tags or ({"loss", "learning_rate", "epoch"} <= tags and unplaced):
        return "hf"
    return None
