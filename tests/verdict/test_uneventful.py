"""What is said of losses to which nothing happened."""

from __future__ import annotations

import numpy as np

from losslens.model import Verdict
from tests.verdict.judging import said


def noisy(course: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    return course * (1.0 + share * np.random.default_rng(seed).standard_normal(course.size))


def test_a_loss_that_fell_and_stayed_down_did_not_leave_its_course() -> None:
    for seed in range(5):
        course = 0.2 + 2.0 * np.exp(-np.arange(400) / 80.0)
        assert said(loss=noisy(course, 0.05, seed)).reason.endswith("did not leave its course")


def test_a_loss_that_wanders_and_was_up_again_in_between_is_said_to_have_been() -> None:
    n = np.arange(3000)
    d = 7.8 * np.exp(-n / 20.0) + 1.35 + 0.65 * np.clip((n - 1500) / 1500, 0.0, None)
    g = 0.7 - 0.45 * n / 3000
    judged = said(d_loss=noisy(d, 0.05), g_loss=noisy(g, 0.05, 1))
    reason = next(one.reason for one in judged.losses if one.tag == "d_loss")
    assert "no further" not in reason
    assert "its best level was 1.3" in reason or "went up again in between" in reason
    assert judged.verdict is Verdict.HEALTHY
