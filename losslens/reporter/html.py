"""The report as one self-contained page: inline style, script and charts, nothing fetched, readable without a script.

The template escapes every string; data for the script is JSON that cannot end its element; a content security
policy in the page forbids the network whatever else happens.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from losslens.model import Analysis, Curve, Role, RunReport
from losslens.reporter import advice, appendix, signals, story, titles, words
from losslens.reporter import scale as scales
from losslens.reporter import text as texts
from losslens.reporter.chart import Chart, chart, closer
from losslens.reporter.gist import gist
from losslens.reporter.names import shortened
from losslens.reporter.overview import row, tally
from losslens.reporter.palette import DARK, LIGHT, VERDICT_COLOURS, css_variables

if TYPE_CHECKING:
    from jinja2 import Template

#: Panels below the loss; further curves are in the JSON report.
MOST_SIGNALS = 6
#: Only the first failed runs carry their numbers for hovering and zooming: a sweep must not make a page of 100 MB.
INTERACTIVE_RUNS = 20
#: Of runs that went well or could not be judged, the first have a section that opens, with their loss.
BRIEF_RUNS = 40
#: Cards of "when" that stand beside each other on a wide screen; more take two rows.
CARDS = 5
#: Rows of a long list that the page shows.
MOST_LINES = 100


def render_html(analysis: Analysis, *, notebook: bool = False) -> str:
    """The whole page, or with ``notebook`` a fragment for the output cell of a notebook."""
    from markupsafe import Markup

    script = _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    failed = [run for run in analysis.runs if story.told_in_full(run)]
    told = {run.id for run in failed} or {run.id for run in analysis.runs if len(analysis.runs) == 1}
    interactive = {run.id for run in failed[:INTERACTIVE_RUNS]} | (
        {analysis.runs[0].id} if len(analysis.runs) == 1 else set()
    )
    brief = {run.id for run in [run for run in analysis.runs if run.id not in told][:BRIEF_RUNS]}
    views = [
        _run_view(run, f"run-{number}", full=run.id in told, brief=run.id in brief, interactive=run.id in interactive)
        for number, run in enumerate(sorted(analysis.runs, key=lambda r: r.verdict.severity), start=1)
    ]
    return _template().render(
        analysis=analysis,
        titles=titles,
        notebook=notebook,
        title=_title(analysis),
        tally=tally(analysis),
        runs=views,
        unjudged=story.unjudged(analysis),
        skipped=story.skipped(analysis),
        settings=story.differing_settings(analysis),
        several=len(analysis.runs) > 1,
        style=Markup(_style()),
        script=Markup(script),
        script_hash=digest,
    )


def _title(analysis: Analysis) -> str:
    if len(analysis.runs) == 1:
        run = analysis.runs[0]
        return f"{shortened(run.name)}: {run.verdict.value} · losslens"
    return f"{words.plural(len(analysis.runs), 'run')} · losslens"


@cache
def _asset(name: str) -> str:
    return resources.files("losslens.reporter").joinpath(name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    tones = "".join(f".ll-tone-{tone}{{--tone:{colour}}}" for tone, colour in VERDICT_COLOURS.items())
    return (
        _asset("report.css").replace("/*light*/", css_variables(LIGHT)).replace("/*dark*/", css_variables(DARK)) + tones
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def harmless(value: Any) -> Any:
        """Every string on its way into the page, before it is escaped."""
        return texts.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=harmless, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": words.number,
        "count": words.count,
        "probability": words.probability,
        "weight": words.weight,
        "code_lines": texts.code_lines,
        "lines_of": advice.evidence,
        "code_of": lambda fix, run: advice.code(run, fix),
        "signal": words.signal,
        "role": words.role,
        "cause_title": story.cause_title,
        "shortened": shortened,
        "wall_time": words.wall_time,
    }
    return environment.from_string(_asset("report.html.j2"))


def _run_view(run: RunReport, anchor: str, *, full: bool, brief: bool, interactive: bool) -> Mapping[str, Any]:
    """Everything the template shows of one run, as plain values."""
    from markupsafe import Markup

    curves = signals.panels(run, MOST_SIGNALS if full else 0)
    whole = chart(run, curves) if curves else None
    facts = story.when(run)
    data = None
    if interactive and curves:
        data = Markup(texts.script_data(json.dumps(_data(run, curves), allow_nan=False, separators=(",", ":"))))
    return {
        "run": run,
        "anchor": anchor,
        "full": full,
        "brief": brief,
        "tone": words.tone(run.verdict),
        "row": row(run),
        "gist": gist(run),
        # A line that ends in "90" and goes on with "% interval" is hard to read.
        "headline": story.headline(run).replace(" %", "\u00a0%"),
        "reason": story.reason(run),
        "about": story.about(run),
        "when": facts,
        "columns": len(facts) if len(facts) <= CARDS else math.ceil(len(facts) / 2),
        "chart": whole,
        "key": _key(whole) if whole else "",
        "closer": closer(run) if full else None,
        "spark": chart(run, curves[:1]) if curves else None,
        "data": data,
        "groups": story.group_lines(run),
        "lists": [(title, lines[:MOST_LINES], max(0, len(lines) - MOST_LINES)) for title, lines in appendix.lists(run)],
        "in_full": story.in_full(run),
        "whose_code": advice.whose_code(run),
        "unchecked": appendix.not_checked(run) if story.told_in_full(run) else [],
        "hidden": max(0, len(run.curves) - len(curves)),
        "other": Role.OTHER,
    }


def _key(shown: Chart) -> str:
    """What the bars under the charts mean, and the dashes in them, where there are any."""
    marks = [mark for panel in shown.panels if panel.finite for mark in panel.marks]
    parts = []
    if any(mark.number for mark in marks):
        parts.append(
            "Bars show where the evidence happened: the number is the cause below, + speaks for it, − against."
        )
    if any(not mark.number for mark in marks):
        parts.append("▸ moved before the loss did.")
    if any(path.old for panel in shown.panels for path in panel.paths):
        parts.append("Dashed: left behind by a restart.")
    return " ".join(parts)


def _data(run: RunReport, curves: Sequence[Curve]) -> dict[str, Any]:
    """The numbers for hovering and zooming; NaN and infinities as strings."""
    onset = run.onset
    return {
        "axis": words.one(curves[0].axis),
        "onset": None if onset is None else [onset.low, onset.step, onset.high],
        "closer": signals.around_onset(run, curves[0]),
        "panels": [
            {
                "title": texts.plain(story.curve_title(curve)),
                "linear": curve.role in scales.LINEAR,
                "level": _level(curve),
                "floor": _short(scales.floor(curve)),
                "branches": [
                    {
                        "old": branch.abandoned,
                        "step": [step for step, _ in branch.points],
                        "value": [_short(value) for _, value in branch.points],
                    }
                    for branch in signals.branches(curve)
                ],
            }
            for curve in curves
        ],
    }


def _level(curve: Curve) -> list[tuple[int, float | int | str]]:
    """The level that is drawn over a curve, point by point."""
    level = signals.level(curve)
    return [] if level is None else [(s, _short(v)) for s, v in zip(level.step, level.value, strict=True)]


def _short(value: float) -> float | int | str:
    """Six digits are enough to look at; whole numbers lose their point."""
    if not math.isfinite(value):
        return words.number(value)
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
