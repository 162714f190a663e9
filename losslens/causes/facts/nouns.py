"""The facts of a run: what every cause looks at, measured once.

Every fact is a number (or a small word), or ``None`` for "not logged" or "could not be measured". Nothing here holds a
series: facts are small, picklable, and outlive the arrays they came from. Ratios compare later with earlier unless
said otherwise; leads are positive when the other signal moved *before* the loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from losslens.causes.facts.meanwhile import Learned
from losslens.causes.facts.moment import Coincidence, Switched
from losslens.causes.facts.saturated import Saturated
from losslens.causes.facts.signals import (
    Agent,
    Batch,
    Beside,
    Changed,
    Components,
    Gradient,
    Layers,
    Message,
    Rate,
    Recipe,
    Restart,
    Retrace,
    Scale,
    Trend,
    Validation,
)
from losslens.causes.facts.sums import SumBroke
from losslens.causes.facts.trace import Trace
from losslens.causes.facts.way_back import WayBack
from losslens.causes.facts.workers import Parting
from losslens.model import SettingValue, Verdict
from losslens.verdict.beginning import ROW_STEPS, Unseen
from losslens.verdict.weighed import Weighed

CLOSES = 0.5
"""Logged points that may be missing before the first one for it to close the first stretch of the training."""

CUT_SHORT = 1.05
"""Times the steps made from which the planned ones were not reached."""

EPOCH_STEPS = 1000.0
"""Steps of an epoch of unknown length."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How long the run is and how finely it was logged."""

    points: int
    first_step: int
    last_step: int
    axis: str
    interval: float
    """Median distance between two logged points of the loss, in steps."""
    steps_per_epoch: float | None
    epochs: float | None
    """Passes over the data in the whole run."""
    planned: float | None = None
    """Steps the settings asked for, where they say: a run that died early had gone through a smaller share."""
    epoch_zero: float = 0.0
    """Step at which epoch 0 would have begun."""
    unseen: Unseen = field(default_factory=Unseen)
    """What of the training lies before the first point of the log."""
    ran_to: int | None = None
    """The last step of the job, where it went on after the last point of the loss."""

    @property
    def steps_apart(self) -> float:
        """Steps from one logged point to the next, guessed where points are epochs or bare rows."""
        if "epoch" in self.axis:
            known = self.steps_per_epoch or 1.0
            return known if known > 1 else EPOCH_STEPS
        return ROW_STEPS if self.axis == "row" else self.interval

    @property
    def counts_epochs(self) -> bool:
        """Whether a step is an epoch, whatever the log calls it."""
        return "epoch" in self.axis or (self.steps_per_epoch is not None and self.steps_per_epoch <= 1.0)

    def epochs_at(self, step: float) -> float | None:
        """Passes over the data before a step; None where the length of an epoch is not known."""
        return (step - self.epoch_zero) / self.steps_per_epoch if self.steps_per_epoch else None

    @property
    def origin(self) -> int:
        """The step at which the training began: the first logged one, unless the log begins late.

        The first point of a loss that is logged every so many steps closes such a stretch: training began before it.
        """
        first = self.first_step if self.unseen.first is None else min(self.first_step, self.unseen.first)
        closes = self.axis not in ("row", "epoch") and self.unseen.points <= CLOSES
        return first - round((1.0 if closes else 1.0 - self.unseen.seen) * self.unseen.steps)

    @property
    def done(self) -> int:
        """Steps that the job made."""
        return max(1, (self.last_step if self.ran_to is None else self.ran_to) - self.origin)

    @property
    def whole(self) -> float:
        """Steps that all shares of the run are told of: the planned ones of a job cut short, else those made."""
        return self.planned if self.cut_short and self.planned is not None else float(self.done)

    @property
    def cut_short(self) -> bool:
        """Whether the job made clearly fewer steps than were planned."""
        return self.planned is not None and self.planned > CUT_SHORT * self.done

    @property
    def points_per_epoch(self) -> float | None:
        if self.steps_per_epoch is None or self.interval <= 0:
            return None
        return self.steps_per_epoch / self.interval


