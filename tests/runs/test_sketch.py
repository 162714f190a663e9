"""The span that a report gives a run."""

from __future__ import annotations

from losslens.runs import build
from losslens.sketch import sketch
from losslens.verdict import judge
from tests.runs.make_logs import falling, log, series


def test_the_span_counts_on_the_axis_of_the_leading_loss() -> None:
    logs = [
        log(
            "a",
            series("epoch_loss", falling(12), axis="epoch"),
            series("evaluation_accuracy_vs_iterations", 1 - falling(12) / 4, step=[47 * (i + 1) for i in range(12)]),
        )
    ]
    (run,) = build(logs, name="a")
    report = sketch(run, judge(run))
    assert (report.axis, report.first_step, report.last_step) == ("epoch", 0, 11)
