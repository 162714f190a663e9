"""The nouns of losslens: what a log, a run, an episode, a verdict and a cause are.

Everything here is a frozen dataclass. Conventions that hold everywhere:

- ``first_step`` and ``last_step`` are inclusive.
- A *step* is what the log calls a step (or epoch, or samples); ``axis`` names which. It is a row number only
  when the log has nothing better, and ``axis`` is then ``"row"``.
- Times are seconds since the epoch in UTC; NaN where not logged.
- ``None`` means "not logged" or "does not apply", never zero.
- NaN and Inf in a value are evidence and are kept.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from losslens.errors import LosslensError
from losslens.frameworks import Framework

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    FloatArray: TypeAlias = NDArray[np.float64]
    IntArray: TypeAlias = NDArray[np.int64]
    BoolArray: TypeAlias = NDArray[np.bool_]

SettingValue: TypeAlias = "str | int | float | bool | None"


class Role(enum.StrEnum):
    """What a series is for."""

    TRAIN_LOSS = "train_loss"
    VAL_LOSS = "val_loss"
    LOSS_COMPONENT = "loss_component"
    VAL_COMPONENT = "val_component"
    LEARNING_RATE = "learning_rate"
    GRAD_NORM = "grad_norm"
    GRAD_NORM_CLIPPED = "grad_norm_clipped"
    LAYER_GRAD_NORM = "layer_grad_norm"
    WEIGHT_NORM = "weight_norm"
    UPDATE_RATIO = "update_ratio"
    LOSS_SCALE = "loss_scale"
    LOGIT_SCALE = "logit_scale"
    """Size of logits: max attention logit, log Z, z-loss."""
    ACCURACY = "accuracy"
    VAL_ACCURACY = "val_accuracy"
    REWARD = "reward"
    ENTROPY = "entropy"
    KL = "kl"
    BATCH_SIZE = "batch_size"
    SKIPPED_STEPS = "skipped_steps"
    EPOCH = "epoch"
    SAMPLES = "samples"
    THROUGHPUT = "throughput"
    STEP_TIME = "step_time"
    OTHER = "other"


class Verdict(enum.StrEnum):
    """One word for a run or a series. The order is from worst to best."""

    NAN = "nan"
    EXPLODED = "exploded"
    DIVERGED = "diverged"
    VAL_DIVERGED = "val-diverged"
    SHIFTED = "shifted"
    OVERFIT = "overfit"
    PLATEAU = "plateau"
    SPIKE_RECOVERED = "spike-recovered"
    INCONCLUSIVE = "inconclusive"
    HEALTHY = "healthy"

    @property
    def severity(self) -> int:
        """0 is the worst."""
        return list(Verdict).index(self)

    @property
    def blew_up(self) -> bool:
        return self in (Verdict.NAN, Verdict.EXPLODED, Verdict.DIVERGED, Verdict.VAL_DIVERGED)


# --------------------------------------------------------------------------- what a file holds


@dataclass(frozen=True, slots=True, eq=False)
class RawSeries:
    """One tag as a file has it, in file order; nothing sorted, merged or dropped.

    ``row`` numbers the record, line or table row (0-based) a point came from, so that points of different tags
    that were written together can be told, and so that a blank cell between them can be found.
    """

    tag: str
    step: IntArray
    value: FloatArray
    wall_time: FloatArray
    row: IntArray
    axis: str = "step"
    """What the x of this series counts: "step", "epoch", "samples", "iteration", "row", … """


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The rows of a table-like file, blank cells included: what lets an empty loss cell be told from "not logged".

    ``step``, ``wall_time``: one entry a row (shape ``(n_rows,)``); ``blank`` maps a column to the row numbers whose
    cell was empty or a missing-value word (``NA``), not those that spelled NaN: these are points with a NaN value.
    """

    step: IntArray
    wall_time: FloatArray
    blank: Mapping[str, IntArray]


