"""The one thing to run now where no cause stands out: what tells the leading ones apart with the least work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import rise
from losslens.causes.signs.build import lasting, where
from losslens.causes.why_then.validation import whole
from losslens.model import Fix, Verdict


class Watched(NamedTuple):
    """A signal that a training can print at every step: what it is called, and its code."""

    name: str
    pytorch: str = ""
    keras: str = ""


WATCHED: dict[str, Watched] = {
    "learning_rate": Watched(
        "the learning rate", "optimizer.param_groups[0]['lr']", "float(keras.ops.array(optimizer.learning_rate))"
    ),
    "grad_norm": Watched(
        "the gradient norm",
        "torch.nn.utils.clip_grad_norm_(model.parameters(), float('inf'))",
        "float(sum(keras.ops.sum(g**2) for g in gradients)) ** 0.5",
    ),
    "weight_norm": Watched(
        "the norm of the weights",
        "torch.nn.utils.parameters_to_vector(model.parameters()).norm()",
        "float(sum(keras.ops.sum(w**2) for w in model.trainable_variables)) ** 0.5",
    ),
    "loss_scale": Watched("the loss scale", "scaler.get_scale()", "float(optimizer.dynamic_scale)"),
    "update_ratio": Watched("the ratio of update to weight norm"),
    "layer_grad_norm": Watched("the gradient norm of each layer"),
    "loss_component": Watched("each term of the loss"),
    "logit_scale": Watched("the largest logit"),
    "batch_size": Watched("the samples of the step"),
    "sample_ids": Watched("the ids of the samples"),
    "replay": Watched("the ids of the samples"),
    "step_loss": Watched("the loss"),
    "rank": Watched("the loss of every rank"),
}
"""Of the signals that split causes, those that one short run can show, without a validation set or a setting."""

MOST = 3
"""Signals to print at once: the first of them are those that tell most."""

OF_THE_DATA = frozenset(
    {"bad-batch", "recurring-bad-sample", "data-shift", "nan-in-data", "empty-targets", "label-noise", "hardware-fault"}
)
"""Causes that the samples of the step split: where several are among the leading ones, their ids come first."""

FIRST_STEPS = 100
"""Steps to run where the training was bad from its start."""

MOST_STEPS, MOST_EPOCHS = 2_000, 5
"""More of these is no short run."""


EVALUATE = Fix(
    "Evaluate the last checkpoint once more, a batch at a time, and print the loss and the samples of each: the first "
    "that is not finite says whether it is the data, the weights or the way in which a mean is taken",
    "for ids, x, y in val_loader: print(ids, criterion(model.eval()(x), y).item())",
    "for x, y in val_dataset: print(float(keras.ops.mean(model.compute_loss(x, y, model(x, training=False)))))",
)
"""Training need not be replayed for a NaN of validation."""


SLIGHT, HARMLESS = 1.2, 1.05
"""Factor of a spike below which it is not worth a replay, where the loss came back to its level, up to this factor, and
validation did not follow."""


def slight(f: Facts) -> bool:
    """A spike that was small, is over and harmed nothing that was measured."""
    c, v = f.loss, f.validation
    if c is None or f.verdict is not Verdict.SPIKE_RECOVERED or not c.recovered or c.crosses_zero:
        return False
    if c.growth.ratio is None or c.growth.ratio >= SLIGHT or (c.end_over_before or 2.0) > HARMLESS:
        return False
    return v is None or ((v.at_onset or 2.0) <= HARMLESS and (v.next_ratio is None or v.next_ratio <= HARMLESS))


def tell_apart(facts: Facts, ids: Sequence[str], split_by: Sequence[str]) -> Fix | None:
    """What to run, ``split_by`` being the signals that split the leading causes ``ids``, the most telling first.

    A NaN out of the blue is found by anomaly detection, whatever made it; a rise is replayed with what would have
    announced it. None where neither is to be had.
    """
    n = facts.nonfinite
    if n is not None and facts.leading_role.startswith("val"):
        return EVALUATE
    if facts.verdict is Verdict.NAN and n is not None and n.pattern in ("abrupt", "from-first"):
        return Fix(
            f"{_again(facts)}, with anomaly detection: it names the operation that makes the first NaN",
            "torch.autograd.set_detect_anomaly(True)",
            "tf.debugging.enable_check_numerics()",
        )
    if whole(facts) or slight(facts):
        return None  # nothing was lost, and nothing is to be found by doing it again
    flat = facts.verdict is Verdict.PLATEAU
    of_data = len(OF_THE_DATA.intersection(ids)) > 1 and not flat  # no sample keeps a loss where it is
    signals = ["sample_ids", *split_by] if of_data else list(split_by)
    watched = list(dict.fromkeys(WATCHED[s] for s in signals if s in WATCHED))[:MOST]
    if not watched or facts.onset is None:
        return None
    names = [w.name for w in watched]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    moves = "whether it moves before the loss does" if len(names) == 1 else "what moves first"
    if flat:  # nothing moves
        moves = f"{'whether it' if len(names) == 1 else 'which of them'} is next to nothing, or huge,"
    elif WATCHED["sample_ids"] in watched:
        moves = f"{moves}, or which samples it comes with,"
    spelled = [[getattr(w, kind) for w in watched if getattr(w, kind)] for kind in ("pytorch", "keras")]
    pytorch, keras = (f"print(step, {', '.join(code)})" if code else "" for code in spelled)
    return Fix(f"{_again(facts)}, and print {listed} at every step: {moves} says which it was", pytorch, keras)


def _again(facts: Facts) -> str:
    """What stretch to run: from the last good point to just beyond the onset.

    A loss that was lost before the log begins was lost at a step that this log does not hold.
    """
    o, e = facts.onset, facts.extent
    if o is None or e is None:
        return "Run it once more"
    gap = round(e.interval / facts.stretch)
    if e.unseen.begins_late and o.step <= e.first_step:
        if rise.began_well(facts):
            to = where(facts, min(o.high + gap, e.last_step))
            return f"Replay up to {to} from the last checkpoint at or before {where(facts, o.step)}"
        if facts.verdict is Verdict.PLATEAU:
            return f"Train on for {FIRST_STEPS} steps from its last checkpoint"
        return (
            f"Find where it was lost in the log of what came before {where(facts, e.first_step)}, replay what leads up "
            "to that"
        )
    broke = facts.nonfinite.first_step if facts.verdict is Verdict.NAN and facts.nonfinite is not None else e.last_step
    last = max(o.high, min(o.high + gap, broke, e.last_step))
    good = o.low if o.low < o.step else o.step - gap
    if e.unseen.begins_late and good <= e.first_step:
        from_it = "at or before" if good == e.first_step else "before"
        return f"Replay up to {where(facts, last)} from the last checkpoint {from_it} {where(facts, e.first_step)}"
    if o.from_start or good <= max(e.first_step, 0):
        return _from_the_start(facts, o.high if o.from_start else last)
    return f"Replay up to {where(facts, last)} from the last checkpoint at or before {where(facts, good)}"


def _from_the_start(facts: Facts, last: int) -> str:
    """A run from the start up to ``last``, no longer than one waits for, and in a number only where one can be run."""
    axis = facts.extent.axis if facts.extent is not None else "step"
    if facts.extent is not None and facts.extent.counts_epochs:
        last += facts.extent.axis == "epoch" and facts.extent.first_step == 0
        if last <= 1:
            return "Run the first epoch once more"
        if last <= MOST_EPOCHS:
            return f"Run the first {last} epochs once more"
    elif axis == "step" and last <= MOST_STEPS:
        return f"Run the first {lasting(facts, max(last, FIRST_STEPS))} once more"
    to = "" if axis == "row" else f", to {where(facts, last)} at most"
    return f"Run it once more from its start{to}"
