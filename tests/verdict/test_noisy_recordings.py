"""Real trainings whose fault was hidden: by the noise of single batches, or by a smaller event beside it."""

from __future__ import annotations

import pytest

from losslens.verdict import judge
from tests.zoo.figures import in_tolerance
from tests.zoo.predict import built
from tests.zoo.zoo import labels


@pytest.mark.parametrize(
    ("name", "word"),
    [("diffusion-n317-stale-shard-0", "exploded"), ("autoencoder-s026-no-warmup-0", "plateau")],
)
def test_a_recording_in_which_single_points_hide_the_fault_is_not_called_healthy(name: str, word: str) -> None:
    label = next(r for r in labels() if r["run"] == name)
    assert judge(built(label)).verdict.value == word


@pytest.mark.parametrize(
    "name",
    [
        "regression-n054-sign-3",  # overfitting long before does not date the loss of the floor
        "autoencoder-n091-same-place-0",  # training that barely rose does not lead before validation that jumped
    ],
)
def test_a_smaller_event_beside_it_does_not_date_a_failure(name: str) -> None:
    label = next(r for r in labels() if r["run"] == name)
    said = judge(built(label))
    assert said.onset is not None
    assert in_tolerance(label, said.onset.step)


def test_small_steps_of_a_validation_loss_before_a_large_one_do_not_hide_it() -> None:
    label = next(r for r in labels() if r["run"] == "vae-n369-same-place-0")
    said = judge(built(label))
    assert said.onset is not None
    assert abs(said.onset.step - label["fault_step"]) <= 6