@dataclass(frozen=True, slots=True)
class Setting:
    """One hyper-parameter as found, with the file (and key) it came from."""

    name: str
    value: SettingValue
    source: str


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that a later start of the job had otherwise than the start before it."""

    name: str
    before: SettingValue
    after: SettingValue
    step: int | None
    """The first step written under the new value; None where the files do not say which start they are of."""
    before_source: str
    source: str


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A line or record that says something happened.

    ``kind`` is one of: "overflow", "skipped-step", "nan-message", "traceback", "out-of-memory", "nccl", "preemption",
    "killed", "failed", "interrupted", "checkpoint", "restart", "hardware", "finished", "message".
    """

    kind: str
    text: str
    source: str
    step: int | None = None
    wall_time: float | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a file that could not be read, and what that cost. Byte positions are inclusive."""

    path: str
    first_byte: int
    last_byte: int
    reason: str
    records_lost: int | None = None
    """None when it cannot be known (a cut tail, a broken length)."""
    after_step: int | None = None
    """The last step read before the damage."""


@dataclass(frozen=True, slots=True)
class Warning:
    """One line to the user about how a log was read."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or run that could not be analysed, and why."""

    path: str
    code: str
    reason: str

    @classmethod
    def because(cls, path: str, error: LosslensError) -> Skipped:
        """The reason without the path, which stands beside it in every report."""
        return cls(path, error.code, str(error).removeprefix(f"{path}: "))


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """What a parser found in one file (or one folder that is a single log, such as an MLflow run)."""

    path: str
    format: str
    """Stable short name: "tensorboard", "csv", "keras-json", "trainer-state", "jsonl", "text", "mlflow", "wandb", …"""
    series: Mapping[str, RawSeries]
    settings: tuple[Setting, ...] = ()
    events: tuple[LogEvent, ...] = ()
    damage: tuple[Damage, ...] = ()
    warnings: tuple[Warning, ...] = ()
    table: Table | None = None
    restarts: tuple[int, ...] = ()
    """Row numbers at which the job is known to have started again (SessionLog START, a repeated header)."""
    later_settings: tuple[tuple[int, Setting], ...] = ()
    """What later starts of the job wrote of their settings into the same file, each with the row it holds from."""
    trainer: str | None = None
    """Who wrote it, when the content gives it away: "keras", "lightning", "hf", "ultralytics", "sb3", …"""
    group_hint: str | None = None
    """Anything in the content that names the job (a run id), for grouping files of one job."""
    first_time: float | None = None
    """When the file was begun, where the format says (event file header, file name)."""
    framework: Framework | None = None
    """What its printed lines show it to be written in; a trainer tells by its name."""
    cut: tuple[int, ...] = ()
    """Rows whose printed line ends ahead of its time: what they lack was not written, and is no NaN."""


