"""What was measured beside the loss: schedule, gradients, weights, scale, validation, restarts, settings.

As in ``nouns``: every fact is a number or a small word, or ``None`` for "not logged" or "could not be measured".
"""

from __future__ import annotations

from dataclasses import dataclass

from losslens.model import SettingValue

ADAPTIVE = (
    *("adam", "adan", "adafactor", "adagrad", "adadelta", "adabelief", "adopt"),
    *("lamb", "rmsprop", "lion", "novograd", "ranger", "sophia", "shampoo", "prodigy"),
)
PLAIN = ("sgd", "momentum", "nesterov", "gradientdescent", "gradient_descent", "lars", "lbfgs", "rprop")
"""Words in the names of optimizers: of the first a step is divided by a running size of the gradients."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The learning rate, logged or from the settings."""

    source: str
    """"logged" or "settings"."""
    tag: str
    first: float | None
    peak: float
    at_onset: float | None
    last: float | None
    constant: bool | None
    warmup_end: int | None
    """Last step of an initial rise; None when the run began at its full rate."""
    in_warmup: bool | None
    """The onset lies inside the initial rise."""
    jump: float | None
    """What the rate had risen by at the onset, in the unbroken rise that holds the largest move of the 20 logged points
    before (a ratio)."""
    jump_step: int | None
    """First step of that rise."""
    jump_lag_points: float | None
    """Logged points of the loss between its largest move and the onset."""
    jump_from: float | None
    jump_to: float | None
    """The rate at the onset."""
    stable_ratio: float | None
    """Rate at the onset over the highest rate that had trained calmly for a tenth of the run or 20 points before."""
    stable_rate: float | None
    steps_at_rate: float | None
    """Share of the run, up to the onset, spent within 20 % of the rate at the onset."""
    zero_from: int | None
    """Step from which the rate is zero or below a millionth of its peak, if it is so until the end or the onset."""
    rises: int
    """Abrupt rises (ratio of at least 1.5) after the initial warm-up in the whole run."""
    rises_hurt: int
    """How many of these were followed by a rise of the loss within 5 points."""
    jump_last: int | None = None
    """Last step of that rise."""
    tiny_until: int | None = None
    """Step until which the rate stayed below a hundredth of its later peak, for at least half the run."""
    at_peak: float | None = None
    """The rate where the loss stood highest after the onset."""
    rises_harmless: int = 0
    """Abrupt rises to about the rate of the onset, before the last one, that the loss did not mind."""
    fall: tuple[int, float, float] | None = None
    """Step, rate before and rate after of the largest abrupt fall within the interval of the onset."""
    calm_points: float | None = None
    """Logged points of the loss, up to the onset, at rates within 20 % of that at the onset or above it."""
    borne: float | None = None
    """The rate at or above which three logged points before the onset were calm."""
    usual: float | None = None
    """Median rate of the logged points before the onset; None where these are few."""
    rises_to_its_end: bool = False
    """Its initial rise goes on to the last point at which it was logged."""


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient norm around the onset."""

    tag: str
    points: int
    clipped: bool
    """Only a norm measured after clipping was logged."""
    before: float | None
    peak: float | None
    """Highest finite value from 20 points before the onset to the end of the rise."""
    peak_step: int | None
    at_onset: float | None
    """Highest finite value from a point before the onset to a point after it."""
    top_before: float | None
    """Highest finite value before that, or before it left its own course, its first points aside."""
    warned: bool
    """It stood far above its level before the onset already: at one of the last points, or in earlier spikes."""
    ratio: float | None
    lead_points: float | None
    """Logged points by which it left its own course before the loss left its own, by the same measure."""
    lead_steps: int | None
    onset_step: int | None
    moved: bool
    """It left its course around the onset at all."""
    excursion_points: int | None
    decline: float | None
    """Level of the last fifth before the onset over the level of the second fifth of the run up to there."""
    first_ratio: float | None
    """First value over the median before the onset."""
    first: float | None
    largest_at_start: bool | None
    zero_share: float
    tiny_after: bool
    """Below 1e-7, or below a millionth of its start, from the onset to the end."""
    alive: float | None
    """Level after the onset over the level at the start."""
    nonfinite_step: int | None
    nonfinite_lead: float | None
    """Points by which it was non-finite before the loss was."""
    flat_top: float | None
    """The clip value, where at least a fifth of the values sit on their maximum."""
    flat_top_share: float | None
    spikes_before: int
    spikes_growing: float | None
    level_after: float | None
    """Level after the onset over before, for shifts."""
    level: float | None = None
    """Level from the onset on."""
    outlived: float | None = None
    """Finite points of the loss from the first norm that is not finite on."""
    let_go: tuple[int, float] | None = None
    """Step from which the norm went beyond the clip value that had held it until then, and that value."""
    climb: float | None = None
    """How far it had climbed, steadily, in the last stretch before the onset; None where it had not."""
    head: float | None = None
    """Its largest value among the first points, before the loss moved."""
    usual: float | None = None
    """Median of the whole series."""
    early: float | None = None
    """Median of the first fifth before the onset."""
    last: float | None = None
    """Median of the last three points before the onset."""
    quiet: float | None = None
    """Median before it rose for good, well before the onset; None where it did not."""
    quiet_until: int | None = None
    """First step of that rise."""
    broke_step: int | None = None
    """First step at or right after the onset at which it is not finite, where it was finite before."""
    broken_share: float = 0.0
    """Share of its points from there on that are not finite."""


@dataclass(frozen=True, slots=True)
class Layers:
    """The gradient norms of single layers or parameters, where logged; they need no norm of the whole model."""

    count: int
    spread: float | None
    """Largest norm (of a layer or the whole) over the smallest, by medians; infinite where the smallest is 0."""
    smallest: str
    dead: tuple[str, ...]
    """Tags that are (nearly) 0 nearly throughout, at most 8."""
    rises: tuple[tuple[str, float, float], ...] = ()
    """Tag, peak around the onset over the level before, and that level; of at most 64 layers with both."""
    kind: str | None = None
    """"transformer", "recurrent" or "convolutional", where the names of the layers say so."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A signal that can build up: weight norm, update ratio, logits."""

    tag: str
    points: int
    first: float | None
    before: float | None
    growth: float | None
    """Level just before the onset over the level after the first twentieth of the run."""
    late_growth: float | None
    """Growth over the last third before the onset."""
    monotone: float | None
    """Rank correlation with time up to the onset."""
    acceleration: float | None
    """log growth of the last third over that of the middle third."""
    at_onset: float | None
    """Highest value around the onset over the level before."""
    after: float | None
    """Level at the end over the level before."""
    lead_points: float | None
    """Logged points of the loss by which it left its own course before the loss did."""
    largest_step: float | None
    """Largest rise between two neighbouring points from just before the onset to ten points after (a ratio)."""
    maximum: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """The loss scale of mixed precision."""

    tag: str
    first: float
    at_onset: float | None
    lowest: float
    last: float
    halvings: int
    """Halvings in a row up to the lowest point."""
    fall_step: int | None
    """Where that run of halvings began."""
    lead_points: float | None
    """Logged points of the loss between the fall's begin and the onset (positive: the scale fell first)."""
    grad_lead_points: float | None
    """The same against the gradient norm's own onset."""
    collapsed: bool
    """Fell by 2⁸ or more, or below 1."""
    reset_step: int | None
    """Where it stood at 65536 again after having been lower for long."""
    record_points: float | None
    """Logged points from where it rose to its highest value so far until the onset; None where it never rose."""
    falls_before: int
    """Falls in the last tenth before the onset."""


