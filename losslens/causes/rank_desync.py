"""The replicas of a distributed run no longer hold the same model.

What the log shows
    The loss of rank 0 looks normal while validation is bad, or both step up together as ranks pull apart, or the
    losses of the ranks spread; the noise is larger by the square root of the number of ranks. Where two ranks are
    logged side by side the step at which they part names it; it can hardly be named from one rank's curve.

Why runs do this
    Unused parameters, different seeds at initialisation, a forgotten synchronisation under gradient accumulation,
    buffers that are not broadcast, a rank that skipped a step.

What else looks like this
    A mismatch of training and evaluation on one device. Overfitting.

What to try first
    Compare a checksum of the weights over the ranks every few hundred steps; log every rank's loss.

Sources
    https://pytorch.org/docs/stable/notes/ddp.html,
    https://pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html
"""

from __future__ import annotations

import math

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.workers import WORKER
from losslens.causes.signs import around, held_back, leap, validation, workers
from losslens.causes.signs.build import Found, log_ramp, missing, num, ramp, sign, times, told
from losslens.model import Fix, NotChecked, Sign

CAUSE = "rank-desync"
TITLE = "Replicas out of step"
LEVEL = "mechanism"
SOURCES = (
    "https://pytorch.org/docs/stable/notes/ddp.html",
    "https://pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html",
)


FARTHER = 2.0
"""Factor from which on one worker's rise is said to be another than a second one's, or its loss to be another."""


def _several(f: Facts, d: int) -> Found:
    w = f.recipe.world_size
    if w is None or w <= 1:
        return None
    return sign("several-ranks", d, 0.5, f"the settings name {num(w)} devices", value=w)


def _one(f: Facts, d: int) -> Found:
    if f.recipe.world_size is None or f.recipe.world_size > 1:
        return None
    return sign("one-rank", d, 1.0, "the settings name one device", value=f.recipe.world_size)


def _apart(f: Facts, d: int) -> Found:
    """The losses of two workers went together and then did not, or one left its course and the other stayed."""
    p = f.parting
    if p is not None and f.onset is not None and f.extent is not None:
        text = (
            f"{workers.parted(f, p)} ({num(p.values[0])} against {num(p.values[1])}): the workers hold different models"
        )
        early = (f.onset.low - p.step) / max(f.extent.interval, 1e-9)
        strength = log_ramp(p.ratio, FARTHER, 4 * FARTHER) * ramp(early, workers.LONG_BEFORE, workers.LONG_BEFORE / 3)
        return sign("ranks-apart", d, strength, text, series=p.higher, steps=(p.step, None), value=p.ratio)
    left = [tag for tag in (f.loss.tag if f.loss else "", *(tag for tag, _, _ in f.moved)) if WORKER.search(tag)]
    stayed = [tag for tag in f.unchanged if WORKER.search(tag)]
    if left and stayed:
        text = f"{left[0]} left its course and {stayed[0]} did not: the workers hold different models"
        return sign("ranks-apart", d, 1.0, text, series=left[0])
    rises = {tag: ratio for tag, _, ratio in f.moved if WORKER.search(tag) and math.isfinite(ratio)}
    if f.loss is not None and f.loss.growth.ratio and rises:
        rises[f.loss.tag] = f.loss.growth.ratio
    if len(rises) < 2:
        return missing("ranks-apart", "rank")
    order = sorted(rises, key=lambda tag: rises[tag])
    most, least = order[-1], order[0]
    more = rises[most] / rises[least]
    text = f"{most} rose {times(rises[most])} and {least} {times(rises[least])}: the workers hold different models"
    return sign("ranks-apart", d, log_ramp(more, FARTHER, 4 * FARTHER), text, series=most, value=more)


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        _several(facts, +1),
        validation.only_validation(facts, +1),
        around.said_in_log(facts, "nccl", +1),
        _apart(facts, +1),
        _one(facts, -1),
        leap.leaped(facts, -1),
        held_back.crept(facts, -1),
        held_back.memorised(facts, -1),
        validation.training_stepped_too(facts, +1),
        validation.training_relearned(facts, -1),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    return (
        Fix(
            "Compare a checksum of the weights over the ranks every few hundred steps",
            "s = sum(p.double().sum() for p in model.parameters()); dist.all_gather_object(sums, s.item())",
            "tf.distribute.get_replica_context().all_gather(checksum, axis=0)",
        ),
        Fix(
            "Log the loss of every rank, and seed all ranks alike before building the model",
            "torch.manual_seed(seed); DistributedDataParallel(model, find_unused_parameters=True)",
            "keras.utils.set_random_seed(seed)",
        ),
    )
