"""The data changed: another data set, a curriculum stage, another augmentation, longer sequences.

What the log shows
    The loss steps to a new level within a point or two, at a round step or an epoch boundary, and holds it or
    slowly learns its way down: no exponential growth. The gradient norm changes level once; the learning rate does
    not change; a validation set that stayed the same moves little, or the other way.

Why runs do this
    Stages by design (mixtures, context length, closing mosaic augmentation), a shard of other content, a sorted
    file, a stream that ran into new material.

What else looks like this
    A resume has a pause, a new file or repeated steps. A jump of the rate shows in the rate. A batch-size change
    changes the noise. A collapse stays at chance level.

What to try first
    Find what the loader served from that step on; blend stages gradually; warm the rate up again; replay older
    data.

Sources
    Ibrahim et al. 2024, Simple and scalable strategies to continually pre-train large language models,
    https://arxiv.org/abs/2403.08763. French 1999, Catastrophic forgetting in connectionist networks,
    https://doi.org/10.1016/S1364-6613(99)01294-2
"""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import (
    aftermath,
    around,
    changed,
    giant,
    gradient,
    held_back,
    leap,
    loss,
    rate,
    restarts,
    rise,
    siblings,
    sums,
    terms,
    thrown,
    validation,
    way_back,
    weighed,
)
from losslens.causes.signs.build import Found, fainter, log_ramp, num, ramp, sign, times, told, where
from losslens.model import Fix, NotChecked, Sign

CAUSE = "data-shift"
TITLE = "The training data changed"
LATE = "a new shard, stage or sequence length begins at a step of its own, whatever the training did before"
LEVEL = "setting"
SOURCES = ("https://arxiv.org/abs/2403.08763", "https://doi.org/10.1016/S1364-6613(99)01294-2")


def _relearned(f: Facts, d: int) -> Found:
    """After the step the loss falls again: the new data are being learned."""
    if f.loss is None or f.onset is None or f.loss.after_slope is None or f.onset.from_start:
        return None
    if f.loss.growth.kind in ("exponential", "downward", "none"):
        return None
    slope = f.loss.after_slope
    text = f"after {where(f, f.onset.step)} {f.tag} falls again on the new level: it is being learned"
    strength = ramp(slope, -0.05, -0.4) * (1.0 - restarts.retraces(f))  # what is learned as it was at first was lost
    strength *= 1.0 - rise.tower(f)  # and so are weights that one giant point threw
    return sign("relearned-after-step", d, strength, text, series=f.tag, value=slope)


def _gradient_level(f: Facts, d: int) -> Found:
    g = f.gradient
    if g is None or g.level_after is None or f.onset is None:
        return None
    text = f"{g.tag} changed level once, {times(g.level_after)}, and kept it"
    strength = log_ramp(g.level_after, 1.1, 1.5) * log_ramp(g.level_after, 30.0, 8.0)
    return sign("grad-norm-new-level", d, strength, text, series=g.tag, value=g.level_after)


def _round_step(f: Facts, d: int) -> Found:
    """Stages begin at round numbers; accidents do not."""
    if f.onset is None or f.extent is None or f.extent.axis == "epoch" or f.onset.from_start:
        return None
    for unit in (100_000, 50_000, 10_000, 5_000, 1_000):
        if unit >= 10 * f.extent.interval:
            near = round(f.onset.step / unit) * unit
            if near > 0 and abs(f.onset.step - near) <= 1.5 * f.extent.interval:
                text = f"the onset ({num(f.onset.step)}) is the round step {num(near)} within the logging interval"
                return sign("at-round-step", d, 0.7, text, steps=(near, near), value=near)
    return None


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        aftermath.says_nothing(facts, -1),
        weighed.weight_rose(facts, -1),
        sums.sum_broke(facts, -1),
        terms.term_took_over(facts, -1),
        rise.rose_all_along(facts, -1),
        rise.runs_downward(facts, -1),
        loss.thrown_at_first(facts, -1),
        rise.stepped_first(facts, +1),
        thrown.weights_held(facts, +1),
        fainter(aftermath.held_new_level(facts, +1), 1.0 - restarts.retraces(facts)),
        rise.jumped(facts, +1),
        _relearned(facts, +1),
        _gradient_level(facts, +1),
        _round_step(facts, +1),
        around.epoch_boundary(facts, +1),
        validation.val_unharmed(facts, +1),
        validation.val_followed(facts, +1),
        validation.val_jumped_too(facts, -1),
        rate.rate_steady(facts, +1),
        changed.changed(facts, "data", +1),
        changed.changed(facts, "data-scaling", +1),
        siblings.cured_by(facts, "data", +1),
        siblings.same_batches_survived(facts, -1),
        aftermath.kept_growing(facts, -1),
        rise.ran_up(facts, -1),
        rise.gradual(facts, -1),
        rise.exponential_growth(facts, -1),
        validation.training_relearned(facts, +1),
        held_back.stepped(facts, +1),
        held_back.accuracy_below_chance(facts, +1),
        thrown.weights_thrown(facts, -1),
        gradient.grad_spiked(facts, -1),
        giant.grad_exploded(facts, -1),
        aftermath.returned(facts, -1),
        rise.stands_alone(facts, -1),
        loss.nan_abrupt(facts, -1),
        loss.grew_before_nan(facts, -1),
        loss.nan_from_first(facts, -1),
        rise.overflowed(facts, -1),
        gradient.grad_led(facts, -1),
        rate.rate_jumped(facts, -1),
        restarts.restarted(facts, -1, but=("data", "data-scaling")),
        aftermath.overshot(facts, -1),
        aftermath.lies_dead(facts, -1),
        aftermath.above_the_first(facts, -1),
        aftermath.fell_to_a_guess(facts, -1),
        gradient.grad_died_as_loss_rose(facts, -1),
        validation.only_validation(facts, -1),
        leap.leaped(facts, -1),
        fainter(way_back.relearned_slowly(facts, +1), 1.0 - restarts.retraces(facts)),
        restarts.retraced(facts, -1),
        way_back.left_again(facts, -1),
    )


LONG = 10_000
"""Steps of a run from which on a new stage can be blended in over some thousands."""


def fixes(facts: Facts) -> tuple[Fix, ...]:
    place = where(facts, facts.onset.step) if facts.onset is not None else "the onset"
    e = facts.extent
    over = "some thousand steps" if e is None or e.axis != "step" or e.last_step >= LONG else "a tenth of the run"
    return (
        Fix(
            f"Find out what the loader served from {place} on: data set, shard, stage, augmentation, sequence length",
            "writer.add_text('shard', loader.dataset.current_file, step)",
            "tf.summary.text('shard', current_file, step=step)",
        ),
        Fix(
            f"Blend a new stage in over {over}, and keep a share of the old data",
            "torch.utils.data.WeightedRandomSampler(weights, num_samples)",
            "tf.data.Dataset.sample_from_datasets([old, new], weights=[0.2, 0.8])",
        ),
        Fix(
            "Warm the learning rate up again when the stage begins",
            "torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=500)",
            "keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=lr, warmup_steps=500)",
        ),
    )
