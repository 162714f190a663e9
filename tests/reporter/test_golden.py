"""One full report in each format, read as a user reads it: run pytest with --update-golden and read the diff."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from losslens.model import Analysis
from losslens.reporter.html import render_html
from losslens.reporter.json import render_json
from losslens.reporter.markdown import render_markdown
from losslens.reporter.terminal import render_terminal
from tests.reporter import make_analysis as make

GOLDEN = Path(__file__).parent / "golden"


def ascii_report(analysis: Analysis) -> str:
    return render_terminal(analysis, width=80, colour=False, unicode=False)


def unicode_report(analysis: Analysis) -> str:
    return render_terminal(analysis, width=80, colour=False, unicode=True)


def short_json(analysis: Analysis) -> str:
    """Without the curves, whose numbers nobody reads in a diff."""
    from dataclasses import replace

    return render_json(replace(analysis, runs=tuple(replace(run, curves=()) for run in analysis.runs)))


def html_body(analysis: Analysis) -> str:
    """Without style, script, chart data and paths: what is said, and how it is marked up."""
    import re

    text = render_html(analysis)
    text = re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r' d="[^"]{80,}"', ' d="…"', text)
    return re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-…", text)


@pytest.mark.parametrize(
    ("name", "render", "made"),
    [
        ("exploded.txt", unicode_report, make.exploded),
        ("exploded.ascii.txt", ascii_report, make.exploded),
        ("exploded.md", render_markdown, make.exploded),
        ("exploded.json", short_json, make.exploded),
        ("exploded.html", html_body, make.exploded),
        ("several.txt", unicode_report, None),
        ("several.md", render_markdown, None),
    ],
)
def test_the_report_is_as_it_was_read_last(
    name: str, render: Callable[[Analysis], str], made: Callable[[], make.RunReport] | None, update_golden: bool
) -> None:
    text = render(make.several() if made is None else make.analysis(made()))
    path = GOLDEN / name
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