@dataclass(frozen=True, slots=True)
class Components:
    """The terms of a loss that is a sum."""

    count: int
    first: str | None
    """The term that left its course first."""
    lead_points: float | None
    """Logged points by which it did so before the second."""
    share_before: float | None
    share_after: float | None
    growth: float | None
    """Growth of that term over its level before the onset."""
    others_growth: float | None
    """Median growth of the other terms."""
    nonfinite_first: str | None
    weight_ramp: str | None
    """Tag of a logged term weight that rose before the onset."""
    rest: bool = False
    """Only one term was logged; the other is what it leaves of the total."""
    at_peak: tuple[tuple[str, float], ...] = ()
    """Tag and size of each term where the loss stood highest from the onset on, over its level before; largest
    first, at most 8."""
    peak_step: int | None = None
    """The step of that."""


@dataclass(frozen=True, slots=True)
class Validation:
    """What was measured on data held back."""

    tag: str
    points: int
    first: float | None
    best: float | None
    """Lowest level (median of three evaluations where there are eight or more)."""
    best_step: int | None
    best_fraction: float | None
    end: float | None
    """Level at the end: the median of up to three evaluations."""
    train_first: float | None
    ratio_first: float | None
    """Validation over training loss at the first evaluation."""
    passes_first: float | None
    """Passes over the data before it; None where the length of an epoch is not known."""
    ratio_best: float | None
    ratio_end: float | None
    rise: float | None
    """End level over best level."""
    train_fall: float | None
    """Training loss at the end over its value when validation was best."""
    worst_jump: float | None
    """Largest ratio between neighbouring evaluations."""
    roughness: float | None
    """Median absolute change between evaluations (log), over the same for training at the same steps."""
    returns: int
    """Times it jumped by 1.5 or more and came back by as much."""
    monotone_after: float | None
    """Share of rises among the moves after the minimum."""
    never_good: float | None
    """Best over first: near 1 when validation never improved."""
    tracks: float | None
    """Rank correlation with training at the same steps."""
    lowest: float
    """The best evaluation as it was logged: what is told …"""
    lowest_step: int
    last: float
    """… with the last one."""
    at_onset: float | None
    """Median of the evaluations after the onset of the leading loss over those before it."""
    train_accuracy_end: float | None = None
    next_ratio: float | None = None
    """First evaluation from the onset on over the last ones before it."""
    next_points: float | None = None
    """Logged points of the training loss from the onset to that evaluation."""
    next_share: float | None = None
    """Its rise over the rise of the training loss by then, both on the logarithm."""
    largest_rise: float | None = None
    """Largest step up of the level (the median of up to three evaluations), as a ratio."""
    largest_share: float | None = None
    """What the scatter of the others leaves of it, over the way from the best before to the worst after it (log)."""
    train_progress: float | None = None
    """Training loss at the end over that at the first evaluation."""
    accuracy: tuple[float, float, float] | None = None
    """Accuracy on held-out data: at the first evaluation, at its best, at the end (shares of 1)."""
    score: str | None = None
    """The tag of what stands there for the accuracy: a score of answers that are more or less right, such as BLEU."""
    stepped: tuple[float, float] | None = None
    """The two neighbouring evaluations between which that step was largest."""
    climbed: float | None = None
    """Highest evaluation from there on over the lowest up to there."""
    largest_move: float | None = None
    """Largest ratio of an evaluation to the one before, from the lowest on."""
    later_ratio: float | None = None
    """Highest of the later evaluations' halves (median) over the last ones before the onset."""
    points_before: int = 0
    """Finite evaluations before the onset."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What the training loss did where a validation loss leads: evaluations are rare, the training is seen between."""

    tag: str
    points_after: int
    """Training points from the onset of validation on: below two nothing is known of training by then."""
    step: int | None
    """Where training rose most between the last good and the first bad evaluation (or just after)."""
    rise: float | None
    """Level of the three points from there on over the level before."""
    novelty: float | None
    """That rise over the largest such rise of before, both on the logarithm: 1 is what the noise had done already."""
    regained: float | None
    """Share of that rise (log) that was gone by the end of the run."""
    own_verdict: str | None
    """The verdict on the training loss itself."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Reinforcement learning and adversarial training."""

    rl: bool
    gan: bool
    reward_change: float | None
    """Reward after the onset minus before, over its spread before."""
    reward_levels: tuple[float, float, float, int] | None
    """The same as levels: before the onset, at the end, and the highest after it with its step."""
    entropy_end: float | None
    """Entropy at the end over its start."""
    kl_peak: float | None
    kl_ratio: float | None
    critic_growth: float | None
    critic_tag: str | None
    discriminator_end: float | None
    generator_growth: float | None
    why: str
    critic_stayed: float | None = None
    """Level of the critic's loss behind the onset over that before it."""


