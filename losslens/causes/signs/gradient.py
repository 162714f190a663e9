"""Signs of the gradient norm and of what builds up. ``d`` is +1 for the asking cause, -1 against it."""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.facts.signals import Gradient, Trend
from losslens.causes.signs.at_onset import rise_at_onset, seen_before
from losslens.causes.signs.build import (
    Found,
    begun,
    log_ramp,
    missing,
    num,
    often,
    percent,
    points,
    ramp,
    sign,
    times,
    where,
)
from losslens.model import Verdict

FAR = 4.0
"""Growth of the weight norm over a run beyond the two or three times that healthy runs show."""

MOSTLY = 0.5
"""Share of the points from the onset on that are not finite where a norm is lost and not hurt by single steps."""

LONG_SURVIVED = 60.0
"""Logged points for which a loss went on as before after a gradient that was not finite: a loss scale was being looked
for, or the step was skipped, and neither broke anything."""

SPIKE = 10.0
"""Rise of the norm over its median that the field calls a gradient explosion (several tools alarm at 10×)."""


def grad_led(f: Facts, d: int) -> Found:
    """The norm left its own course before the loss left its own."""
    g = f.gradient
    if g is None:
        return missing("grad-norm-led", "grad_norm")
    if not g.moved or g.lead_points is None or f.onset is None:
        return None
    text = (
        f"{g.tag} left its course at {where(f, g.onset_step)}, "
        f"{points(g.lead_points)} before the loss did, "
        f"and rose {times(g.ratio)} (from {num(g.before)} to {num(g.peak)})"
    )
    strength = ramp(g.lead_points, 0.5, 4.0) * log_ramp(g.ratio or 1.0, 1.2, 3.0)
    return sign(
        "grad-norm-led",
        d,
        strength,
        text,
        series=g.tag,
        steps=(g.onset_step, f.onset.step),
        value=g.lead_points,
        unit="points",
    )


def grad_together(f: Facts, d: int) -> Found:
    """The norm spiked at the very point where the loss did, not before."""
    g = f.gradient
    if g is None:
        return missing("grad-norm-together", "grad_norm")
    rise = rise_at_onset(f)
    if rise is None or g.lead_points is None or f.onset is None:
        return None
    text = f"{g.tag} rose {times(rise)} at the same logged point as the loss{'' if g.warned else ', not before'}"
    strength = log_ramp(rise, 1.3, 4.0) * ramp(g.lead_points, 1.0, 0.4)
    return sign(
        "grad-norm-together",
        d,
        strength,
        text,
        series=g.tag,
        steps=(g.onset_step, f.onset.step),
        value=rise,
    )


def grad_spiked(f: Facts, d: int) -> Found:
    g = f.gradient
    if g is None:
        return missing("grad-norm-spiked", "grad_norm")
    if broke_alone(f) and g.broken_share >= MOSTLY:
        text = f"{g.tag} is not finite from {where(f, g.broke_step)} on, while {f.tag} still was: beyond any number"
        return sign("grad-norm-spiked", d, 1.0, text, series=g.tag, steps=(g.broke_step, None), compared_to=g.before)
    if g.ratio is None or f.onset is None or f.onset.from_start or g.flat_top is not None:
        return None
    text = (
        f"{g.tag} reached {num(g.peak)} at {where(f, g.peak_step)}, {times(g.ratio)} its level before ({num(g.before)})"
    )
    if seen_before(g, g.peak) and g.top_before != g.peak:
        text += f", and had reached {num(g.top_before)} earlier"
    return sign(
        "grad-norm-spiked", d, log_ramp(g.ratio, 2.5, SPIKE), text, series=g.tag, value=g.peak, compared_to=g.before
    )


def broke_alone(f: Facts) -> bool:
    """The norm stopped being finite at the onset while the loss still was."""
    g = f.gradient
    if g is None or g.broke_step is None:
        return False
    return f.nonfinite is None or f.nonfinite.first_step > g.broke_step


FAR_HIGHER = 10.0
"""Times what a norm came to at the onset from which what it had been before belongs beside it."""


def _higher_before(g: Gradient) -> str:
    """What the norm had been earlier, where its calm at the onset is not that of the run."""
    if g.top_before is None or g.before is None or g.top_before < FAR_HIGHER * g.before * max(g.ratio or 1.0, 1.0):
        return ""
    return f"; earlier it had been as high as {num(g.top_before)}"


