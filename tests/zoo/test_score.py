"""The score computes what it says, and losslens keeps its floors on a fixed part of the zoo."""

from __future__ import annotations

import numpy as np
import pytest

from tests.zoo import cut
from tests.zoo.figures import HARD, calibration, has_onset, in_tolerance, onset_figures, wilson
from tests.zoo.files import WRITERS, ask, selection
from tests.zoo.predict import Said, built, everything
from tests.zoo.zoo import labels


@pytest.fixture(scope="module")
def said() -> list[Said]:
    """Every fourth run outside the locked test."""
    return everything(tuple(r for r in labels() if not r["locked"])[::4])


def test_hard_false_alarms_stay_rare(said: list[Said]) -> None:
    calm = [s for s in said if "healthy" in s.label["words"] and not HARD & set(s.label["words"])]
    assert len(calm) > 50
    assert sum(s.verdict in HARD for s in calm) <= 0.04 * len(calm)


def test_runs_that_blew_up_are_found(said: list[Said]) -> None:
    lost = [s for s in said if set(s.label["words"]) <= {"nan", "exploded"} and s.label["points"] >= 20]
    assert sum(s.verdict in HARD for s in lost) >= 0.75 * len(lost)


def test_most_verdicts_are_acceptable(said: list[Said]) -> None:
    assert sum(s.verdict in s.label["words"] for s in said) >= 0.88 * len(said)


def test_most_onsets_are_within_tolerance(said: list[Said]) -> None:
    rows = [s for s in said if has_onset(s.label) and s.onset is not None]
    assert sum(in_tolerance(s.label, s.onset[0]) for s in rows if s.onset) >= 0.5 * len(rows)


@pytest.fixture(scope="module")
def cuts() -> tuple[list[cut.Cut], list[cut.Cut]]:
    """Logs of every third family that end soon after the onset, and their healthy siblings cut there."""
    rows = [r for r in labels() if not r["locked"]]
    chosen = set(sorted({r["family"] for r in rows if cut.steps_of(r)})[::3])
    return cut.everything([r for r in rows if r["family"] in chosen])


def test_a_log_that_ends_soon_after_its_onset_is_seldom_said_healthy(
    cuts: tuple[list[cut.Cut], list[cut.Cut]],
) -> None:
    for after, least in zip(cut.AFTER, (0.8, 0.8, 0.85), strict=True):
        seen = [c for c in cuts[0] if c.after == after]
        assert len(seen) > 30
        assert sum(c.word != "healthy" for c in seen) >= least * len(seen)


def test_healthy_logs_cut_at_the_same_steps_raise_few_hard_alarms(cuts: tuple[list[cut.Cut], list[cut.Cut]]) -> None:
    assert len(cuts[1]) > 50
    assert sum(c.word in HARD for c in cuts[1]) <= 0.06 * len(cuts[1])


def test_a_log_is_cut_behind_its_onset_and_holds_nothing_later() -> None:
    label = next(r for r in labels() if not r["locked"] and len(cut.steps_of(r)) == len(cut.AFTER))
    steps = list(cut.steps_of(label).values())
    assert label["onset"]["high"] < steps[0] < steps[1] < steps[2] < label["last_step"]
    last = max(int(s.step[-1]) for s in built(label, steps[0]).series.values())
    assert label["onset"]["high"] < last <= steps[0]
    assert not cut.steps_of({**label, "words": ["healthy"]})


def test_the_rows_of_cut_logs_count_words_and_hard_alarms_by_place() -> None:
    label = {"words": ["exploded"]}
    failing = [cut.Cut(label, 5, 1, "exploded"), cut.Cut(label, 5, 1, "healthy"), cut.Cut(label, 10, 2, "shifted")]
    rows = cut.table(failing, [cut.Cut({"words": ["healthy"]}, 5, 1, "diverged")])
    assert "50.0%" in rows[0]
    assert rows[0].endswith("of 2")
    assert "50.0%" in rows[1]
    assert "100.0%" in rows[2]
    assert rows[2].endswith("of 1")
    assert "100.0%" in rows[3]
    assert "  0.0%" in rows[4]
    assert "no runs" in rows[5]


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_file_of_a_real_logger_gives_the_verdict_of_the_arrays(name: str, tmp_path: object) -> None:
    pytest.importorskip("tensorboardX")
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    label = next((r for n, r in selection() if n == name), None)
    if label is None:
        pytest.skip("no run of the selection suits this writer")
    verdict, _ = ask(name, label, tmp_path)
    (direct,) = everything((label,))
    assert verdict in {direct.verdict, *label["words"]}


def test_wilson_holds_the_share_and_is_wider_for_few() -> None:
    low, high = wilson(5, 10)
    assert low < 0.5 < high
    assert high - low > wilson(500, 1000)[1] - wilson(500, 1000)[0]


def test_calibrated_chances_have_no_error_and_slope_one() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.02, 0.9, 4000)
    hit = (rng.random(4000) < p).astype(float)
    error, (low, high), slope, _ = calibration(p, hit, np.ones(4000))
    assert error < 0.03
    assert low <= error <= high + 0.03
    assert 0.85 < slope < 1.15
    worse, _, slope, _ = calibration(np.clip(p**0.3, 0, 0.99), hit, np.ones(4000))
    assert worse > 0.1
    assert slope > 1.2


def test_an_onset_one_gap_off_is_within_tolerance_and_counted_by_width() -> None:
    label = {
        "onset": {"step": 100, "tolerance": 20.0},
        "words": ["exploded"],
        "gap": 10.0,
        "noise": 0.05,
        "first_step": 0,
        "last_step": 1000,
        "fault_step": 90,
        "twin_failed": False,
    }
    figures = onset_figures([(label, (110, 100, 110)), (label, (300, 200, 400)), (label, None)])
    assert (figures.asked, figures.found, figures.within) == (3, 2, 1)
    assert figures.covered == {"noise 2-10 %": (0, 1), "one gap wide": (1, 1)}
    assert not has_onset({**label, "twin_failed": True})
