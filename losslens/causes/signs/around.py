"""Signs of what stood around the loss: the end of an epoch, the optimizer, the architecture, lines of the log.

``d`` is +1 for the asking cause, -1 against it.
"""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import Found, missing, num, ramp, sign


def epoch_boundary(f: Facts, d: int) -> Found:
    o = f.onset
    if o is None or o.boundary_points is None or o.epoch is None or o.from_start:
        return None
    text = (
        f"the onset lies {num(round(o.boundary_points, 1))} logged points from an epoch boundary (epoch {o.epoch:.2f})"
    )
    return sign(
        "at-epoch-boundary", d, ramp(o.boundary_points, 2.0, 0.7), text, steps=(o.step, o.step), value=o.boundary_points
    )


def adaptive_optimizer(f: Facts, d: int) -> Found:
    if f.recipe.adaptive is None:
        return missing("adaptive-optimizer", "optimizer")
    if not f.recipe.adaptive:
        return None
    return sign("adaptive-optimizer", d, 0.15, f"the optimizer is {f.recipe.optimizer}")


def plain_sgd(f: Facts, d: int) -> Found:
    if f.recipe.adaptive is not False:
        return None
    return sign("plain-sgd", d, 1.0, f"the optimizer is {f.recipe.optimizer}, without a second moment")


def said_in_log(f: Facts, kind: str, d: int) -> Found:
    m = f.message(kind)
    if m is None:
        return None
    text = f'{m.count} log line{"s" * (m.count != 1)} of this kind ("{m.text}"), {m.near_onset} near the onset'
    strength = 1.0 if m.near_onset else (0.6 if m.count else 0.0)
    return sign(f"log-says-{kind}", d, strength, text, steps=(m.first_step, None), value=float(m.count))


def architecture_is(f: Facts, kind: str, d: int) -> Found:
    if f.recipe.architecture is None and f.layers is not None and f.layers.kind == kind:
        return sign(f"is-{kind}", d, 0.7, f"the names of the logged layers are those of a {kind} net")
    if f.recipe.architecture != kind:
        return None
    return sign(f"is-{kind}", d, 0.7, f"the settings name a {kind} net")