# --------------------------------------------------------------------------- a run


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series:
    """One tag of a run, stitched: in the order it was written, every point kept.

    All arrays have shape ``(n,)``. After a resume a step can occur in two segments; only (segment, step) is unique.
    """

    tag: str
    step: IntArray
    value: FloatArray
    wall_time: FloatArray
    row: IntArray
    segment: IntArray
    axis: str = "step"
    abandoned: BoolArray | None = None
    """True where a later segment overwrote this point (the branch a resume left behind); None when there is none."""

    def __len__(self) -> int:
        return int(self.step.size)

    def __repr__(self) -> str:
        span = f", {self.axis} {self.step[0]} to {self.step[-1]}" if len(self) else ""
        return f"<Series {self.tag!r}: {len(self)} points{span}>"

    def current(self) -> Series:
        """The branch the job ended on: the points that no later segment overwrote."""
        if self.abandoned is None or not self.abandoned.any():
            return self
        return replace(self.where(~self.abandoned), abandoned=None)

    def where(self, keep: BoolArray) -> Series:
        """The points at which ``keep``, shape ``(n,)``, is true."""
        return Series(
            self.tag,
            self.step[keep],
            self.value[keep],
            self.wall_time[keep],
            self.row[keep],
            self.segment[keep],
            self.axis,
            self.abandoned[keep] if self.abandoned is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """The stretch between two starts of the job."""

    index: int
    first_step: int
    last_step: int
    first_time: float | None
    last_time: float | None
    abandoned_from: int | None = None
    """First step that the next segment overwrote."""
    how: str = ""
    """How the start was recognised: "new file", "step went back", "session start", "repeated header"."""


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """One series and the role it was given. ``sure`` is False when the choice is a guess that the report must admit."""

    tag: str
    role: Role
    why: str
    sure: bool = True
    split: str = ""
    """"train", "val", "test" or "" where the name does not say."""
    group: str = ""
    """What the series belongs to where a run trains several things: "generator", "critic", "task_a"."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A logger effect that was undone, or that could not be and is said."""

    code: str
    text: str
    series: str | None = None
    points: int = 0
    first_step: int | None = None
    last_step: int | None = None


@dataclass(frozen=True, slots=True)
class StepsPerEpoch:
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    step: int
    path: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Run:
    """One training job."""

    id: str
    """Short and unique within one analysis; safe in a file name."""
    name: str
    path: str
    files: tuple[str, ...]
    format: str
    axis: str
    series: Mapping[str, Series]
    roles: tuple[RoleChoice, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """Those of the first start, where the job was started more than once."""
    setting_changes: tuple[SettingChange, ...] = ()
    """What later starts had otherwise, in the order of the starts."""
    segments: tuple[Segment, ...] = ()
    events: tuple[LogEvent, ...] = ()
    repairs: tuple[Repair, ...] = ()
    warnings: tuple[Warning, ...] = ()
    damage: tuple[Damage, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    steps_per_epoch: StepsPerEpoch | None = None
    epoch_zero: float = 0.0
    """Step at which epoch 0 would have begun: not 0 where the steps of another training were counted on."""
    trainer: str | None = None
    framework: Framework | None = None
    """What the printed lines of its logs show it to be written in."""
    project: str = ""
    """Runs with the same project are evidence for each other (the folder they share)."""
    why: str = ""
    """What makes one run of its logs, or tells them from others beside them; empty where there was nothing to ask."""

    def __repr__(self) -> str:
        return f"<Run {self.name!r}: {len(self.series)} series, {self.format}, x counts {self.axis}s>"

    def tags(self, *roles: Role) -> tuple[str, ...]:
        """The tags that play one of these roles, best first."""
        return tuple(c.tag for c in self.roles if c.role in roles)

    def first(self, *roles: Role) -> Series | None:
        """The leading series of these roles, or None when none was logged."""
        for tag in self.tags(*roles):
            return self.series[tag]
        return None

    def to_frame(self) -> pd.DataFrame:
        """All points as one long table: tag, segment, step, value, wall_time, row."""
        import numpy as np
        import pandas as pd

        parts = [s for s in self.series.values() if len(s)]
        return pd.DataFrame(
            {
                "tag": np.repeat([s.tag for s in parts], [len(s) for s in parts]) if parts else [],
                "segment": np.concatenate([s.segment for s in parts]) if parts else [],
                "step": np.concatenate([s.step for s in parts]) if parts else [],
                "value": np.concatenate([s.value for s in parts]) if parts else [],
                "wall_time": np.concatenate([s.wall_time for s in parts]) if parts else [],
                "row": np.concatenate([s.row for s in parts]) if parts else [],
            }
        )


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A run as ``losslens runs`` lists it: what it is made of and why these files were taken for one job."""

    run: Run
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What ``losslens runs`` prints: the runs found and everything that was passed over, with reasons."""

    runs: tuple[Found, ...]
    skipped: tuple[Skipped, ...]
    passed_over: tuple[tuple[str, int], ...] = ()
    """Files that are obviously no logs, counted by kind (".png", "empty file"), the most first."""


# --------------------------------------------------------------------------- what was seen in it


@dataclass(frozen=True, slots=True)
class Episode:
    """One thing that happened to one series.

    ``kind``: "spike", "growth", "drift", "shift", "plateau", "oscillation", "non-finite", "drop".
    """

    kind: str
    series: str
    first_step: int
    last_step: int
    level_before: float | None = None
    peak: float | None = None
    level_after: float | None = None
    noise_widths: float | None = None
    """Size of the departure in widths of the noise before it."""
    time_constant: float | None = None
    """Growth: steps per factor e."""
    points: int = 0


@dataclass(frozen=True, slots=True)
class Onset:
    """Where the loss left its course. ``low`` and ``high`` are logged steps: a closed 90 % interval."""

    step: int
    low: int
    high: int
    level: float | None
    """The level of the course just before the onset."""
    series: str
    index: int
    """Position of ``step`` in the finite-and-not points of the current branch of the series."""
    epoch: float | None = None
    """Epochs completed at the onset (33.4 = in the 34th)."""
    wall_time: float | None = None
    from_start: bool = False


@dataclass(frozen=True, slots=True)
class LossVerdict:
    """The verdict on one loss of a run."""

    tag: str
    role: Role
    verdict: Verdict
    onset: Onset | None = None
    first_nonfinite: int | None = None
    point_of_no_return: int | None = None
    start_level: float | None = None
    """The level of its first 1 %."""
    best_level: float | None = None
    """The best smoothed level before the onset; of the whole loss where that turned at its best."""
    end_level: float | None = None
    """The median of its last 5 % (NaN for a run that ended in NaN)."""
    noise: float | None = None
    """One noise width before the onset, in units of the loss."""
    margin: float | None = None
    """How far the deciding number is from its threshold, as a factor; below 1.5 the neighbouring word is right too."""
    also: Verdict | None = None
    """The neighbouring word, near a boundary."""
    reason: str = ""
    """One sentence with the numbers that decided."""


@dataclass(frozen=True, slots=True)
class Precursor:
    """An earlier change in another series that leads to the onset."""

    series: str
    role: Role
    first_step: int
    lead_steps: int
    before: float | None
    after: float | None
    ratio: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What ``verdict.judge`` says of a run."""

    verdict: Verdict
    loss: str | None
    """Tag of the leading loss: the one the verdict speaks of."""
    losses: tuple[LossVerdict, ...]
    onset: Onset | None
    first_nonfinite: int | None
    point_of_no_return: int | None
    precursors: tuple[Precursor, ...]
    episodes: tuple[Episode, ...]
    reason: str
    abandoned: tuple[LossVerdict, ...] = ()
    """Verdicts on branches that a resume left behind, where these failed."""

    @property
    def leading(self) -> LossVerdict | None:
        for lv in self.losses:
            if lv.tag == self.loss:
                return lv
        return None


# --------------------------------------------------------------------------- why


@dataclass(frozen=True, slots=True)
class Sign:
    """One fact that speaks for (+1) or against (-1) a cause, before it is weighed.

    ``name`` is the key under which its size is stored ("grad-norm-led"); signs that share ``group`` say the same thing
    and share one size. ``strength`` is 0…1.
    """

    name: str
    direction: int
    strength: float
    text: str
    series: str | None = None
    first_step: int | None = None
    last_step: int | None = None
    value: float | None = None
    unit: str | None = None
    compared_to: float | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A sign that could not be looked for, and why ("no gradient norm was logged")."""

    name: str
    reason: str
    needs: str = ""
    """The signal that would allow it: a Role value or a setting's name; feeds ``log_next``."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sign times its fitted size: ``weight`` in nats, positive for the cause, negative against it."""

    sign: str
    weight: float
    text: str
    series: str | None = None
    first_step: int | None = None
    last_step: int | None = None
    value: float | None = None
    unit: str | None = None
    compared_to: float | None = None
    told_with: str = ""
    """The sign in whose line a report tells this, because both rest on one fact; "" where it has a line of its own."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing to do, as an imperative, with the spelling in PyTorch and in Keras."""

    text: str
    pytorch: str = ""
    keras: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    id: str
    probability: float
    title: str
    level: str
    """"setting", "mechanism" or "symptom"."""
    evidence: tuple[Evidence, ...]
    not_checked: tuple[NotChecked, ...]
    fixes: tuple[Fix, ...]
    contributing: tuple[str, ...] = ()
    """Recorded contributing factors, named beside a first cause."""


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Causes that this log cannot tell apart, and the signals that would."""

    ids: tuple[str, ...]
    probability: float
    split_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    causes: tuple[Cause, ...]
    groups: tuple[CauseGroup, ...]
    none_of_these: float
    log_next: tuple[str, ...]
    why_then: tuple[str, ...]
    tell_apart: Fix | None = None
    """What to run first where no cause stands out; None elsewhere."""


# --------------------------------------------------------------------------- what is reported


@dataclass(frozen=True, slots=True)
class Level:
    """Medians of a series over stretches of equally many finite points of the branch that the job ended on."""

    step: tuple[int, ...]
    """The step in the middle of each stretch."""
    value: tuple[float, ...]
    points: int
    """How many points a stretch has."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A series reduced to at most 4 000 points for showing: keeps extremes, first and last finite, first non-finite."""

    tag: str
    role: Role
    axis: str
    step: tuple[int, ...]
    value: tuple[float, ...]
    points: int
    """How many points the series has in full."""
    abandoned_from: tuple[int, ...] = ()
    segment: tuple[int, ...] = ()
    level: Level | None = None
    """None where the series is too short for one."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent after the onset."""

    steps: int
    hours: float | None


@dataclass(frozen=True, slots=True, repr=False)
class RunReport:
    """Everything losslens says of one run; small, holds no full series, travels between processes."""

    id: str
    name: str
    path: str
    files: tuple[str, ...]
    format: str
    trainer: str | None
    axis: str
    points: int
    first_step: int | None
    last_step: int | None
    log_interval: float | None
    steps_per_epoch: StepsPerEpoch | None
    roles: tuple[RoleChoice, ...]
    settings: Mapping[str, Setting]
    segments: tuple[Segment, ...]
    judgement: Judgement
    diagnosis: Diagnosis
    restart_from: Checkpoint | None
    spent_after_onset: Spent | None
    events: tuple[LogEvent, ...]
    repairs: tuple[Repair, ...]
    damage: tuple[Damage, ...]
    warnings: tuple[Warning, ...]
    curves: tuple[Curve, ...]
    framework: Framework | None = None
    """Whose code a report shows; None: nothing says which, and it shows both."""
    project: str = ""
    setting_changes: tuple[SettingChange, ...] = ()

    def __repr__(self) -> str:
        onset = f", onset {self.onset.step}" if self.onset is not None else ""
        cause = f", {self.causes[0].id} {self.causes[0].probability:.0%}" if self.causes else ""
        return f"<RunReport {self.name!r}: {self.verdict}{onset}{cause}>"

    @property
    def verdict(self) -> Verdict:
        return self.judgement.verdict

    @property
    def onset(self) -> Onset | None:
        return self.judgement.onset

    @property
    def causes(self) -> tuple[Cause, ...]:
        return self.diagnosis.causes


@dataclass(frozen=True, slots=True, repr=False)
class Analysis:
    """The answer of ``losslens.analyze``: one report a run, worst first, and what was skipped."""

    runs: tuple[RunReport, ...]
    skipped: tuple[Skipped, ...]
    version: str
    paths: tuple[str, ...] = ()

    def __repr__(self) -> str:
        runs = "".join(f"\n  {run!r}" for run in self.runs)
        skipped = f"\n  {len(self.skipped)} skipped" if self.skipped else ""
        return f"<Analysis of {', '.join(self.paths)}: {len(self.runs)} runs{runs}{skipped}>"

    def __getitem__(self, run_id: str) -> RunReport:
        for run in self.runs:
            if run.id == run_id:
                return run
        raise KeyError(run_id)

    def _repr_html_(self) -> str:
        from losslens.reporter.html import render_html  # a notebook shows it by itself

        return render_html(self, notebook=True)
