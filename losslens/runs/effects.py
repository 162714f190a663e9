"""What a logger did to the numbers: undone where it can be, said where it cannot.

Each function looks for one effect in one run's stitched series and gives the series back, repaired, with what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import Repair, Role, RoleChoice, Run, Series
from losslens.runs.fillers import between_evaluations

if TYPE_CHECKING:
    from losslens.model import BoolArray

#: Records at the end of a log that are exactly zero before they can be the filter's work and not a loss that got there.
ZERO_RUN = 2
#: A loss that was last this far above zero does not reach exactly zero from one record to the next.
FAR_FROM_ZERO = 1e-2
#: A loss that has at least this many points behind zeros was computed from there on.
FEW = 5
#: Zeros before the first loss are so many times as many as any that come together later, where a step computed none.
ALONE = 4
#: Losses added up grow by no more than so many times what is added at first, no point adds much less or more than the
#: one before it, as a share of what is usual, and there are so many of them.
EVENLY, ALIKE, LEAST_SUMS = 1.5, 0.25, 10
#: The second point of a sum adds this share of the first at least: a loss that begins to rise has a level of its own.
OF_THE_FIRST = 0.25


@dataclass(frozen=True, slots=True)
class Effects:
    series: dict[str, Series]
    repairs: tuple[Repair, ...]


def undo(series: Mapping[str, Series], choices: Sequence[RoleChoice], trainer: str | None) -> Effects:
    """All known effects of the logger that wrote this run, one after the other."""
    now, repairs = dict(series), list[Repair]()
    for effect in _EFFECTS:
        for tag, changed, repair in effect(now, choices, trainer):
            now[tag] = changed
            repairs.append(repair)
    return Effects(now, tuple(repairs))


_Change = tuple[str, Series, Repair]
_FILLED = "nan-filter-mean"


def _nan_filter(series: Mapping[str, Series], choices: Sequence[RoleChoice], trainer: str | None) -> list[_Change]:
    """The NaN filter of the Hugging Face Trainer (``logging_nan_inf_filter``, on by default).

    It replaces the loss of a NaN step by the mean since the last record over the steps so far, and its sum is set back
    at each record: an interval in which every step was NaN logs exactly 0.0. The gradient norm is not filtered.
    """
    if trainer not in ("hf", "llama-factory", None):
        return []
    norms = [series[c.tag] for c in choices if c.role is Role.GRAD_NORM]
    out = []
    for choice in choices:
        if choice.role is not Role.TRAIN_LOSS:
            continue
        loss = series[choice.tag]
        zero = loss.value == 0.0
        if not zero.any():
            continue
        broken, dead = np.zeros(len(loss), dtype=bool), np.zeros(len(loss), dtype=bool)
        far = _fell_from_afar(loss)
        if zero.all():
            far = ~zero  # without a gradient nothing was ever there that could have been lost
        for norm in norms:
            broken |= zero & np.isin(loss.step, norm.step[~np.isfinite(norm.value)])
            dead |= far & np.isin(loss.step, norm.step[norm.value == 0.0])
        if _reaches_zero(loss, norms):
            continue
        broken |= dead
        broken |= _zeros_at_end(loss) if trainer in ("hf", "llama-factory") else False
        if not broken.any() or not (trainer or _is_run_to_end(broken)):
            continue
        value = np.where(broken, np.nan, loss.value)
        steps = loss.step[broken]
        zeros = f"{int(broken.sum())} losses of exactly 0.0 (from step {int(steps.min())})"
        text = f"{zeros} are steps whose loss was NaN: the trainer's NaN filter writes 0.0 for them"
        if dead[broken].all():
            text = (
                f"{zeros} with a gradient norm of exactly 0 are taken for steps whose loss was NaN, for which the "
                "trainer's NaN filter writes 0.0; where every label is masked both are 0 as well"
            )
        repair = Repair("nan-filter", text, choice.tag, int(broken.sum()), int(steps.min()), int(steps.max()))
        out.append((choice.tag, replace(loss, value=value), repair))
    return out


def _reaches_zero(loss: Series, norms: Sequence[Series]) -> bool:
    """Whether the loss is exactly 0 with no gradient now and then, as a hinge or ranking loss is: no NaN comes back."""
    for norm in norms:
        flat = (loss.value == 0.0) & np.isin(loss.step, norm.step[norm.value == 0.0])
        if flat.any() and (loss.value[int(np.argmax(flat)) :] != 0.0).any():
            return True
    return False


def _fell_from_afar(loss: Series) -> BoolArray:
    """The exact zeros of a loss that was far from zero right before them, or that has no other values before them.

    None where the loss has been below zero: what crosses zero, as the loss of a policy does, may be there too.
    """
    zero = loss.value == 0.0
    if bool((loss.value < 0.0).any()):
        return np.zeros(len(loss), dtype=bool)
    last = np.maximum.accumulate(np.where(zero, -1, np.arange(len(loss))))
    near = np.isfinite(loss.value[last]) & (np.abs(loss.value[last]) < FAR_FROM_ZERO) & (last >= 0)
    far: BoolArray = zero & ~near
    return far


def _zeros_at_end(loss: Series) -> np.ndarray:
    """The exact zeros that end a series, when it fell to them from far away."""
    nothing = np.zeros(len(loss), dtype=bool)
    zero = loss.value == 0.0
    if not zero.any() or zero.all() or not zero[-1]:
        return nothing
    start = len(zero) - int(np.argmin(zero[::-1]))
    if len(zero) - start < ZERO_RUN or not _fell_from_afar(loss)[-1]:
        return nothing
    nothing[start:] = True
    return nothing


def _is_run_to_end(broken: np.ndarray) -> bool:
    return bool(broken[-1]) and int(broken.sum()) >= ZERO_RUN


def _hidden_nan(series: Mapping[str, Series], choices: Sequence[RoleChoice], trainer: str | None) -> list[_Change]:
    """A gradient norm that is not finite beside a finite loss of the filtering trainer: the loss hides NaN steps."""
    if trainer not in ("hf", "llama-factory"):
        return []
    out = []
    norms = [series[c.tag] for c in choices if c.role is Role.GRAD_NORM]
    losses = [c.tag for c in choices if c.role is Role.TRAIN_LOSS]
    for norm in norms:
        bad = norm.step[~np.isfinite(norm.value)]
        if not bad.size or not losses:
            continue
        loss = series[losses[0]]
        hidden = np.isin(loss.step, bad) & np.isfinite(loss.value)
        if hidden.any():
            steps = loss.step[hidden]
            text = (
                f"at {int(hidden.sum())} records the gradient norm is not finite while the loss is: "
                "the trainer's NaN filter puts a running mean in its place"
            )
            found = Repair(_FILLED, text, losses[0], int(hidden.sum()), int(steps.min()), int(steps.max()))
            out.append((losses[0], loss, found))
    return out


def filled_at(run: Run, tag: str, step: int) -> bool:
    """Whether the trainer's filter may have put another number where a loss was not finite, at this step."""
    return any(
        repair.code == _FILLED and repair.series == tag and (repair.first_step or 0) <= step <= (repair.last_step or 0)
        for repair in run.repairs
    )