FEWEST_CALM = 3
"""Points before the onset from which on a norm can be said to have been calm."""


def grad_calm(f: Facts, d: int) -> Found:
    """A value that is not finite is movement; where the loss is lost at the same point, it was calm up to there."""
    g = f.gradient
    if g is None or g.ratio is None or f.onset is None or f.onset.from_start:
        return None
    if f.onset.points_before < FEWEST_CALM or g.moved or g.flat_top is not None or g.clipped or broke_alone(f):
        return None  # a norm measured after clipping is calm by construction
    if g.broke_step is not None:
        too = f" with {f.tag}" if f.nonfinite is not None and f.nonfinite.first_step == g.broke_step else ""
        text = (
            f"{g.tag} stayed calm until it was lost{too} at {where(f, g.broke_step)} (at most "
            f"{times(g.ratio)} its level before, {num(g.before)}{_higher_before(g)})"
        )
    else:
        text = f"{g.tag} stayed calm through the onset (at most {times(g.ratio)} its level before, {num(g.before)})"
    return sign(
        "grad-norm-calm", d, log_ramp(g.ratio, 4.0, 1.6), text, series=g.tag, value=g.peak, compared_to=g.before
    )


def grad_declined(f: Facts, d: int) -> Found:
    """A long decline of the norm before the onset: the second moment had forgotten larger gradients."""
    g = f.gradient
    if g is None:
        return missing("grad-norm-declined", "grad_norm")
    if g.decline is None:
        return None
    level = "to nothing" if g.decline < 1e-4 else f"to {percent(g.decline)} of its earlier level"
    text = f"{g.tag} had fallen {level} before the onset"
    return sign("grad-norm-declined", d, log_ramp(g.decline, 0.85, 0.3), text, series=g.tag, value=g.decline)


def grad_huge_at_start(f: Facts, d: int) -> Found:
    g = f.gradient
    if g is None:
        return missing("grad-norm-huge-at-start", "grad_norm")
    if g.first is None:
        return None
    text = f"{g.tag} is {num(g.first)} at its first point"
    strength = log_ramp(g.first, 300.0, 1e4) * begun(f)
    return sign("grad-norm-huge-at-start", d, strength, text, series=g.tag, value=g.first)


def grad_largest_at_start(f: Facts, d: int) -> Found:
    g = f.gradient
    if g is None:
        return missing("grad-norm-largest-at-start", "grad_norm")
    if not g.largest_at_start or g.tiny_after or g.zero_share > MOSTLY:
        return None  # beside a gradient that died anything is large
    usual = f", {times(g.head / g.usual)} its usual level" if g.head is not None and g.usual else ""
    text = f"{g.tag} is largest in its first points ({num(g.head)}{usual})"
    return sign("grad-norm-largest-at-start", d, 0.8 * begun(f), text, series=g.tag, value=g.head, compared_to=g.usual)


def dead_layers(f: Facts) -> tuple[str, ...]:
    """Layers that get no gradient in a run that does not learn; layers frozen on purpose are no fault."""
    if f.layers is None or f.recipe.frozen or f.loss is None:
        return ()
    stuck = f.verdict is Verdict.PLATEAU or f.loss.growth.kind == "plateau-high"
    return f.layers.dead if stuck else ()


def grad_dead(f: Facts, d: int) -> Found:
    g = f.gradient
    dead = dead_layers(f)
    if dead:
        more = f" and {len(dead) - 1} more" if len(dead) > 1 else ""
        text = f"{dead[0]}{more} is 0 or next to it throughout: no gradient reaches this part"
        return sign("grad-norm-dead", d, 1.0, text, series=dead[0], value=0.0)
    if g is None:
        return missing("grad-norm-dead", "grad_norm")
    if g.zero_share > 0.5 or g.tiny_after:
        zero = f"exactly 0 for {percent(g.zero_share)} of its points"
        text = f"{g.tag} is {zero if g.zero_share > 0.5 else 'vanishingly small from the onset on'}"
        return sign("grad-norm-dead", d, 1.0, text, series=g.tag, value=g.zero_share)
    if g.alive is None:
        return None
    text = f"{g.tag} fell to {percent(g.alive)} of its starting level and stays there"
    return sign("grad-norm-dead", d, log_ramp(g.alive, 0.05, 0.003), text, series=g.tag, value=g.alive)


