"""Series that were logged in one part of the run alone."""

from __future__ import annotations

import dataclasses

import numpy as np

from losslens.causes.why_then import why_then
from losslens.model import Role, Verdict
from tests.causes import make_runs as m


def cut(first: int, last: int) -> m.Made:
    """A run that explodes at 316, with an alpha that was logged at the points from ``first`` up to ``last``."""
    others = {("alpha", Role.OTHER): np.linspace(1.0, 0.9, 400)}
    made = m.made(m.exploding(400, 316), Verdict.EXPLODED, 316, others=others, every=1)
    s = made.run.series["alpha"]
    part = slice(first, last + 1)
    columns = (s.step[part], s.value[part], s.wall_time[part], s.row[part], s.segment[part])
    series = dict(made.run.series) | {"alpha": type(s)("alpha", *columns, s.axis)}
    return dataclasses.replace(made, run=dataclasses.replace(made.run, series=series))


def test_what_was_logged_up_to_the_onset_alone_says_that_the_job_changed_there() -> None:
    text = " ".join(why_then(cut(280, 316).facts()))
    assert "alpha was logged up to step 316: what the job did changed there, not the loss alone." in text


def test_what_was_logged_only_from_the_onset_on_says_so_too() -> None:
    assert "alpha was logged only from step 316 on" in " ".join(why_then(cut(316, 399).facts()))


def test_what_was_logged_throughout_or_ended_elsewhere_says_nothing() -> None:
    for first, last in ((0, 399), (0, 250), (0, 350), (350, 399), (312, 316)):
        assert cut(first, last).facts().logged == ()
