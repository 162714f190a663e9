"""Output logits drift."""

from __future__ import annotations

import numpy as np
import pytest

from losslens.causes import rank
from losslens.model import Role, Verdict
from tests.causes import make_runs as m

CAUSE = "output-logit-drift"


def drifting(growth: float, decay: float = 0.0) -> m.Made:
    points, at = 500, 350
    y = m.learning(points)
    y[at:] *= 1 + np.arange(points - at) / 80
    z = m.noisy(5 * np.exp(np.log(growth) * np.arange(points) / at))
    return m.made(
        y,
        Verdict.DIVERGED,
        at,
        others={("train/logz", Role.LOGIT_SCALE): z, m.LR: m.constant(points)},
        settings={"weight_decay": decay},
    )


def test_a_late_slow_rise_with_a_growing_log_z_is_named() -> None:
    assert m.place(drifting(12.0), CAUSE) == 0
    assert {"logits-grew", "no-weight-decay"} <= m.names(drifting(12.0), CAUSE, +1)


def test_a_flat_log_z_does_not_speak_for_it() -> None:
    assert m.place(drifting(1.0, 0.1), CAUSE) > 0
    assert not {"logits-grew", "no-weight-decay"} & m.names(drifting(1.0, 0.1), CAUSE, +1)


def test_without_logged_logits_it_asks_for_them() -> None:
    assert m.unchecked(m.made(m.exploding(), Verdict.EXPLODED, 320), CAUSE)["logits-grew"] == "logit_scale"


def test_a_log_z_with_gaps_is_read_where_it_is() -> None:
    run = drifting(12.0)
    z = run.run.series["train/logz"].value
    z[::3] = np.nan
    assert "logits-grew" in m.names(run, CAUSE, +1)


def test_a_gradient_norm_that_climbs_long_before_the_loss_speaks_for_it_and_a_steady_one_does_not() -> None:
    climbing = m.noisy(np.exp(np.maximum(0, np.arange(400) - 270) / 12.0), 0.05)
    y = m.exploding()
    led = m.made(y, Verdict.EXPLODED, 320, others={m.GRAD: climbing})
    assert "grad-norm-climbed" in m.names(led, CAUSE, +1)
    calm = m.made(y, Verdict.EXPLODED, 320, others={m.GRAD: m.steady()})
    assert "grad-norm-climbed" not in m.names(calm, CAUSE, +1)


def layered(output: float, others: float, names: tuple[str, ...] = ("convs.0", "convs.1", "head")) -> m.Made:
    """A climb at whose onset the gradient of the last layer rises by one factor and those of the rest by another."""
    points, at = 400, 300
    y = m.learning(points)
    y[at:] *= 1 + np.arange(points - at) / 40
    columns = {}
    for k, name in enumerate(names):
        rise = np.ones(points)
        rise[at:] = output if name == names[-1] else others
        columns[f"grad_norm/{name}", Role.LAYER_GRAD_NORM] = m.noisy(rise, 0.1, k)
    return m.made(y, Verdict.DIVERGED, at, others={**columns, m.LR: m.constant(points, 3e-3)})


@pytest.mark.parametrize(("output", "others"), [(50.0, 1.0), (1.0, 30.0), (1e6, 1e-9)])
def test_an_output_layer_whose_gradient_went_another_way_than_the_others_speaks_for_it(
    output: float, others: float
) -> None:
    assert "output-gradient-parted" in m.names(layered(output, others), CAUSE, +1)
    assert m.chance(layered(output, others), CAUSE) > m.chance(layered(20.0, 20.0), CAUSE)


def test_gradients_that_rise_alike_in_all_layers_speak_against_it() -> None:
    assert "gradients-rose-alike" in m.names(layered(20.0, 20.0), CAUSE, -1)
    assert "gradients-rose-alike" not in m.names(layered(1.2, 1.2), CAUSE, -1)


def test_without_a_name_that_says_so_the_last_layer_makes_the_output() -> None:
    assert "output-gradient-parted" in m.names(layered(50.0, 1.0, ("layers.0", "layers.1", "layers.2")), CAUSE, +1)


def test_of_two_layers_and_of_a_kind_of_parameter_the_last_is_no_output() -> None:
    for tags in (("decay_nums", "norm_gamma"), ("layers.0", "layers.1", "norm_gamma")):
        assert "output-gradient-parted" not in m.names(layered(50.0, 1.0, tags), CAUSE, +1)


def test_a_name_that_says_so_tells_the_output_layer_wherever_it_was_logged() -> None:
    parted = layered(50.0, 1.0, ("body.0", "body.1", "classifier"))
    (found,) = [s for s in m.tried(parted.facts(), CAUSE) if getattr(s, "name", "") == "output-gradient-parted"]
    assert found.series == "grad_norm/classifier"


def test_the_error_of_a_number_has_no_logits_that_could_drift() -> None:
    named = m.made(m.exploding(), Verdict.EXPLODED, 320, tag="train/mse").facts()
    other = m.made(m.exploding(), Verdict.EXPLODED, 320, tag="train/nll").facts()
    assert rank.priors_of(named)[CAUSE] < rank.priors_of(other)[CAUSE] / 2