def _skipped_batches(series: Mapping[str, Series], choices: Sequence[RoleChoice], trainer: str | None) -> list[_Change]:
    """fairseq logs a loss of exactly -1 for a batch it skipped: no loss at all."""
    if trainer != "fairseq":
        return []
    out = []
    for choice in choices:
        if choice.role not in (Role.TRAIN_LOSS, Role.LOSS_COMPONENT):
            continue
        loss = series[choice.tag]
        fake = loss.value == -1.0
        if fake.any() and not fake.all() and not bool((loss.value[~fake] < 0.0).any()):
            steps = loss.step[fake]
            text = f"{int(fake.sum())} losses of exactly -1 are skipped batches, not losses; they were left out"
            repair = Repair("skipped-batches", text, choice.tag, int(fake.sum()), int(steps.min()), int(steps.max()))
            out.append((choice.tag, loss.where(~fake), repair))
    return out


def _not_yet(series: Mapping[str, Series], choices: Sequence[RoleChoice], trainer: str | None) -> list[_Change]:
    """Zeros written before the first loss was computed: while a replay buffer fills, or in a row about the start."""
    out = []
    for choice in choices:
        if choice.role not in (Role.TRAIN_LOSS, Role.VAL_LOSS):
            continue
        loss = series[choice.tag]
        zero = loss.value == 0.0
        first = int(np.argmin(zero)) if zero.any() and not zero.all() else 0
        rest = loss.value[first:]
        if not first or rest.size < FEW or np.any(rest < 0.0) or first <= ALONE * _longest(rest == 0.0):
            continue
        steps = loss.step[:first]
        losses = "1 loss" if first == 1 else f"{first} losses"
        text = f"{losses} of exactly 0 before the first that was computed: left out"
        repair = Repair("zero-before-start", text, choice.tag, first, int(steps.min()), int(steps.max()))
        out.append((choice.tag, loss.where(np.arange(len(loss)) >= first), repair))
    return out