@dataclass(frozen=True, slots=True)
class Start:
    """The onset, and where in the run it lies."""

    step: int
    low: int
    high: int
    fraction: float
    """Share of the run's steps that lay before it: of the planned ones where it stopped clearly short of them."""
    points_before: int
    epoch: float | None
    """Passes over the data completed by then."""
    boundary_points: float | None
    """Distance to the nearest epoch boundary in logged points; None where an epoch has fewer than 4 points."""
    from_start: bool

    def until(self, late: float) -> float:
        """The last step of what can have made the onset, where a log may write it up to ``late`` steps too late.

        What is logged after the first point of all came after a loss that was lost by then.
        """
        return max(self.high, self.step) + (late if self.points_before else 0.0)


class Logged(NamedTuple):
    """A series that was logged up to a step and no more, or from a step on."""

    tag: str
    step: int
    ends: bool


@dataclass(frozen=True, slots=True)
class Growth:
    """How the loss grew from the onset to its peak, its end, or the first value that is not finite."""

    kind: str
    """"none" (nothing finite after the onset), "jump", "exponential", "power", "linear", "plateau-high", "downward"."""
    points: int
    """Finite points from the onset until the rise was nearly complete."""
    steps: int
    ratio: float | None
    """Peak over the level before; for losses that cross zero the rise over the run's earlier progress."""
    time_constant: float | None
    """Steps per factor e, for exponential growth."""
    fit: float | None
    """R² of the best of the three growth laws on the rise."""
    oscillation: float | None
    """Share of turns among the moves of the rise that exceed the noise, 0 to 1 (a random walk gives about 0.5); None
    for a rise of few points."""
    peak: float | None
    peak_step: int | None
    alone: float | None = None
    """Share of the peak's height (log) gone at the next point and for three points: 1 for a tower of one point."""
    leap: float | None = None
    """Largest factor between neighbours from the level before to the third point; None where a value is not above 0."""
    line: float | None = None
    """Factor of a rise that follows a straight line on the logarithm all the way; None where it does not."""
    reached: float | None = None
    """The value at which the rise was nearly complete over the level before; None where that is not above 0."""
    later_leap: tuple[int, float, float] | None = None
    """Step of a leap that lasted and that a far smaller climb from the onset led up to, and the levels about it."""


@dataclass(frozen=True, slots=True)
class Spikes:
    """Short excursions of the loss that came back, over the whole run, and how regular they are."""

    count: int
    before_onset: int
    clear_before: int
    """Of these, the ones that no tail of the noise explains and that are of the order of what followed at the onset."""
    spacing: float | None
    """Median distance in steps."""
    spacing_spread: float | None
    """Spread of the distances over their median (0 = clockwork)."""
    epoch_multiple: float | None
    """Share of the distances that are whole epochs within one logged point."""
    per_epoch: float | None
    growing: float | None
    """Rank correlation of height with time, −1 to 1."""
    mounting: bool = False
    """The values that the ``clear_before`` reached rose with time, beyond doubt."""
    towers: int = 0
    """Of these, the narrow ones (at most three points) that are of the order of the highest, and threefold at least."""
    evenness: float = 1.0
    """Median height over that of the highest, on the logarithm: 1 where all are alike."""