def grad_alive(f: Facts, d: int) -> Found:
    g = f.gradient
    if g is None:
        return missing("grad-norm-alive", "grad_norm")
    if g.zero_share > 0.3 or g.tiny_after or g.alive is None or g.alive < 0.05 or dead_layers(f):
        return None  # the whole is alive by its head alone where a layer is dead
    level = percent(g.alive) if g.alive < 2 else times(g.alive)
    text = f"{g.tag} is alive throughout ({level} {'of ' if g.alive < 2 else ''}its starting level)"
    return sign("grad-norm-alive", d, log_ramp(g.alive, 0.05, 0.3), text, series=g.tag, value=g.alive)


def grad_loud(f: Facts, d: int) -> Found:
    """A gradient of the size of the loss at a loss that lies flat: it reaches the net, and something else is wrong.

    What is left where all hidden units are dead is the gradient of the last bias, a tenth or two of the loss.
    """
    g = f.gradient
    if g is None or g.clipped or g.level is None or f.loss is None or not f.loss.end or dead_layers(f):
        return None
    share = g.level / abs(f.loss.end)
    text = f"{g.tag} is {num(g.level)} where {f.tag} lies at {num(f.loss.end)}: gradients arrive"
    return sign("grad-norm-loud", d, log_ramp(share, 0.25, 1.0), text, series=g.tag, value=g.level)


def grad_tiny_before(f: Facts, d: int) -> Found:
    """Orders below its start before the onset: the second moment of Adam is next to nothing, and any step too large."""
    g = f.gradient
    if g is None or not g.before or not g.first or f.onset is None or f.onset.from_start:
        return None
    share = g.before / g.first
    text = f"{g.tag} was down to {num(g.before)} before the onset, from {num(g.first)}: what divides by it is near 0"
    return sign("grad-norm-tiny-before", d, log_ramp(share, 1e-3, 1e-5), text, series=g.tag, value=g.before)


def grad_nonfinite_first(f: Facts, d: int) -> Found:
    """The backward pass broke at a point where the forward pass was still finite."""
    g = f.gradient
    if g is None:
        return missing("grad-norm-nan-first", "grad_norm")
    if g.nonfinite_step is None or g.nonfinite_lead is None or g.nonfinite_lead < 0.3:
        return None
    text = (
        f"{g.tag} was not finite at {where(f, g.nonfinite_step)}, {points(max(1, g.nonfinite_lead))} before "
        "the loss: the backward pass broke first"
    )
    steps = (g.nonfinite_step, None)
    strength = ramp(g.nonfinite_lead, 0.2, 1.0) * ramp(g.nonfinite_lead, LONG_SURVIVED, LONG_SURVIVED / 3)
    return sign("grad-norm-nan-first", d, strength, text, series=g.tag, steps=steps)


def grad_died_as_loss_rose(f: Facts, d: int) -> Found:
    """A higher loss with a smaller gradient: the weights were thrown to where nothing moves them back."""
    g = f.gradient
    if g is None or g.level_after is None or f.loss is None or f.onset is None or f.onset.from_start:
        return None
    up = f.loss.end_over_before
    if up is None or up < 1.3 or f.loss.recovered:
        return None
    text = f"{g.tag} fell to {percent(g.level_after)} of its level although {f.tag} is {times(up)} higher"
    return sign("grad-norm-died", d, log_ramp(g.level_after, 0.7, 0.15), text, series=g.tag, value=g.level_after)


def clipping_on(f: Facts, d: int) -> Found:
    """Gradients were clipped: by the settings, or because the norm sits on a ceiling."""
    if f.recipe.clips:
        text = f"gradients were clipped by {f.recipe.clip_kind or 'norm'} at {num(f.recipe.clip)} (settings)"
        return sign("clipping-on", d, 0.8, text, value=f.recipe.clip)
    if f.gradient is not None and f.gradient.flat_top is not None:
        g = f.gradient
        text = (
            f"{g.tag} sits at {num(g.flat_top)} for "
            f"{percent(g.flat_top_share or 0)} of its points: it is logged after clipping"
        )
        return sign("clipping-on", d, 0.7, text, series=g.tag, value=g.flat_top)
    return None if f.recipe.clip is not None else missing("clipping-on", "clip")


