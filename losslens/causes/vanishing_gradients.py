"""No gradient reaches the weights: dead units, saturation, frozen or disconnected parameters.

What the log shows
    The loss is flat near its first value (ln C for C classes), while the gradient norm is zero or falls by orders
    of magnitude; the learning rate is normal. After an explosion: the loss stays flat and high with a dead
    gradient, killed by the earlier spike. Per-layer norms fall by orders of magnitude from the output to the input.

Why runs do this
    Saturated sigmoids, ReLUs pushed below zero for every input, many layers without normalisation or skip
    connections, a detached tensor, or parameters that are frozen or never reached the optimizer.

What else looks like this
    A learning rate of zero: the gradient is alive. A rate too high: a gradient of the size of the loss arrives, and
    the flat loss is noisy or above ln C. Random labels: the gradient is alive. A converged run:
    validation is good.

What to try first
    Check which parameters have a gradient; He initialisation; leaky activations; normalisation or skip connections;
    a lower rate if an early spike killed the units.

Sources
    Glorot & Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html. He et al. 2015,
    https://arxiv.org/abs/1502.01852
"""

from __future__ import annotations

import math

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import aftermath, gradient, impossible, loss, rate, rise, siblings, validation
from losslens.causes.signs.build import Found, log_ramp, missing, sign, times, told
from losslens.model import Fix, NotChecked, Sign

CAUSE = "vanishing-gradients"
TITLE = "Vanishing or dead gradients"
LEVEL = "mechanism"
SOURCES = ("https://proceedings.mlr.press/v9/glorot10a.html", "https://arxiv.org/abs/1502.01852")

LAYER_SPREAD = 1e3
"""Largest over smallest per-layer norm from which the signal no longer arrives (healthy nets stay within a hundred)."""


def _layers(f: Facts, d: int) -> Found:
    g = f.layers
    if g is None or g.spread is None:
        return missing("layer-norms-apart", "layer_grad_norm")
    apart = "0 by its median" if math.isinf(g.spread) else f"{times(g.spread)} below the largest"
    text = f"the smallest of {g.count} per-layer gradient norms ({g.smallest}) is {apart}"
    return sign(
        "layer-norms-apart",
        d,
        log_ramp(g.spread, LAYER_SPREAD / 5, LAYER_SPREAD * 10),
        text,
        series=g.smallest,
    )


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        aftermath.says_nothing(facts, +1),
        impossible.impossible(facts, CAUSE, +1),
        gradient.grad_dead(facts, +1),
        _layers(facts, +1),
        loss.never_learned(facts, +1),
        loss.stuck_above_start(facts, -1),
        loss.held_at_cap(facts, -1),
        loss.negative_of_classes(facts, -1),
        aftermath.stuck_high(facts, +1),
        aftermath.lies_dead(facts, +1),
        aftermath.fell_to_a_guess(facts, +1),
        aftermath.never_moved(facts, -1),
        gradient.updates_tiny(facts, +1),
        siblings.cured_by(facts, "normalisation-layer", +1),
        gradient.grad_alive(facts, -1),
        gradient.grad_loud(facts, -1),
        rate.rate_high(facts, -1),
        loss.huge_start(facts, -1),
        gradient.grad_spiked(facts, -1),
        rate.rate_zero(facts, -1),
        rise.gradual(facts, -1),
        loss.nan_abrupt(facts, -1),
        loss.grew_before_nan(facts, -1),
        gradient.grad_died_as_loss_rose(facts, +1),
        validation.only_validation(facts, -1),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    return (
        Fix(
            "List the parameters without a gradient after one backward pass: frozen, detached, or not in the optimizer",
            "print([n for n, p in model.named_parameters() if p.grad is None or p.grad.abs().max() == 0])",
            (
                "print([v.name for v, g in zip(model.trainable_variables, "
                "tape.gradient(loss, model.trainable_variables)) if g is None])"
            ),
        ),
        Fix(
            "Initialise for the activation and use one that does not die",
            "nn.init.kaiming_normal_(layer.weight); nn.LeakyReLU(0.01)  # or nn.GELU()",
            "keras.layers.Dense(n, kernel_initializer='he_normal', activation='gelu')",
        ),
        Fix(
            "Give the signal a way through: normalisation layers and skip connections",
            "x = x + block(nn.LayerNorm(d)(x))",
            "x = x + block(keras.layers.LayerNormalization()(x))",
        ),
    )
