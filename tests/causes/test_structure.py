"""Every cause has the same parts: a page with its sections, sources, fixes, sizes, a prior and a test of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from losslens import causes
from losslens.causes import endings, rank
from losslens.causes.signs.build import key_of
from losslens.errors import UsageError
from losslens.model import Sign, Verdict
from tests.causes import make_runs as m

SECTIONS = (
    "What the log shows",
    "Why runs do this",
    "What else looks like this",
    "What to try first",
    "Sources",
)

IDS = [c.id for c in causes.competing()]

COMPETING = [
    "learning-rate-too-high",
    "learning-rate-too-low",
    "lr-schedule-jump",
    "missing-warmup",
    "batch-size-change",
    "exploding-gradients",
    "vanishing-gradients",
    "bad-batch",
    "recurring-bad-sample",
    "data-shift",
    "unscaled-data",
    "nan-in-data",
    "empty-targets",
    "label-noise",
    "numerical-instability",
    "mixed-precision-overflow",
    "low-precision-state",
    "adam-instability",
    "attention-logit-growth",
    "output-logit-drift",
    "weight-growth",
    "bad-resume",
    "unbounded-loss",
    "aux-term-blowup",
    "train-eval-mismatch",
    "overfitting",
    "rl-or-gan-divergence",
    "self-recovering-spike",
    "rank-desync",
    "hardware-fault",
]


def module_of(cause: str) -> causes.CauseModule:
    return next(c for c in causes.competing() if c.id == cause)


def test_the_public_ids_are_complete_and_unique() -> None:
    assert sorted(IDS) == sorted(COMPETING)
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("cause", [*IDS, "loss-scale-collapse", "epoch-boundary-artifact"])
def test_every_page_has_its_sections_in_order_and_a_linked_source(cause: str) -> None:
    page = causes.page(cause)
    places = [page.index(f"\n{section}\n") for section in SECTIONS]
    assert places == sorted(places)
    assert re.search(r"https?://", page[places[-1] :])
    assert page.startswith(f"{cause}: ")
    written = re.sub(r"\nIn code\n.*(?=\nSources\n)", "", page, flags=re.DOTALL)
    assert max(len(line) for line in written.splitlines()[1:]) <= 120


@pytest.mark.parametrize("cause", IDS)
def test_every_page_has_the_code_of_both_frameworks(cause: str) -> None:
    """A report shows that of the run's own framework alone: the page is where the other stands."""
    code = causes.page(cause).partition("\nIn code\n")[2].partition("\nSources\n")[0]
    assert ("PyTorch " in code) == ("Keras " in code)
    assert code.startswith("    - ")


@pytest.mark.parametrize("cause", IDS)
def test_every_cause_has_a_level_sources_a_test_and_a_file_of_its_own_name(cause: str) -> None:
    module = module_of(cause)
    stem = cause.replace("-", "_")
    assert module.level in ("setting", "mechanism", "symptom")
    assert all(s.startswith(("http://", "https://")) for s in module.sources)
    assert all(s in module.page for s in module.sources)
    assert Path(causes.__file__).with_name(f"{stem}.py").exists()
    assert Path(__file__).with_name(f"test_{stem}.py").exists()


@pytest.mark.parametrize("cause", IDS)
def test_every_cause_has_fixes_for_both_frameworks_whatever_was_logged(cause: str) -> None:
    bare = m.made(m.exploding(), Verdict.EXPLODED, 320).facts()
    nothing = m.made(np.full(5, np.nan), Verdict.NAN, 0, from_start=True).facts()
    for facts in (bare, nothing):
        fixes = module_of(cause).fixes(facts)
        assert fixes
        assert all(f.text and f.pytorch and f.keras for f in fixes)


STORIES = {
    "explodes": m.made(m.exploding(), Verdict.EXPLODED, 320, spe=1000.0),
    "with everything": m.made(
        m.exploding(),
        Verdict.EXPLODED,
        320,
        spe=1000.0,
        others={
            m.LR: m.constant(),
            m.GRAD: m.grown_signal(400, 320, 10.0, lead=5),
            m.VAL: m.exploding(),
            m.WEIGHT: m.steady(),
            m.UPDATE: m.steady(),
            m.SCALE: m.constant(value=65536.0),
            m.LOGIT: m.steady(),
        },
        settings={"optimizer": "adam", "precision": "fp16", "weight_decay": 0.1, "clip": 1.0},
    ),
    "all nan": m.made(np.full(40, np.nan), Verdict.NAN, 0, from_start=True, axis="epoch", every=1),
    "spike": m.made(m.spiking(), Verdict.SPIKE_RECOVERED, 250),
    "flat": m.made(m.steady(300, 2.3, 0.01), Verdict.PLATEAU, 0, from_start=True),
    "three points": m.made(np.array([1.0, 2.0, 9.0]), Verdict.EXPLODED, 1, axis="epoch", every=1),
    "one point": m.made(np.array([1.0]), Verdict.PLATEAU, 0, from_start=True),
    "negative": m.made(-m.learning(), Verdict.DIVERGED, 200),
    "zeros": m.made(np.zeros(50), Verdict.PLATEAU, 0, from_start=True),
}


@pytest.mark.parametrize("story", STORIES)
def test_signs_are_in_range_and_say_their_numbers(story: str) -> None:
    for cause, found in rank.signs(STORIES[story].facts()).items():
        for s in found:
            if isinstance(s, Sign):
                assert 0 < s.strength <= 1, (cause, s)
                assert s.direction in (-1, 1), (cause, s)
                assert len(s.text) > 10, (cause, s)
                assert "None" not in s.text, (cause, s)
            else:
                assert s.reason, (cause, s)
                assert s.needs, (cause, s)


@pytest.mark.parametrize("story", STORIES)
def test_every_story_is_ranked_and_its_probabilities_add_up(story: str) -> None:
    facts = STORIES[story].facts()
    chances = rank.score(rank.signs(facts), endings.endings(facts), rank.load_sizes(), rank.load_priors())
    assert sum(chances.values()) == pytest.approx(1.0)
    assert set(chances) == {*COMPETING, rank.NONE}
    diagnosis = STORIES[story].diagnose()
    assert diagnosis.causes
    assert diagnosis.why_then


def test_sizes_and_priors_name_only_known_causes_and_keys_and_no_size_turns_a_sign_around() -> None:
    folder = Path(causes.__file__).parent
    sizes = json.loads((folder / "sizes.json").read_text())
    for key, row in sizes["signs"].items():
        assert key_of(key) == key, f"{key} shares a size with its group"
        assert set(row) <= set(COMPETING), key
        assert all(x >= 0 for x in row.values()), key
    for row in sizes["verdicts"].values():
        assert set(row) <= {*COMPETING, rank.NONE}
    priors = json.loads((folder / "priors.json").read_text())
    assert set(priors["shares"]) == {*COMPETING, rank.NONE}
    assert set(priors["estimated"]) == set(COMPETING)
    assert set(priors["counted"]) <= set(COMPETING)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="learning-rate-too-high"):
        causes.page("learning-rate-to-high")


def test_underscores_and_capitals_find_the_page_too() -> None:
    assert causes.page("Bad_Batch") == causes.page("bad-batch")