def clipping_let_go(f: Facts, d: int) -> Found:
    """What held the norm down no longer did, shortly before or at the onset."""
    g = f.gradient
    if g is None:
        return missing("clipping-let-go", "grad_norm")
    if g.let_go is None or f.onset is None or f.extent is None or f.onset.from_start:
        return None
    step, top = g.let_go
    late = (step - f.onset.high) / max(f.extent.interval, 1e-9)
    text = f"the norm was held at {num(top)} by clipping until {where(f, step)}, and no longer from there on"
    return sign("clipping-let-go", d, ramp(late, 6.0, 1.0), text, series=g.tag, steps=(step, f.onset.step), value=top)


def clipping_off(f: Facts, d: int) -> Found:
    if f.recipe.clip is None or f.recipe.clips:
        return None
    return sign("clipping-off", d, 0.8, "gradient clipping was off (settings)", value=0.0)


def earlier_grad_spikes(f: Facts, d: int) -> Found:
    g = f.gradient
    if g is None:
        return missing("earlier-grad-spikes", "grad_norm")
    if g.spikes_before < 1:
        return None
    grow = ", growing" if g.spikes_growing is not None and g.spikes_growing > 0.4 else ""
    text = f"{g.tag} had spiked {often(g.spikes_before)} before the onset{grow}"
    return sign("earlier-grad-spikes", d, ramp(g.spikes_before, 0, 3), text, series=g.tag, value=g.spikes_before)


def weights_grew(f: Facts, d: int) -> Found:
    return _trend_up(f, f.weights, "weight-norm-grew", "weight_norm", d, (1.3, 3.0))


def weights_grew_far(f: Facts, d: int) -> Found:
    """The norm grew not by a factor but by orders, steadily: past every size at which weights are of use."""
    w = f.weights
    if w is None or not grew_steadily(f):
        return None
    text = f"{w.tag} grew steadily to {times(w.growth)} its early level: past any size that training needs"
    return sign("weight-norm-grew-far", d, log_ramp(w.growth or 1.0, FAR, 10 * FAR), text, series=w.tag, value=w.growth)


def weights_grew_instead(f: Facts, d: int) -> Found:
    """For a cause that leaves the weights alone until the onset: they had grown by orders long before."""
    w = f.weights
    if w is None or not grew_steadily(f):
        return None
    text = f"{w.tag} had grown {times(w.growth)} long before the onset, steadily"
    return sign("weight-norm-grew", d, log_ramp(w.growth or 1.0, FAR, 10 * FAR), text, series=w.tag, value=w.growth)


def grew_steadily(f: Facts) -> bool:
    """The weight norm rose many times over, all the way up to the onset."""
    w = f.weights
    if w is None or w.growth is None or w.growth < FAR or f.onset is None or f.onset.from_start:
        return False
    return w.monotone is not None and w.monotone > 0.9


def weights_flat(f: Facts, d: int) -> Found:
    w = f.weights
    if w is None:
        return missing("weight-norm-flat", "weight_norm")
    if w.growth is None or w.growth > 1.4 or (w.after is not None and w.after > 1.5):
        return None
    text = f"{w.tag} hardly changed up to the onset ({times(w.growth)})"
    return sign("weight-norm-flat", d, log_ramp(w.growth, 1.4, 1.1), text, series=w.tag, value=w.growth)


def weights_jumped(f: Facts, d: int) -> Found:
    """The weights were thrown away within one logged point at the onset."""
    w = f.weights
    if w is None or w.largest_step is None:
        return None
    text = f"{w.tag} rose {times(w.largest_step)} between two logged points at the onset"
    return sign("weight-norm-jumped", d, log_ramp(w.largest_step, 1.12, 1.6), text, series=w.tag, value=w.largest_step)


def weights_led(f: Facts, d: int) -> Found:
    """The weight norm left its course before the loss and before the gradient norm, and smoothly."""
    w = f.weights
    if w is None or w.lead_points is None or w.growth is None:
        return None
    if w.largest_step is not None and w.largest_step > 1.6:
        return None
    others = f.gradient.lead_points if f.gradient is not None and f.gradient.lead_points is not None else 0.0
    ahead = w.lead_points - max(0.0, others)
    text = f"{w.tag} left its course {points(w.lead_points)} before the loss, and grew smoothly"
    return sign("weight-norm-led", d, ramp(ahead, 0.3, 3.0), text, series=w.tag, value=w.lead_points, unit="points")


def logits_led(f: Facts, d: int) -> Found:
    """The size of the logits left its course before the loss."""
    t = f.logits
    if t is None or t.lead_points is None:
        return None
    text = f"{t.tag} left its course {points(t.lead_points)} before the loss"
    return sign("logits-led", d, ramp(t.lead_points, 0.3, 4.0), text, series=t.tag, value=t.lead_points, unit="points")


