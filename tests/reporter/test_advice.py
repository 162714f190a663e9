"""What is said of a cause, before any format."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest

from losslens.frameworks import Framework
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
