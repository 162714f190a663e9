"""What is said of a cause, before any format."""

from __future__ import annotations

import html
import math
import re
from dataclasses import replace

import pytest

from losslens.frameworks import Framework
from losslens.model import Cause, Evidence, Fix
from losslens.reporter import advice
from losslens.reporter.html import render_html
from losslens.reporter.json import from_json, render_json
from losslens.reporter.markdown import render_markdown
from losslens.reporter.terminal import render_terminal
from tests.reporter import make_analysis as make


@pytest.mark.parametrize(
    ("framework", "labels"),
    [
        (None, {"PyTorch", "Keras"}),
        (Framework.PYTORCH, {"PyTorch"}),
        (Framework.KERAS, {"Keras"}),
        (Framework.TENSORFLOW, {"TF/Keras"}),
    ],
)
def test_a_report_shows_the_code_of_the_run_s_own_framework(framework: Framework | None, labels: set[str]) -> None:
    run = replace(make.exploded(), framework=framework)
    assert {label for fix in run.causes[0].fixes for label, _ in advice.code(run, fix)} == labels
    analysis = make.analysis(run)
    for text in (
        render_terminal(analysis, width=120, colour=False, unicode=True),
        render_markdown(analysis),
        html.unescape(re.sub(r"<(style|script)\b.*?</\1>", "", render_html(analysis), flags=re.DOTALL)),
    ):
        assert ("clip_grad_norm_(" in text) == ("PyTorch" in labels)
        assert ("keras." in text) == ("PyTorch" not in labels or "Keras" in labels)
        assert ("losslens explain CAUSE" in text) == (len(labels) == 1)


def test_the_json_keeps_the_code_of_both_and_says_which_the_run_is_of() -> None:
    run = replace(make.exploded(), framework=Framework.KERAS)
    saved = render_json(make.analysis(run))
    assert "clip_grad_norm_" in saved
    assert '"framework": "keras"' in saved
    assert from_json(saved).runs[0].framework is Framework.KERAS


def cause_of(*evidence: Evidence) -> Cause:
    return Cause("weight-growth", 0.4, "", "mechanism", evidence, (), ())


def test_a_fact_has_one_line_with_the_weight_of_all_its_signs() -> None:
    cause = cause_of(
        Evidence("overflowed", 1.3, "reached 8e35"),
        Evidence("smooth-rise", 1.2, "rose smoothly", told_with="multiplied-each-step"),
        Evidence("exponential-growth", 1.1, "along a line", told_with="multiplied-each-step"),
        Evidence("multiplied-each-step", 0.6, "by the same factor"),
        Evidence("verdict", 3.0, "often ends so"),
    )
    told = advice.evidence(cause)
    assert [e.text for e in told] == ["by the same factor", "reached 8e35", "often ends so"]
    assert told[0].weight == pytest.approx(2.9)
    assert math.fsum(e.weight for e in told) == pytest.approx(math.fsum(e.weight for e in cause.evidence))


def test_what_cancels_out_has_no_line_and_a_line_that_is_missing_costs_none() -> None:
    both = (Evidence("smooth-rise", 0.4, "a"), Evidence("exponential-growth", -0.4, "b", told_with="smooth-rise"))
    assert advice.evidence(cause_of(*both)) == []
    assert advice.evidence(cause_of(both[1])) == [both[1]]


def test_what_to_run_first_stands_ahead_of_every_cause() -> None:
    run = make.exploded()
    first = Fix("Run it again with anomaly detection", "torch.autograd.set_detect_anomaly(True)", "tf.debugging.x()")
    told = replace(run, framework=Framework.PYTORCH, diagnosis=replace(run.diagnosis, tell_apart=first))
    analysis = make.analysis(told)
    for text in (
        render_terminal(analysis, width=120, colour=False, unicode=True),
        render_markdown(analysis),
        re.sub(r"<(style|script)\b.*?</\1>", "", render_html(analysis), flags=re.DOTALL),
    ):
        assert "irst of all:" in text
        place = text.index("un it again with anomaly detection")
        assert place < text.index("set_detect_anomaly") < text.rindex(run.causes[0].evidence[0].text[:20])
        assert "tf.debugging.x" not in text
    assert from_json(render_json(analysis)).runs[0].diagnosis.tell_apart == first