@dataclass(frozen=True, slots=True)
class LossCourse:
    """The leading loss before and after the onset."""

    tag: str
    first: float | None
    """First finite value."""
    start_level: float | None
    best: float | None
    before: float | None
    """Level of the course just before the onset."""
    end: float | None
    noise: float | None
    lowest: float | None
    classes: int | None
    """C where the first values sit at ln C, the loss of a uniform guess among C classes."""
    end_over_start: float | None
    end_over_before: float | None
    calm_steps: int | None
    """Steps before the onset during which the loss stayed on its course (no spikes, no rise), between logged places."""
    calm_fraction: float | None
    """The same as a share of the steps that the job made."""
    drift: float | None
    """Change over the last third before the onset, in noise widths; positive is up."""
    noise_trend: float | None
    """Noise of the last quarter before the onset over that of the two quarters before it."""
    noise_growth: float | None
    """The same, by whichever grew less: the noise itself or its share of the level. Of a loss that falls the share
    grows although its batches scatter as before."""
    noise_after: float | None
    """Noise after the onset over noise before (log of the loss)."""
    after_slope: float | None
    """Change of the level from the first to the last third after the onset, over the size of the step at the onset."""
    recovered: bool
    excursion_points: int | None
    """Points from the onset until the loss was back."""
    flatness: float | None
    """Spread of the smoothed loss over its level, from the onset (plateau) to the end."""
    early_fall: float | None
    """First value over the median of what came in the next tenth of the run: how far it towers over what follows."""
    crosses_zero: bool
    zeros_after: float | None
    """Share of exact zeros among the points after the onset (some trainers write 0.0 where the loss was NaN)."""
    rising_points: int
    """Points that rose out of the band in an unbroken row before the first non-finite value or the peak."""
    growth: Growth
    spikes: Spikes
    last: float | None = None
    """Median of the last three values before the onset."""
    capped: str = ""
    """The number at which its last values are cut off, by name ("exp(100)"); "" where they are not."""
    soon: float | None = None
    """The highest of the first ten points from the onset on."""
    as_high: tuple[int, float] | None = None
    """Step and value of the highest point shortly before the onset, where it was nearly as high as what came then."""
    aloft: int | None = None
    """Of the first ten points from the onset on, those above twice all that came before it."""
    empty: int = 0
    """Single points, in the whole run, that are exactly 0 for want of anything to learn …"""
    empty_gradient: bool = False
    """… by the gradient norm, which is 0 there as well."""
    run_up: int | None = None
    """Moves in a row, each clearly upward, that lead to the peak."""
    step_ratio: float | None = None
    """Level of the first ten points from the onset on over the level before."""
    way_back: WayBack | None = None
    out_again: int | None = None
    """Step from which a loss that had come back was out once more, up to the end of the log."""
    creep: tuple[float, float, float] | None = None
    """Shares of the fall of the whole course in its thirds; None where nothing clearly fell."""
    stepped: float | None = None
    """Factor of a step with which the rise began, where what followed at once rose by far less."""
    sank: float | None = None
    """Share of its way below zero that the loss went in the last third; None unless it began above and ended below."""
    still: float | None = None
    """Range of the last half of the values after the onset over their level (raw values, four at least)."""
    even: tuple[float, float] | None = None
    """Of the values before the onset: share of the moves that turn back, and distance from the middle of the neighbours
    over the level."""
    ascent: float | None = None
    """How steadily (rank correlation with time, 0 to 1) a loss rose that never was clearly below its first level."""


