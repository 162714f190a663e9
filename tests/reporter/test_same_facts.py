"""The same facts in all formats: what one says, the others say too."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest

from losslens.model import Evidence, RunReport
from losslens.reporter import advice, appendix, story, words
from losslens.reporter.html import render_html
from losslens.reporter.json import render_json
from losslens.reporter.markdown import render_markdown
from losslens.reporter.terminal import render_terminal
from tests.reporter import make_analysis as make

RUNS = {
    "exploded": make.exploded,
    "nan_from_start": make.nan_from_start,
    "climb_to_nan": make.climb_to_nan,
    "val_diverged": make.val_diverged,
    "crossing_zero": make.crossing_zero,
}


def _text(e: Evidence) -> str:
    return e.text


def _weight(e: Evidence) -> str:
    return words.weight(e.weight)


def squeezed(text: str) -> str:
    return re.sub(r"[\s\\]+", " ", text)


def read(run: RunReport) -> dict[str, str]:
    """Each format as a reader sees it: without markup, wrapped lines joined."""
    analysis = make.analysis(run)
    page = re.sub(r"<(style|script)\b.*?</\1>", "", render_html(analysis), flags=re.DOTALL)
    return {
        "terminal": squeezed(render_terminal(analysis, width=120, colour=False, unicode=True)),
        "markdown": squeezed(html.unescape(render_markdown(analysis).replace("<!-- -->", "").replace("\\", ""))),
        "html": squeezed(html.unescape(re.sub(r"<[^>]+>", "", page))),
    }


@pytest.mark.parametrize("made", RUNS.values(), ids=RUNS.keys())
def test_verdict_facts_causes_evidence_and_fixes_are_in_every_format(made: Callable[[], RunReport]) -> None:
    run = made()
    said = [story.headline(run), *(fact.text for fact in story.when(run)), *run.diagnosis.why_then]
    said += [*run.diagnosis.log_next, *story.group_lines(run), *appendix.reading(run), *appendix.events(run)]
    for rank, cause in enumerate(run.causes):
        said += [cause.id, words.probability(cause.probability)]
        if rank < story.in_full(run):
            said += [cause.title, *(f(e) for e in advice.evidence(cause) for f in (_text, _weight))]
            said += [piece for fix in cause.fixes for piece in (fix.text, fix.pytorch, fix.keras)]
    said += appendix.not_checked(run)
    for form, text in read(run).items():
        missing = [piece for piece in said if squeezed(piece) not in text]
        assert not missing, form


@pytest.mark.parametrize("made", RUNS.values(), ids=RUNS.keys())
def test_the_numbers_of_the_onset_are_those_of_the_json(made: Callable[[], RunReport]) -> None:
    import json

    run = made()
    data = json.loads(render_json(make.analysis(run)))["runs"][0]
    for form, text in read(run).items():
        for key in ("step", "low", "high"):
            assert words.count(data["onset"][key]) in text, (form, key)
