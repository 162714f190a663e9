"""The arithmetic broke: log of zero, 0/0, a root's slope at zero, an overflow of exp.

What the log shows
    A finite, healthy, often low loss right up to NaN within one logged point, with no growth before; often late,
    when predictions saturate. The gradient norm is finite up to it, or NaN one point earlier. The loss scale, if
    any, is steady. Where the terms of the loss are logged, one may be NaN before the others.

Why runs do this
    The forward value is still finite where the backward one is not: sqrt at 0, log of a probability that rounds to
    0, acos at 1, a division by a norm of 0. It waits for the first input that hits the singular point; confident
    predictions and dead units bring more of them late in training.

What else looks like this
    An overflow of half precision: a shrinking loss scale, fp16 in the settings. NaN in the data: within the first
    pass. An explosion: five or more rising points before the NaN.

What to try first
    Losses that take logits; a small constant inside every log, root and division; anomaly detection to find the
    operation.

Sources
    https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html,
    https://pytorch.org/docs/stable/autograd.html#anomaly-detection,
    https://www.tensorflow.org/api_docs/python/tf/debugging/enable_check_numerics
"""

from __future__ import annotations

from losslens.causes import remedies
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import broken, gradient, impossible, kind, loss, precision, rise, siblings, terms
from losslens.causes.signs.build import told
from losslens.model import Fix, NotChecked, Sign

CAUSE = "numerical-instability"
TITLE = "Numerical instability (log 0, 0/0, sqrt' at 0)"
LATE = (
    "the logarithms, divisions and square roots are harmless while their inputs stay away from 0; the better a net "
    "has learned, the nearer to it come probabilities and variances"
)
LEVEL = "mechanism"
SOURCES = (
    "https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html",
    "https://pytorch.org/docs/stable/autograd.html#anomaly-detection",
    "https://www.tensorflow.org/api_docs/python/tf/debugging/enable_check_numerics",
)


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        impossible.impossible(facts, CAUSE, +1),
        loss.nan_abrupt(facts, +1),
        broken.accuracy_kept(facts, +1),
        broken.infinite_first(facts, +1),
        broken.saturated(facts, +1),
        broken.weights_kept(facts, +1),
        terms.nan_in_one(facts, +1),
        broken.accuracy_lost(facts, -1),
        loss.all_data_seen(facts, +1),
        loss.likely_seen(facts, +1),
        loss.onset_not_early(facts, +1),
        None if kind.regresses(facts) else loss.loss_was_low(facts, +1),
        gradient.grad_nonfinite_first(facts, +1),
        broken.grad_broke_and_training_went_on(facts, -1),
        broken.grad_outlived_loss(facts, -1),
        gradient.grad_calm(facts, +1),
        precision.scale_steady(facts, +1),
        siblings.cured_by(facts, "eps", +1),
        siblings.cured_by(facts, "loss", +1),
        loss.grew_before_nan(facts, -1),
        rise.overflowed(facts, -1),
        rise.gradual(facts, -1),
        loss.huge_start(facts, -1),
        loss.first_pass(facts, -1),
        gradient.grad_led(facts, -1),
        precision.scale_led(facts, -1),
        siblings.cured_by(facts, "clip", -1),
        siblings.cured_by(facts, "precision", -1),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    to_logits = Fix(
        "Use losses that take logits instead of probabilities",
        "torch.nn.BCEWithLogitsLoss(); F.log_softmax(logits, -1); F.cross_entropy(logits, y)",
        "keras.losses.BinaryCrossentropy(from_logits=True)",
    )
    return (
        remedies.find_first_nan(facts),
        *(() if kind.regresses(facts) else (to_logits,)),
        Fix(
            "Put a small constant inside every log, root and division of your own",
            "torch.sqrt(x + 1e-8); torch.log(p.clamp(min=1e-7)); v / (v.norm() + 1e-8)",
            "keras.ops.log(keras.ops.clip(p, 1e-7, 1.0)); keras.ops.sqrt(x + 1e-8)",
        ),
    )
