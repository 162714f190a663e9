"""The range of steps that the user asked for."""

from __future__ import annotations

import pytest

from losslens.errors import LosslensError
from losslens.runs import build
from tests.runs.make_logs import falling, log, series


def test_only_points_in_the_range_are_left() -> None:
    (run,) = build([log("a", series("loss", falling(100)))], name="a", steps=(20, 29))
    assert run.series["loss"].step.tolist() == list(range(20, 30))
    assert not [w for w in run.warnings if w.code == "no-points"]


@pytest.mark.parametrize(
    ("steps", "words"),
    [((1000, 2000), "between steps 1000 and 2000"), ((1000, None), "from step 1000 on"), ((None, -5), "up to step -5")],
)
def test_a_range_without_a_point_says_so_and_names_the_steps_of_the_run(
    steps: tuple[int | None, int | None], words: str
) -> None:
    with pytest.raises(LosslensError, match=f"no points {words}; the run has 0–99") as caught:
        build([log("a", series("loss", falling(100)), series("lr", [0.1] * 100))], name="a", steps=steps)
    assert caught.value.code == "no-points"


def test_a_range_that_holds_other_series_but_no_loss_has_no_points() -> None:
    logs = [log("a", series("loss", falling(100)), series("lr", [0.1] * 400))]
    with pytest.raises(LosslensError, match="the run has 0–99"):
        build(logs, name="a", steps=(200, 300))


def test_a_run_outside_the_range_does_not_take_its_neighbours_with_it() -> None:
    logs = [
        log("m.db", series("loss", falling(100)), group_hint="short"),
        log("m.db", series("loss", falling(500, seed=1)), group_hint="long"),
    ]
    (run,) = build(logs, name="m", steps=(200, 300))
    assert run.name == "m/long"
    assert any(w.code == "no-points" and "m/short is left out" in w.text for w in run.warnings)