@dataclass(frozen=True, slots=True)
class Restart:
    """The restart nearest to the onset."""

    count: int
    step: int
    how: str
    lag_points: float
    """Logged points from the restart to the onset; small and not negative when they coincide. An onset among the steps
    that the resume repeated counts as 0: it belongs to what the new job did with them."""
    step_back: int | None
    """Steps repeated by the resume."""
    gap_s: float | None
    lr_ratio: float | None
    scale_reset: bool | None
    loss_ratio: float | None
    """First points after over the last points before."""
    near_initial: bool | None
    """The loss came back near its very first level."""
    reconverged: bool | None
    levels: tuple[float, float] | None = None
    """The level of the first points of the run, and of those after the restart: what was compared for that."""
    before: float | None = None
    """Level of the last points before it."""
    points: int = 0
    """Points of the loss on the side of the restart that has fewer, of those that the levels are medians of."""


@dataclass(frozen=True, slots=True)
class Retrace:
    """The course of the training loss from the onset on beside that from its beginning, over as many points."""

    step: int
    """Where the second course begins."""
    points: int
    level: float | None
    """Where it begins over where the first began; None for a loss that is not positive."""
    offset: float
    """The same in shares of the first fall: 0 where both begin alike, positive where the second begins lower."""
    distance: float
    """Mean distance between the two, in shares of the first fall."""
    speed: float | None
    """Points to half the first fall, then over now; None where one did not come so far."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A setting that the job was started again with, otherwise than before, near the onset."""

    name: str
    lever: str
    before: SettingValue
    after: SettingValue
    ratio: float | None
    """After over before, where both are positive numbers."""
    step: int
    lag_points: float
    """Logged points from that start to the onset; negative where the onset was seen first."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Batch size, world size, throughput around the onset, where logged."""

    tag: str
    before: float
    after: float
    change_step: int | None
    lag_points: float | None
    role: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings that matter here, under one name each; None where the log does not hold them."""

    optimizer: str | None = None
    lr: float | None = None
    beta2: float | None = None
    eps: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    clip: float | None = None
    """Clip value of the global norm; 0 means explicitly off."""
    clip_kind: str | None = None
    batch_size: float | None = None
    accumulation: float | None = None
    precision: str | None = None
    """"fp16", "bf16", "fp32" or "fp8"."""
    warmup_steps: float | None = None
    loss_name: str | None = None
    normalisation: str | None = None
    world_size: float | None = None
    architecture: str | None = None
    """"recurrent", "transformer", "convolutional", … where a setting says so."""
    batch_norm: bool | None = None
    max_length: float | None = None
    steps: float | None = None
    """Planned length in steps."""
    epochs: float | None = None
    frozen: bool | None = None
    beta1: float | None = None
    scheduler: str | None = None
    restarts_every: float | None = None
    """Length of the first cycle of a schedule that restarts, in epochs."""
    cycle_factor: float | None = None
    """Factor between the lengths of its cycles."""
    gamma: float | None = None

    @property
    def adaptive(self) -> bool | None:
        """Whether the optimizer divides by a running second moment (Adam and its family); None where it is unknown."""
        name = self.optimizer or ""
        if any(word in name for word in ADAPTIVE):
            return True
        return False if any(word in name for word in PLAIN) else None

    @property
    def clips(self) -> bool | None:
        return None if self.clip is None else self.clip > 0


@dataclass(frozen=True, slots=True)
class Message:
    """Log lines of one kind."""

    kind: str
    count: int
    near_onset: int
    first_step: int | None
    text: str
