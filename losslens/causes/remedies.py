"""Fixes that several causes advise, worded with the run's own numbers and aware of its own settings."""

from __future__ import annotations

import math
import re

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.recipe import number
from losslens.causes.signs.build import num, where
from losslens.causes.signs.rate import low_rate, usual_peak
from losslens.model import Fix, Verdict
from losslens.patterns import compiled

CLIP_ROOM = 2.0
"""A clip value of this many median gradient norms leaves ordinary steps alone and cuts the rare giant."""

OF_LARGEST = compiled(r"(?<![a-z])max(?:imum)?(?![a-z])", re.IGNORECASE)
"""The name of a norm that is the largest of several steps: what most of them have is lower already."""

LEAST_NORM = 1e-6
"""A usual norm below this is a gradient that has died out: twice of it would stop the training."""

USUAL_CLIP = 1.0
"""The clip value most recipes use, where the run logged no norm to set it by."""


def rate_in_use(facts: Facts) -> float | None:
    """The highest learning rate that the run reached, else the one in the settings: the number a user can set.

    The rate of the onset is none of those in a run that was bad from the first value of its warm-up on.
    """
    if facts.rate is None:
        return facts.recipe.lr
    return facts.rate.peak or facts.rate.at_onset or None


def rounded(x: float) -> float:
    """To one significant digit, so that advice looks like advice."""
    return float(f"{x:.0e}")


def power_of_two(x: float) -> float:
    """The next power of two below a positive number, as loss scales are."""
    return float(2.0 ** math.floor(math.log2(x)))


def proven_rate(facts: Facts) -> tuple[str, float, float] | None:
    """A sibling that survived with only a lower rate: its name, the rate here and the rate there."""
    name, here, there = _proven(facts, "learning-rate") or ("", None, 0.0)
    return (name, here, there) if here is not None and 0 < there < here else None


def _proven(facts: Facts, lever: str) -> tuple[str, float | None, float] | None:
    """A sibling that survived with only one lever changed: its name, the value here, if any, and the value there."""
    name = facts.cohort.cured.get(lever) if facts.cohort is not None else None
    if facts.cohort is None or name is None:
        return None
    change = next(s.differs[lever] for s in facts.cohort.siblings if s.name == name)
    there = number(change[1])
    return None if there is None else (name, number(change[0]), there)


