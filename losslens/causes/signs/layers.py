"""Signs of which layer's gradient moved at the onset. ``d`` is +1 for the asking cause, -1 against it."""

from __future__ import annotations

import math
import re

import numpy as np

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import Found, missing, ramp, sign, times

QUERY_KEY = frozenset({"q", "k", "wq", "wk", "query", "key", "queries", "keys", "qk"})
"""Words by which implementations of attention name the two projections whose product is the logits."""

NOTHING = 1e-6
"""Share of the largest level below which a layer gets nothing."""

MOVED = 1.5
"""Factor from which the other layers count as moved."""

OUTPUT = frozenset({"head", "fc", "classifier", "cls", "output", "out", "logits", "readout", "score", "predictions"})
"""Words by which implementations name the layer that makes the output; without one it is the last that was logged."""

PARTED = (1.0, 2.5)
"""Logarithm of the factor between output layer and the others: from the first it says something, at the second all."""

ALIKE = 0.7
"""Below this they moved alike …"""

PLAINLY = 3.0
"""… where the others moved by this factor."""


FEWEST_IN_ORDER = 3
"""Layers whose order says that the last one is the output, where none is named so."""

NO_LAYER = frozenset({"gamma", "beta", "bias", "ln", "bn", "layernorm", "batchnorm"})
"""Words of parameters of a kind, which the layers of a net have one each of."""


def _words(tag: str) -> list[str]:
    return [w for w in re.split(r"[^a-z0-9]+", tag.lower()) if w]


def attention_starved(f: Facts, d: int) -> Found:
    """The gradients of query and key stayed behind those of the other layers: a one-hot softmax passes nothing back."""
    if f.layers is None:
        return missing("attention-gradient-starved", "layer_grad_norm")
    inside = [r for r in f.layers.rises if QUERY_KEY & set(_words(r[0]))]
    outside = [r for r in f.layers.rises if r not in inside]
    if len(inside) < 2 or len(outside) < 2:
        return None
    rest = float(np.median([r for _, r, _ in outside]))
    largest = max(level for _, _, level in f.layers.rises)
    if rest < MOVED:
        return None
    name = inside[0][0]
    if all(level <= NOTHING * largest for _, _, level in inside):
        text = f"{name} and its pair were next to 0 up to the onset: the softmax of attention passes nothing back"
        return sign("attention-gradient-starved", d, 1.0, text, series=name, value=0.0)
    own = float(np.median([r for _, r, _ in inside]))
    if not math.isfinite(own) or own <= 0:
        return None
    text = (
        f"gradients of query and key ({name}) rose {times(own)} at the onset, those of the other layers {times(rest)}: "
        "a one-hot softmax passes little back"
    )
    strength = ramp(math.log(rest / own), 0.5, 1.6)
    return sign("attention-gradient-starved", d, strength, text, series=name, value=own, compared_to=rest)


def output_parted(f: Facts, d: int) -> Found:
    """The gradient of the output layer went another way than those of the layers before it; against: all went alike.

    Weights of the output layer that grow multiply what it hands back and leave its own gradient where it was; outputs
    that saturate do the reverse. Data, rates and batches move all layers together.
    """
    if f.layers is None:
        return missing("output-gradient-parted", "layer_grad_norm")
    rises = [(tag, rise) for tag, rise, _ in f.layers.rises if math.isfinite(rise)]
    if len(rises) < 2:
        return None
    named = [i for i, (tag, _) in enumerate(rises) if OUTPUT & set(_words(tag))]
    if not named and (len(rises) < FEWEST_IN_ORDER or NO_LAYER & set(_words(rises[-1][0]))):
        return None  # the last of so few need not be the output, nor a parameter that every layer has one of
    name, own = rises.pop(named[-1] if named else -1)
    rest = float(np.median([rise for _, rise in rises]))
    apart = abs(math.log(max(own, NOTHING) / max(rest, NOTHING)))
    if apart >= PARTED[0]:
        text = (
            f"around the onset the gradient of the output layer ({name}) peaked at {times(own)} its level before, "
            f"those of the layers in front of it at {times(rest)}: what broke lies at the output"
        )
        return sign("output-gradient-parted", d, ramp(apart, *PARTED), text, series=name, value=own, compared_to=rest)
    if apart < ALIKE and rest >= PLAINLY:
        text = f"the gradients of all layers rose alike at the onset ({name} {times(own)}, the others {times(rest)})"
        return sign("gradients-rose-alike", -d, 1.0, text, series=name, value=own, compared_to=rest)
    return None
