"""The output logits drifted away from a normalised distribution.

What the log shows
    A slow rise late in the run, while log Z or the z-loss moves away from zero all along; stronger without weight
    decay. The gradient norm may climb steadily long before the loss shows anything.

Why runs do this
    Softmax cross-entropy does not see a constant added to all logits, so nothing holds their mean; they drift until
    rounding (bf16) or the loss itself suffers.

What else looks like this
    Attention logits or weight norms that grow look the same in the loss; only the logged size of the logits tells.

What to try first
    A z-loss with a factor of 1e-4; weight decay on the output layer; the logits in fp32.

Sources
    Chowdhery et al. 2022, PaLM (z-loss), https://arxiv.org/abs/2204.02311. Wortsman et al. 2023, Small-scale
    proxies, https://arxiv.org/abs/2309.14322
"""

from __future__ import annotations

import dataclasses

from losslens.causes.attention_logit_growth import ATTENTION_WORDS, about_output
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import (
    aftermath,
    gradient,
    layers,
    leap,
    loss,
    rate,
    rise,
    thrown,
    validation,
    way_back,
    weighed,
)
from losslens.causes.signs.build import Found, missing, sign, told
from losslens.model import Fix, NotChecked, Sign

CAUSE = "output-logit-drift"
TITLE = "Drifting output logits"
LATE = (
    "softmax does not see a shift common to all logits, so nothing holds them and the loss shows nothing, until "
    "their size meets the range or the precision of the number format"
)
LEVEL = "mechanism"
SOURCES = ("https://arxiv.org/abs/2204.02311", "https://arxiv.org/abs/2309.14322")


def _output(f: Facts, d: int) -> Found:
    if f.logits is None:
        return missing("logits-grew", "logit_scale")
    found = gradient.logits_grew(f, d)
    if about_output(f) or not isinstance(found, Sign):
        return found
    if any(w in f.logits.tag.lower() for w in ATTENTION_WORDS):
        return None
    return dataclasses.replace(found, strength=found.strength / 2)


def _no_decay(f: Facts, d: int) -> Found:
    if f.recipe.weight_decay is None or f.recipe.weight_decay != 0:
        return None
    return sign("no-weight-decay", d, 0.8, "weight decay is off (settings)", value=0.0)


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        weighed.weight_rose(facts, -1),
        aftermath.lies_dead(facts, +1),
        rise.rose_all_along(facts, -1),
        thrown.validation_thrown(facts, +1),
        aftermath.overshot(facts, +1),
        thrown.weights_held(facts, -1),
        _output(facts, +1),
        gradient.logits_led(facts, +1),
        gradient.weights_led(facts, -1),
        gradient.logits_flat(facts, -1),
        layers.output_parted(facts, +1),
        rise.once_learned(facts, rise.slow_rise(facts, +1)),
        validation.val_jumped_too(facts, +1),
        loss.drift_up(facts, +1),
        loss.onset_not_early(facts, +1),
        _no_decay(facts, +1),
        rise.jumped(facts, -1),
        rise.rose_in_one_point(facts, -1),
        aftermath.returned(facts, -1),
        loss.onset_early(facts, -1),
        loss.nan_from_first(facts, -1),
        rate.rate_jumped(facts, -1),
        rise.once_learned(facts, rise.smooth_rise(facts, +1)),
        rise.runs_downward(facts, -1),
        validation.only_validation(facts, -1),
        leap.towers_return(facts, -1),
        gradient.grad_climbed(facts, +1),
        way_back.relearned_slowly(facts, +1),
        way_back.left_again(facts, -1),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    return (
        Fix(
            "Add a z-loss with a factor of 1e-4",
            "loss = loss + 1e-4 * torch.logsumexp(logits, -1).square().mean()",
            "loss = loss + 1e-4 * keras.ops.mean(keras.ops.logsumexp(logits, -1) ** 2)",
        ),
        Fix(
            "Use weight decay, the output layer included",
            "torch.optim.AdamW(model.parameters(), weight_decay=0.1)",
            "keras.optimizers.AdamW(weight_decay=0.1)",
        ),
        Fix(
            "Log log Z, so that the drift can be seen",
            "writer.add_scalar('logz', torch.logsumexp(logits, -1).mean(), step)",
            "tf.summary.scalar('logz', tf.reduce_mean(tf.reduce_logsumexp(logits, -1)), step=step)",
        ),
    )