OPTIMIZERS = {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad"}
"""Names in settings to the class that both PyTorch and Keras have."""


LOW = 10.0
"""Times the rate below which "too high" needs other evidence up to which no other cause asks for a lower one."""


def lowered(facts: Facts, factor: float = 3.0) -> tuple[Fix, ...]:
    """A lower rate, for causes that it may help against; not where the rate is low already and none was proven."""
    now = rate_in_use(facts)
    low = now is not None and 0 < now <= LOW * low_rate(facts)
    return () if low and proven_rate(facts) is None else (lower_rate(facts, factor),)


def lower_rate(facts: Facts, factor: float = 3.0) -> Fix:
    """Lower the rate, from the run's own value where it is known, and to where recipes end if it is far above them."""
    proven = proven_rate(facts)
    if proven is None and (calm := calm_until(facts)) is not None:
        return _stop_the_rise(facts, calm)
    now = proven[1] if proven is not None else rate_in_use(facts)
    if now is None or now <= 0:
        return Fix(
            f"Lower the peak learning rate {num(factor)}×; if that only delays the failure, another {num(factor)}×",
            f"lr = old_lr / {num(factor)}  # {WHERE_BUILT}",
            f"learning_rate = old_lr / {num(factor)}  # {WHERE_BUILT}",
        )
    to = proven[2] if proven is not None else rounded(_lower(facts, now, factor))
    about = "about " if proven is None else ""
    constant = facts.rate is None or facts.rate.constant is not False
    said = f"Lower the {'' if constant else 'peak '}learning rate from {num(now)} to {about}{num(to)}"
    said += f", at which {proven[0]} survived" if proven is not None else ""
    kind = OPTIMIZERS.get((facts.recipe.optimizer or "").lower())
    if kind is None:  # whatever the optimizer is: a rate for SGD is none for Adam
        return Fix(said, f"lr = {to:g}  # {WHERE_BUILT}", f"learning_rate = {to:g}  # {WHERE_BUILT}")
    momentum = f", momentum={facts.recipe.momentum:g}" if kind == "SGD" and facts.recipe.momentum else ""
    return Fix(
        said,
        f"torch.optim.{kind}(model.parameters(), lr={to:g}{momentum})",
        f"keras.optimizers.{kind}(learning_rate={to:g}{momentum})",
    )


STILL_CALM = 10
"""Logged points of calm before the onset, at least, for a rise that failed later to have been calm up to somewhere."""


def calm_until(facts: Facts) -> float | None:
    """The rate up to which the run was calm, where it rose from the first logged point to the last; None elsewhere.

    That is no warm-up, to be made longer, but a search for a rate, or a schedule without an end.
    """
    r, o, e = facts.rate, facts.onset, facts.extent
    if r is None or o is None or e is None or o.from_start or r.warmup_end is None:
        return None
    rising = r.warmup_end >= e.last_step - e.interval and o.step - e.first_step >= STILL_CALM * e.interval
    return r.at_onset if rising and r.at_onset and r.at_onset > 0 else None


def _stop_the_rise(facts: Facts, calm: float) -> Fix:
    to = rounded(calm / 3)
    return Fix(
        f"Stop the rise of the learning rate: the run was calm up to about {num(float(f'{calm:.2g}'))}; "
        f"let it end at about {num(to)}, a third of that",
        f"for g in optimizer.param_groups: g['lr'] = min(g['lr'], {to:g})  # after every scheduler.step()",
        f"lr = keras.ops.minimum(lr, {to:g})  # at the end of the schedule's __call__",
    )


WHERE_BUILT = "where the optimizer is built: a scheduler undoes a later change"


def _lower(facts: Facts, now: float, factor: float) -> float:
    """``now`` lowered by ``factor``: to where recipes end at most, and to where a warm-up had failed already.

    A run that healed had trained at its rate.
    """
    to = now / factor
    if facts.verdict is not Verdict.SPIKE_RECOVERED:
        to = min(to, usual_peak(facts))
    r, o = facts.rate, facts.onset
    if r is not None and r.in_warmup and r.at_onset and o is not None and not o.from_start:
        to = min(to, r.at_onset)
    return to


def keras_with(option: str) -> str:
    """The user's own Keras optimizer with one more option, whatever it is."""
    return f"optimizer = type(optimizer).from_config({{**optimizer.get_config(), {option}}})"


def clip(facts: Facts) -> Fix:
    """Clip the gradient norm, at a value from the run's own norms; tighten it where the run clips already."""
    g = facts.gradient
    usual = g.before if g is not None and not g.clipped else None
    disturbed = None
    if g is not None and usual is not None and g.quiet is not None and LEAST_NORM < g.quiet < usual:
        usual, disturbed = g.quiet, g.quiet_until
    if facts.onset is not None and facts.onset.from_start:
        usual = None  # there is no "before" to take it from
    if usual is not None and not LEAST_NORM < usual < 1e6:
        usual = None  # dead or exploded: no norm to set a clip value by
    early = g.early if g is not None and usual is not None and g.early is not None and g.early < 1e6 else None
    room = 1.0 if g is not None and OF_LARGEST.search(g.tag) else CLIP_ROOM
    value = rounded(max(room * usual, early or 0.0)) if usual is not None else USUAL_CLIP
    ceiling = facts.recipe.clip if facts.recipe.clips else (g.flat_top if g is not None else None)
    if ceiling:
        lower = min(rounded(ceiling / 3), value) if usual is not None else rounded(ceiling / 3)
        return Fix(
            f"Gradients are clipped at {num(ceiling)} already: that did not prevent it. Only then try {num(lower)}",
            f"torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={lower:g})",
            keras_with(f"'global_clipnorm': {lower:g}"),
        )
    about = "about twice " if room == CLIP_ROOM else ""
    why = f", {about}the usual norm before the onset ({num(usual)})" if usual is not None else ""
    if usual is not None and disturbed is not None:
        why = f", {about}the usual norm ({num(usual)}) until {where(facts, disturbed)}, where it was first disturbed"
    elif usual is not None and early is not None and early > room * usual:
        why = f", the usual norm early in this run: less would slow its first steps ({num(usual)} before the onset)"
    return Fix(
        f"Clip the gradient norm at {num(value)}{why}",
        f"torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm={value:g})  # between backward() and step()",
        keras_with(f"'global_clipnorm': {value:g}"),
    )


def clips_already(facts: Facts) -> bool:
    """By its settings, or because the logged norm sits on a ceiling."""
    return bool(facts.recipe.clips) or (facts.gradient is not None and facts.gradient.flat_top is not None)


LONGER = 3
"""Times the warm-up of a run to advise, where it had one."""


def _warmed_up(facts: Facts) -> int:
    """Steps of the warm-up that the run had; 0 where it had none, or its length is not known in steps."""
    r, e = facts.rate, facts.extent
    if r is None or e is None or e.axis != "step" or e.counts_epochs or r.warmup_end is None:
        return 0
    if r.rises_to_its_end:
        return 0  # it was no longer logged before the warm-up ended
    seen, said = max(0, r.warmup_end - e.first_step), facts.recipe.warmup_steps
    if said is not None and said >= 1 and abs(said - seen) <= 2 * e.interval:
        return round(said)  # the log shows it to its interval
    return seen


LATE, LATE_EPOCHS = 2.0, 3
"""An onset later than so many lengths of the warm-up to advise, or epochs, did not come of the first steps."""


def with_warm_up(facts: Facts) -> tuple[Fix, ...]:
    """A warm-up, where it could have helped: not long after any would have ended, nor where the rate only ever rose."""
    o, e = facts.onset, facts.extent
    if calm_until(facts) is not None:
        return ()
    if o is not None and e is not None and not o.from_start:
        if e.counts_epochs and o.step - e.first_step >= LATE_EPOCHS:
            return ()
        if (
            e.axis == "step"
            and not e.counts_epochs
            and o.step - e.first_step > LATE * max(_advised(facts), LONGER * _warmed_up(facts))
        ):
            return ()
    return (warm_up(facts),)


def _advised(facts: Facts) -> int:
    """Steps of a warm-up: a few per cent of the run, 100 to 2000."""
    e = facts.extent
    if e is None or e.axis != "step" or e.counts_epochs:
        return 500
    return int(rounded(int(min(2000, max(100, 0.05 * (e.last_step - e.first_step))))))


FEWEST_WARM = 10
"""A length of a warm-up below this may count epochs, or be a share."""


def warm_up(facts: Facts) -> Fix:
    """A warm-up of a few per cent of the run, or longer than that of the run, or that with which a sibling survived."""
    steps, e = _advised(facts), facts.extent
    counted = "steps" if e is None or (e.axis == "step" and not e.counts_epochs) else "updates"
    text = f"Warm the learning rate up linearly over about {steps:,} {counted}"
    now, proven = _warmed_up(facts), _proven(facts, "warmup")
    if proven is not None and proven[2] > (proven[1] or 0.0):
        whole = proven[2] >= FEWEST_WARM and proven[2].is_integer()
        steps = int(proven[2]) if whole else steps
        text = f"Warm the learning rate up as {proven[0]} did, which survived (warm-up {num(proven[2])})"
    elif now:
        steps = int(rounded(max(steps, LONGER * now)))
        text = f"Warm the learning rate up longer: over about {steps:,} steps, not {now:,}"
    return Fix(
        text,
        (
            "torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.01, "
            f"total_iters={steps})  # scheduler.step() every batch"
        ),
        f"keras.optimizers.schedules.CosineDecay(0.0, decay_steps, warmup_target=lr, warmup_steps={steps})",
    )


def go_back(facts: Facts, *, skip: bool, before: int | None = None) -> tuple[Fix, ...]:
    """Restart from the last good logged point; ``skip`` where other batches can help, else with what was mended.

    ``before`` is a step that must not be reached again, whatever the loss still did. Nothing where no point before the
    onset is worth returning to.
    """
    after = "leave out the batches around it" if skip else "with what was wrong mended"
    text = f"Restart from the last checkpoint before the onset, {'and ' if skip else ''}{after}"
    o, e = facts.onset, facts.extent
    if o is not None and e is not None:
        good = o.low if o.low < o.step else o.step - round(e.interval)
        good = good if before is None else min(good, before - round(e.interval))
        if o.from_start or good <= max(e.first_step, 0):
            return ()
        last = f"Restart from the last checkpoint up to {where(facts, good)}"
        if not skip:
            text = f"{last}, {after}"
        elif e.counts_epochs:
            text = f"{last}, with the data in another order"
        else:
            text = f"{last}, and leave out the batches up to {where(facts, o.high + round(e.interval))}"
    return (
        Fix(
            text,
            "model.load_state_dict(state['model']); optimizer.load_state_dict(state['optimizer'])",
            "model.load_weights('before.weights.h5')  # or keras.callbacks.BackupAndRestore",
        ),
    )


def inspect_batch(facts: Facts) -> Fix:
    """Look at the samples around the onset."""
    place = "the onset" if facts.onset is None else f"{where(facts, facts.onset.low)} … {facts.onset.high:,}"
    return Fix(
        f"Log sample ids, then look at the samples of {place}: targets, lengths, empty or extreme values",
        "loss = criterion(out, y, reduction='none'); print(ids[loss.topk(5).indices])",
        "loss = keras.losses.mean_squared_error(y, model(x)); print(np.argsort(loss)[-5:])",
    )


def find_first_nan(facts: Facts) -> Fix:
    """Stop at the operation that makes the first NaN; of an evaluation, at the first batch that has one."""
    steps = "first steps" if facts.onset is not None and facts.onset.from_start else "steps before it"
    if facts.leading_role.startswith("val") and facts.nonfinite is not None:
        return Fix(
            "Evaluate batch by batch once, and look at the samples and outputs of the first that is not finite",
            "for ids, x, y in val_loader: print(ids, criterion(model.eval()(x), y).item())",
            "for x, y in val_dataset: print(float(keras.ops.mean(model.compute_loss(x, y, model(x, training=False)))))",
        )
    return Fix(
        f"Run the {steps} once with anomaly detection: it names the operation that made the first NaN",
        "torch.autograd.set_detect_anomaly(True)",
        "tf.debugging.enable_check_numerics()",
    )


def check_data() -> Fix:
    """Assert that inputs and targets are finite."""
    return Fix(
        "Assert that inputs and targets are finite, on the whole data set once, before training",
        "assert torch.isfinite(x).all() and torch.isfinite(y).all()",
        "tf.debugging.check_numerics(x, 'x')  # np.isfinite(data).all() once over the arrays",
    )
