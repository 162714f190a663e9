"""One bad batch: an outlier, a corrupt sample, wrong labels.

What the log shows
    One isolated spike, at its peak at once, that is back within a few points; the gradient norm spikes at the same
    point and not before; learning rate, loss scale and validation are unaffected. A leap by a thousand and more in a
    single step is the mark of one extreme value: training multiplies an error from step to step. A loss that stays out
    for tens of points, without a giant gradient that threw the weights, is not the work of one batch.

Why runs do this
    Wrong labels, empty boxes, an extreme target or a very long sequence give one loss and one gradient far out of
    line. With clipping little remains; without it the weights need a while to come back.

What else looks like this
    Adam's own spikes are wider and gradients had declined before. A hardware fault leaves the same picture; only a
    replay of the step tells. A recurring bad sample spikes once an epoch.

What to try first
    Look at the samples of that step; a loss that forgives outliers; clipping; skipping steps with an absurd
    gradient norm.

Sources
    Chowdhery et al. 2022, PaLM, section 5.1 (batches skipped around spikes), https://arxiv.org/abs/2204.02311.
    https://github.com/open-mmlab/mmdetection/issues/7485,
    https://github.com/ruotianluo/pytorch-faster-rcnn/issues/105
"""

from __future__ import annotations

from losslens.causes import remedies
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import (
    aftermath,
    giant,
    gradient,
    leap,
    loss,
    rate,
    restarts,
    rise,
    siblings,
    spikes,
    sums,
    terms,
    thrown,
    validation,
    way_back,
    weighed,
)
from losslens.causes.signs.build import Found, log_ramp, points, ramp, sign, times, told
from losslens.model import Fix, NotChecked, Sign

CAUSE = "bad-batch"
TITLE = "One bad batch"
LATE = (
    "the order of the data is drawn anew, and a rare sample, or a rare draw of an augmentation, comes when it "
    "comes: nothing has to build up before it"
)
LEVEL = "setting"
SOURCES = (
    "https://arxiv.org/abs/2204.02311",
    "https://github.com/open-mmlab/mmdetection/issues/7485",
    "https://github.com/ruotianluo/pytorch-faster-rcnn/issues/105",
)


def _threw(f: Facts, d: int) -> Found:
    """One tower of the loss, and the weights somewhere else after it: the batch threw them."""
    if f.weights is None or f.weights.largest_step is None or rise.stands_alone(f, +1) is None:
        return None
    g = gradient.weights_jumped(f, +1)
    if not isinstance(g, Sign):
        return None
    text = f"{g.text}, as the single high point of {f.tag} passed"
    return sign("batch-threw-weights", d, g.strength, text, series=f.weights.tag, value=f.weights.largest_step)


FOR_LONG = (10, 40)
"""Logged points without a way back from which one batch is an unlikely reason, and from which a most unlikely one."""


def _out_for_long(f: Facts, d: int) -> Found:
    """One batch is gone at the next step: what lasts must have thrown the weights, and that is seen in the gradient."""
    c, o, e = f.loss, f.onset, f.extent
    if c is None or o is None or e is None or o.from_start or c.recovered or c.end_over_before is None or c.out_again:
        return None
    after = e.points - o.points_before
    thrown_by = max(giant.exploded(f), 1.0 if isinstance(gradient.weights_jumped(f, +1), Sign) else 0.0)
    text = (
        f"{f.tag} stands at {times(c.end_over_before)} its level of before {points(after - 1)} later: one batch is "
        "gone at the next step"
    )
    strength = ramp(after, *FOR_LONG) * log_ramp(c.end_over_before, 1.5, 5.0) * (1.0 - thrown_by)
    return sign("out-for-long", d, strength, text, series=f.tag, value=after, unit="points")


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        aftermath.says_nothing(facts, -1),
        weighed.weight_rose(facts, -1),
        sums.sum_broke(facts, -1),
        rise.runs_downward(facts, -1),
        terms.term_took_over(facts, -1),
        loss.thrown_at_first(facts, -1),
        thrown.weights_thrown(facts, +1),
        aftermath.returned(facts, +1),
        rise.short_spike(facts, +1),
        rise.stands_alone(facts, +1),
        _threw(facts, +1),
        rise.ran_up(facts, -1),
        rise.rose_in_one_point(facts, +1),
        gradient.grad_together(facts, +1),
        validation.val_unharmed(facts, +1),
        loss.first_pass(facts, +1),
        siblings.same_step_as_sibling(facts, +1),
        siblings.same_batches_survived(facts, -1),
        rise.wide_spike(facts, -1),
        rise.gradual(facts, -1),
        spikes.many_spikes(facts, -1),
        loss.one_batch_an_epoch(facts, -1),
        aftermath.kept_growing(facts, -1),
        rise.grew_for_long(facts, -1),
        rise.multiplied(facts, -1),
        gradient.grad_tiny_before(facts, -1),
        loss.onset_early(facts, -1),
        gradient.grad_led(facts, -1),
        gradient.grad_calm(facts, -1),
        rate.rate_jumped(facts, -1),
        aftermath.stayed_out(facts, -1),
        _out_for_long(facts, -1),
        validation.val_harmed(facts, -1),
        aftermath.overshot(facts, +1),
        validation.only_validation(facts, -1),
        restarts.restarted(facts, -1),
        leap.leaped(facts, +1),
        leap.towers_return(facts, -1),
        way_back.relearned_slowly(facts, -1),
        way_back.left_again(facts, -1),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    out = [
        remedies.inspect_batch(facts),
        Fix(
            "Use a loss that grows linearly with outliers, or clip the targets",
            "torch.nn.SmoothL1Loss()  # or torch.nn.HuberLoss(delta=1.0)",
            "keras.losses.Huber(delta=1.0)",
        ),
    ]
    if not remedies.clips_already(facts):
        out.append(remedies.clip(facts))
    out.append(
        Fix(
            "Skip the step when the gradient norm is ten times its running median",
            "if grad_norm < 10 * running_median: optimizer.step()",
            "if grad_norm < 10 * running_median: optimizer.apply(gradients)",
        )
    )
    return tuple(out)