def _added_up(series: Mapping[str, Series], choices: Sequence[RoleChoice], trainer: str | None) -> list[_Change]:
    """Losses added up since the start, as gensim's ``get_latest_training_loss`` gives them: what each point adds."""
    out = []
    for choice in choices:
        if choice.role not in (Role.TRAIN_LOSS, Role.LOSS_COMPONENT):
            continue
        loss = series[choice.tag]
        if not _is_sum(loss):
            continue
        text = (
            f"'{choice.tag}' rises at each of its {len(loss)} points from the first on, by about as much as it began "
            "with: losses added up; what each point adds to them is taken for the loss"
        )
        value = np.diff(loss.value, prepend=0.0)
        out.append((choice.tag, replace(loss, value=value), Repair("added-up", text, choice.tag, len(loss))))
    return out


def _is_sum(loss: Series) -> bool:
    """Whether a series goes up evenly from nothing: what a loss does that runs away goes faster and faster, or has a
    level to begin with."""
    value = loss.value
    if value.size < LEAST_SUMS or not np.isfinite(value).all() or value[0] <= 0.0 or np.any(loss.segment > 0):
        return False
    added = np.diff(value)
    usual = float(np.median(added))
    if added.min() <= 0.0 or added[0] < OF_THE_FIRST * value[0] or usual > EVENLY * value[0]:
        return False
    early = max(float(value[0]), float(added[: max(3, added.size // 4)].max()))
    return float(added.max()) <= EVENLY * early and float(np.median(np.abs(np.diff(added)))) <= ALIKE * usual


def _longest(there: BoolArray) -> int:
    """The length of the longest stretch of points that are there."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
    return int(np.diff(ends)[::2].max(initial=0))


#: trainer -> (what its numbers are, points that an onset may come late)
_SMOOTHERS = {
    "detectron2": ("medians over the last 20 iterations", 20),
    "mmengine": ("means over the last 10 iterations by default", 10),
    "mmcv": ("means over the last 10 iterations by default", 10),
    "megatron": ("means over the logging interval", 1),
    "fairseq": ("means over the logging interval", 1),
    "timm": ("means over the epoch", 1),
}


def _smoothed(series: Mapping[str, Series], choices: Sequence[RoleChoice], trainer: str | None) -> list[_Change]:
    """Medians and running means: they cannot be undone, and an onset seen in them comes late."""
    out = []
    first = next((c.tag for c in choices if c.role in (Role.TRAIN_LOSS, Role.LOSS_COMPONENT)), None)
    if first is None:
        return []
    if trainer in _SMOOTHERS:
        what, window = _SMOOTHERS[trainer]
        text = f"{trainer} writes {what}: an onset may have been up to {window} {_steps(window)} earlier than it shows"
        out.append((first, series[first], Repair("smoothed", text, first, len(series[first]))))
    elif trainer == "keras" and any(t.rsplit("/", 1)[-1] == "batch_loss" for t in series):
        tag = next(t for t in series if t.rsplit("/", 1)[-1] == "batch_loss")
        text = "Keras writes the mean since the start of the epoch: an onset late in an epoch shows late and damped"
        out.append((tag, series[tag], Repair("running-mean", text, tag, len(series[tag]))))
    return out


def _steps(n: int) -> str:
    return "logged interval" if n == 1 else "iterations"


_Effect = Callable[[Mapping[str, Series], Sequence[RoleChoice], "str | None"], list[_Change]]
_EFFECTS: tuple[_Effect, ...] = (
    *(between_evaluations, _nan_filter, _hidden_nan, _skipped_batches, _not_yet, _added_up, _smoothed),
)