@dataclass(frozen=True, slots=True)
class NonFinite:
    """Values that are NaN or infinite."""

    pattern: str
    """"from-first", "abrupt", "after-growth", "scattered"; "unseen" from the first point of a log that begins late."""
    first_step: int
    points: int
    stretches: int
    share_after: float
    """Share of non-finite values from the first one on."""
    infinite_first: bool
    epoch: float | None
    grad_zero_at: float | None
    """Share of the loss's non-finite points at which the gradient norm was exactly zero or not finite."""
    val_first_step: int | None
    val_led: bool = False
    """The validation loss was non-finite while the training loss, logged then or later, still was finite."""
    accuracy_kept: float | None = None
    """Accuracy at the first non-finite loss: 1 as before it, 0 as after it."""
    weights_kept: float | None = None
    """Logged points of the loss for which the weight norm stayed finite from there on."""
    weights_whole: bool | None = None
    """The weights stayed finite to the end, although the loss did not come back."""
    fell: float | None = None
    """Size of the last finite value over the usual, where the loss had run away below zero before it broke."""
    grad_finite_at: float | None = None
    """Share of the loss's non-finite points at which the gradient norm was finite, and often above zero."""
    calm: int = 0
    """Logged points (at most 8) in an unbroken row up to the last finite one that lie on the course of the loss."""


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another run of the same project, and in what it differs."""

    name: str
    verdict: Verdict
    differs: Mapping[str, tuple[str, str]]
    """Lever ("clip", "learning-rate", …) to (here, there)."""
    start_level: float | None
    onset_step: int | None
    lr: float | None = None
    same_until: int | None = None
    """Last step kept of both up to which they logged the same values: one training at least until then."""
    last_step: int | None = None
    did_better: bool = True
    """Another word is said of it, and its training loss ended well below that of this run, where both have a level."""

    @property
    def survived(self) -> bool:
        return self.did_better and self.verdict in (Verdict.HEALTHY, Verdict.OVERFIT, Verdict.SPIKE_RECOVERED)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A number in which the siblings that failed and those that survived lie apart."""

    high: bool
    """The large values failed."""
    failed: int
    survived: int
    limit: float
    """The failed value next to those that survived …"""
    fine: float
    """… and the survived one next to it."""
    chance: float
    """Probability that this many runs fall apart like this for no reason."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """What the siblings of a run say."""

    siblings: tuple[Sibling, ...]
    cured: Mapping[str, str]
    """Lever to the name of the sibling that survived with only this changed."""
    not_cured: Mapping[str, str]
    """Lever to the name of a sibling that failed alike although only this was changed."""
    same_setup_survived: str | None
    same_step: str | None
    """A sibling that failed at the same step."""
    sweeps: Mapping[str, Sweep]
    """Lever to how it divides the runs; only where two or more failed and two or more survived."""
    start_level: float | None
    """Highest first loss among the siblings (what this run's own first loss would have been, if it was NaN)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the causes look at."""

    run_id: str
    name: str
    project: str
    verdict: Verdict
    reason: str
    trainer: str | None
    extent: Extent | None
    onset: Start | None
    loss: LossCourse | None
    """The leading loss, of which the verdict speaks (a validation loss for overfit and val-diverged)."""
    train: LossCourse | None
    """The training loss where the leading one is another; else the same."""
    nonfinite: NonFinite | None
    rate: Rate | None
    gradient: Gradient | None
    weights: Trend | None
    updates: Trend | None
    logits: Trend | None
    scale: Scale | None
    components: Components | None
    validation: Validation | None
    agent: Agent | None
    restart: Restart | None
    batch: Batch | None
    recipe: Recipe
    messages: tuple[Message, ...]
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    cohort: Cohort | None = None
    roles: tuple[str, ...] = ()
    """The roles that some series of the run plays."""
    unchanged: tuple[str, ...] = ()
    """Tags that were logged around the onset and did not move there."""
    moved: tuple[tuple[str, int, float], ...] = ()
    """Tags that left their course around the onset: tag, first step, ratio (infinite where the signal was no longer
    finite); earliest first (at most 12)."""
    unasked: tuple[str, ...] = ()
    """Tags of other series that were logged, with too few points before the onset to tell a move by (at most 12)."""
    echoes: tuple[str, ...] = ()
    """Tags of what is the loss itself once more (at most 12)."""
    moved_between: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Of those not above 0 throughout, whose ratio means nothing: the median before, and the value farthest from it."""
    leading_role: str = "train_loss"
    beside: Beside | None = None
    """The training loss at the onset of the leading validation loss; None where training leads."""
    also: Verdict | None = None
    layers: Layers | None = None
    format: str = ""
    tags: frozenset[str] = frozenset()
    """Tags of all series of the run (at most 300): runs of one training log the same."""
    place: str = ""
    """The run's name with the folders it was found in, before it was shortened for the report."""
    changed: tuple[Changed, ...] = ()
    """What the start of the job nearest before the onset was set to otherwise."""
    retrace: Retrace | None = None
    trace: Trace = ()
    """Values of the training loss at fixed places (at most 256)."""
    penalty: str = ""
    """The term that makes up the first loss and is no error against data; "" where none does."""
    learned: Learned | None = None
    """Another loss that fell, where the leading one stayed where it began."""
    saturated: Saturated | None = None
    """The training loss is a fixed multiple of the share of wrong answers: outputs are 0 or 1 to the last digit."""
    answers: tuple[str, float] | None = None
    """The accuracy that was highest, as a share, where it shows that much had been learned."""
    weighed: Weighed | None = None
    """The term of the training loss whose weight rose around the onset, where the logged terms make up the loss."""
    parting: Parting | None = None
    """Where the losses of two workers parted."""
    logged: tuple[Logged, ...] = ()
    """Series that were logged up to the onset alone, or from there on."""
    coincidences: tuple[Coincidence, ...] = ()
    """Round steps, checkpoints and ends of passes within the onset's interval, the least likely by chance first."""
    switched: tuple[Switched, ...] = ()
    """Series that keep one value for long and were changed near the onset, the latest change first."""

    sum_broke: SumBroke | None = None
    """Where the logged terms stopped adding up to the loss."""
    half: str | None = None
    """The type of two bytes of which every value of the training loss is one."""
    stretch: int = 1
    """Logged points of which each point that was looked at is the median: more than one where single ones hide all."""

    def message(self, kind: str) -> Message | None:
        for m in self.messages:
            if m.kind == kind:
                return m
        return None

    @property
    def tag(self) -> str:
        return self.loss.tag if self.loss is not None else "the loss"
