"""How numbers, steps, intervals, epochs, times and probabilities are written, once, for all formats.

Steps carry thousands commas ("50,100"), other numbers four significant digits at most, and nothing is ever rounded
to a zero that it is not.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from losslens.model import LogEvent, Onset, Role, Verdict
from losslens.patterns import compiled

#: What the x of a log counts, when one of it is meant ("epoch 12").
_ONE = {
    "steps": "step",
    "epochs": "epoch",
    "iterations": "iteration",
    "samples": "sample",
    "rows": "row",
    "timesteps": "timestep",
    "tokens": "token",
}


#: Kinds of log events that end a job whatever its loss does, the most telling first, as the report calls them.
_DIED_OF = {
    "out-of-memory": "out of memory",
    "hardware": "a hardware fault",
    "nccl": "a failed collective (NCCL)",
    "preemption": "preemption",
    "killed": "it was killed",
    "interrupted": "it was interrupted",
    "traceback": "an exception",
    "failed": "an error",
}
DEATHS = tuple(_DIED_OF)


_CODE = compiled(r"exit code -?\d+.*")
_EXCEPTION = compiled(r"(?<!\w)[A-Z]\w*(?:Error|Exception|Exit)(?!\w)")


def died_of(event: LogEvent) -> str:
    """What a job died of, within a sentence."""
    found = _DIED_OF.get(event.kind, event.kind)
    by = {"traceback": _EXCEPTION, "killed": _CODE, "failed": _CODE}.get(event.kind)
    told = by.search(event.text) if by is not None else None
    return f"{found} ({told[0]})" if told else found


def number(value: float | None) -> str:
    """A measured number with at most four significant digits; "not logged" for None."""
    if value is None:
        return "not logged"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0"
    size = abs(value)
    if 999.5 <= size < 1e6:
        return f"{value:,.0f}"
    if 1e-3 <= size < 999.5:
        return f"{value:.4g}"
    mantissa, exponent = f"{value:.2e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def count(value: int) -> str:
    """A whole number with thousands commas."""
    return f"{value:,}"


def plural(value: int, noun: str) -> str:
    """ "1 run", "2 runs"."""
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def one(axis: str) -> str:
    """What one unit of an axis is called ("samples" -> "sample")."""
    return _ONE.get(axis, axis or "step")


def many(axis: str, value: float) -> str:
    """A length along the axis: "9,900 steps"."""
    noun = one(axis)
    return f"{value:,.0f} {noun}" if value == 1 else f"{value:,.0f} {noun}s"


def at(axis: str, step: int) -> str:
    """A place on the axis: "step 50,100", "epoch 12"."""
    return f"{one(axis)} {count(step)}"


def interval(low: int, high: int) -> str:
    """A closed interval of steps: "49,900–50,300"."""
    return count(low) if low == high else f"{count(low)}–{count(high)}"


def damage(path: str, first_byte: int, last_byte: int, reason: str) -> str:
    """Where a file is damaged and how: "a.csv: bytes 15–20: zero bytes in a line"."""
    unit = "byte" if first_byte == last_byte else "bytes"
    return f"{path}: {unit} {interval(first_byte, last_byte)}: {reason}"


def epoch(completed: float, *, at_its_end: bool = False) -> str:
    """Where an epoch count stands: "epoch 34 (33.4 completed)"; ``at_its_end`` where each point closes an epoch."""
    if not math.isfinite(completed):
        return f"epoch {number(completed)}"
    done = f"{completed:,.2f}".rstrip("0").rstrip(".")
    current = max(1, math.ceil(completed - 1e-9)) if at_its_end else math.floor(completed) + 1
    return f"epoch {current:,} ({done} completed)"


def duration(hours: float) -> str:
    """A length of time in the unit people would use."""
    if not math.isfinite(hours):
        return f"{number(hours)} h"
    seconds = hours * 3600
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    if hours < 48:
        return f"{hours:.1f} h"
    return f"{hours / 24:.1f} days"


def wall_time(seconds: float | None) -> str | None:
    """A moment in UTC, or None where it was not logged or cannot be a time."""
    if seconds is None or not math.isfinite(seconds):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return None


def probability(share: float) -> str:
    """A probability in percent; never "0 %" or "100 %" for what is not certain."""
    percent = share * 100
    if 0 < percent < 1:
        return "<1 %"
    if 99 < percent < 100:
        return ">99 %"
    return f"{percent:.0f} %"


def weight(nats: float) -> str:
    """A weight of evidence, signed: "+1.2", "−0.4"."""
    return f"{'−' if nats < 0 else '+'}{abs(nats):.1f}"


def onset_place(axis: str, onset: Onset) -> str:
    """The onset with its interval: "step 50,100 (90 % interval 49,900–50,300)"."""
    if onset.low == onset.high:
        return at(axis, onset.step)
    return f"{at(axis, onset.step)} (90 % interval {interval(onset.low, onset.high)})"


#: Roles as people say them.
_ROLE = {
    Role.TRAIN_LOSS: "training loss",
    Role.VAL_LOSS: "validation loss",
    Role.LOSS_COMPONENT: "loss term",
    Role.VAL_COMPONENT: "validation loss term",
    Role.GRAD_NORM: "gradient norm",
    Role.GRAD_NORM_CLIPPED: "gradient norm after clipping",
    Role.LAYER_GRAD_NORM: "gradient norm of a layer",
    Role.LOGIT_SCALE: "size of logits",
    Role.VAL_ACCURACY: "validation accuracy",
    Role.KL: "KL divergence",
    Role.OTHER: "no role",
}


def role(name: Role) -> str:
    return _ROLE.get(name, name.value.replace("_", " "))


_SIGNAL = {
    "lr": "learning rate",
    "grad_norm": "gradient norm",
    "learning_rate": "learning rate",
    "loss_scale": "loss scale",
    "val_loss": "validation loss",
    "steps_per_epoch": "steps per epoch",
    "clip": "the clipping setting",
    "optimizer": "the optimizer's settings",
    "precision": "the precision",
    "layer_grad_norm": "gradient norm of each layer",
    "loss_component": "each term of the loss",
    "step_loss": "the loss of every step",
    "rank": "the loss of every rank",
    "replay": "a second run over the same steps",
    "sample_ids": "the ids of the samples",
    "train_loss_in_eval_mode": "the training loss in evaluation mode",
    "siblings": "another run of the same project",
}


def signal(needs: str) -> str:
    """A signal that was not logged, as people say it ("grad_norm" -> "gradient norm")."""
    if needs in _SIGNAL:
        return _SIGNAL[needs]
    try:
        return role(Role(needs))
    except ValueError:
        return needs.replace("_", " ")


#: Weight of a verdict for colour: "bad", "warn", "note", "good", "none".
_TONE = {
    Verdict.NAN: "bad",
    Verdict.EXPLODED: "bad",
    Verdict.DIVERGED: "bad",
    Verdict.VAL_DIVERGED: "bad",
    Verdict.SHIFTED: "warn",
    Verdict.OVERFIT: "warn",
    Verdict.PLATEAU: "warn",
    Verdict.SPIKE_RECOVERED: "note",
    Verdict.INCONCLUSIVE: "none",
    Verdict.HEALTHY: "good",
}


def tone(verdict: Verdict) -> str:
    return _TONE[verdict]
