"""Real trainings whose fault was hidden by the noise of single batches."""

from __future__ import annotations

import pytest

from losslens.verdict import judge
from tests.zoo.predict import built
from tests.zoo.zoo import labels


@pytest.mark.parametrize(
    ("name", "word"),
    [("diffusion-n317-stale-shard-0", "exploded"), ("autoencoder-s026-no-warmup-0", "plateau")],
)
def test_a_recording_in_which_single_points_hide_the_fault_is_not_called_healthy(name: str, word: str) -> None:
    label = next(r for r in labels() if r["run"] == name)
    assert judge(built(label)).verdict.value == word