def updates_outgrew(f: Facts, d: int) -> Found:
    """Updates grew although gradients did not: the optimizer itself made the steps larger."""
    u, g = f.updates, f.gradient
    if u is None or u.growth is None:
        return missing("updates-outgrew-gradients", "update_ratio")
    if g is None:
        return missing("updates-outgrew-gradients", "grad_norm")
    rise = max(u.growth, (u.at_onset or 0.0) if not g.moved else 0.0)
    against = g.decline if g.decline is not None else 1.0
    outgrew = rise / max(against, 1e-6)
    text = f"{u.tag} grew {times(rise)} while {g.tag} went to {percent(against)} of its level"
    return sign("updates-outgrew-gradients", d, log_ramp(outgrew, 1.5, 5.0), text, series=u.tag, value=outgrew)


def logits_grew(f: Facts, d: int) -> Found:
    return _trend_up(f, f.logits, "logits-grew", "logit_scale", d, (1.5, 4.0))


def logits_flat(f: Facts, d: int) -> Found:
    """Logged, and no larger at the onset than early in the run."""
    t = f.logits
    if t is None or t.growth is None or f.onset is None or f.onset.from_start:
        return None
    text = f"{t.tag} had not grown by the onset ({times(t.growth)} its early level)"
    return sign("logits-flat", d, log_ramp(t.growth, 1.5, 1.1), text, series=t.tag, value=t.growth)


def updates_ordinary(f: Facts, d: int) -> Found:
    """Logged, and of the size that training needs: the steps were not too large."""
    u = f.updates
    if u is None or u.before is None or f.onset is None or f.onset.from_start:
        return None
    if u.at_onset is not None and u.at_onset > 5:
        return None
    text = f"{u.tag} was {num(u.before)} up to the onset: steps of a usual size"
    return sign("update-ratio-ordinary", d, log_ramp(u.before, 6e-3, 1.5e-3), text, series=u.tag, value=u.before)


def _trend_up(f: Facts, t: Trend | None, name: str, needs: str, d: int, limits: tuple[float, float]) -> Found:
    if t is None:
        return missing(name, needs)
    if t.growth is None or f.onset is None:
        return None
    steady = t.monotone is None or t.monotone > 0.6
    text = (
        f"{t.tag} grew {times(t.growth)} up to the onset (from {num(t.first)} to "
        f"{num(t.before)}), {'all the way' if steady else 'unevenly'}"
    )
    strength = log_ramp(t.growth, *limits) * (1.0 if steady else 0.5)
    return sign(name, d, strength, text, series=t.tag, steps=(None, f.onset.step), value=t.before, compared_to=t.first)


def updates_large(f: Facts, d: int) -> Found:
    u = f.updates
    if u is None:
        return missing("update-ratio-large", "update_ratio")
    level = u.before if u.before is not None else u.maximum
    if level is None:
        return None
    text = f"{u.tag} is {num(level)}; healthy training moves weights by about a thousandth a step"
    return sign("update-ratio-large", d, log_ramp(level, 4e-3, 3e-2), text, series=u.tag, value=level, compared_to=1e-3)


def updates_tiny(f: Facts, d: int) -> Found:
    u = f.updates
    if u is None:
        return missing("update-ratio-tiny", "update_ratio")
    level = u.before if u.before is not None else u.maximum
    if level is None:
        return None
    text = f"{u.tag} is only {num(level)}; healthy training moves weights by about a thousandth a step"
    return sign(
        "update-ratio-tiny",
        d,
        log_ramp(max(level, 1e-12), 1e-4, 3e-6),
        text,
        series=u.tag,
        value=level,
        compared_to=1e-3,
    )


def grad_climbed(f: Facts, d: int) -> Found:
    """The norm rose steadily before the onset, while the loss did not yet: something in the net grows by itself."""
    g = f.gradient
    if g is None:
        return missing("grad-norm-climbed", "grad_norm")
    if g.climb is None or f.onset is None or f.onset.from_start:
        return None
    text = f"{g.tag} had climbed steadily before the onset, to {times(g.climb)} its level"
    return sign("grad-norm-climbed", d, log_ramp(g.climb, 1.6, 6.0), text, series=g.tag, value=g.climb)
