"""The report for a terminal: the three answers, readable at 80 columns, without colour and without Unicode."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Sequence

from losslens.model import Analysis, Cause, Curve, RunReport
from losslens.reporter import advice, appendix, levels, plot_text, signals, story, titles, words
from losslens.reporter import text as texts
from losslens.reporter.gist import gist
from losslens.reporter.names import shortened, told_apart
from losslens.reporter.overview import Row, overview, tally
from losslens.reporter.page import Page
from losslens.reporter.plot_text import Annotations

#: Text wider than this is hard to read, however wide the terminal is.
WIDEST = 120
LOSS_ROWS, SIGNAL_ROWS, MOST_SIGNALS = 10, 3, 3
BAR, SPARK, NARROW_SPARK, MOST_BARS = 20, 12, 8, 8
WEIGHTS = "+ speaks for, − against; a larger number weighs more"
#: The first cause has a column of its own in the overview where names keep so many characters beside it; below the
#: onset a longer one takes two lines.
NAME, CAUSE = 24, 30
#: Fewer characters are no name: what stood beside it goes below it.
LEAST_NAME = 14
#: A line of the log, a setting or a warning beyond these many is counted, not shown: the JSON holds them all.
MOST_LINES = 8
#: Beyond this many failed runs, only the first are told in full: the overview, which names them all, is not to be lost.
DETAILED_RUNS = 3


def render_terminal(analysis: Analysis, *, width: int, colour: bool, unicode: bool, written: Sequence[str] = ()) -> str:
    """The whole report; ``written`` are the files that were written beside it."""
    page = Page(width=min(width, WIDEST), colour=colour, unicode=unicode)
    failed = [run for run in analysis.runs if story.told_in_full(run)]
    short = [run for run in analysis.runs if not story.told_in_full(run)]
    if len(analysis.runs) > 1:
        _overview(page, analysis)
    told = failed if len(failed) <= DETAILED_RUNS + 1 else failed[:DETAILED_RUNS]
    for run in told:
        _run(page, run)
    _untold(page, failed[len(told) :], written)
    if len(analysis.runs) == 1:
        for run in short:
            _short(page, run)
    else:
        _list(page, titles.UNJUDGED, story.unjudged(analysis), "•")
    _skipped(page, analysis)
    _ending(page, analysis, written)
    return page.render() if analysis.runs else page.render().lstrip("\n")


def _untold(page: Page, runs: Sequence[RunReport], written: Sequence[str]) -> None:
    """Where the other failed runs can be read."""
    if not runs:
        return
    page.line()
    whole = next((path for path in written if path.endswith((".html", ".md"))), "")
    there = f"told in {whole}" if whole else "told with -o report.html"
    path = texts.for_terminal(runs[0].path, unicode=page.unicode)
    page.line(f"{words.plural(len(runs), 'more failed run')} in the table above: {there}, or each by its path, such as")
    page.unbroken(f"  losslens analyze {shlex.quote(path)}")


def _overview(page: Page, analysis: Analysis) -> None:
    page.line(tally(analysis), "head")
    page.line()
    rows = overview(analysis)
    names = [texts.for_terminal(row.run.name, unicode=page.unicode) for row in rows]
    # Where an ellipsis is three dots, the two of a name take four columns more.
    dots = 0 if page.unicode else 4
    free = page.width - 2 - _longest(row.verdict for row in rows) - dots
    # A line a run where there is room, at the cost of what a row can do without …
    for onset, share in (("place", "share"), ("place", "probability"), ("onset", "probability")):
        onsets = [getattr(row, onset) for row in rows]
        causes = [f"{row.first_cause}, {getattr(row, share)}" if row.first_cause else "" for row in rows]
        room = free - 8 - SPARK - _longest(["onset", *onsets]) - _longest(["first cause", *causes])
        if room >= min(NAME, _longest(names)):
            cells = [
                [[name], [onset], [cause]]
                for name, onset, cause in zip(told_apart(names, room), onsets, causes, strict=True)
            ]
            return _table(page, rows, ["run", "onset", "first cause"], cells, SPARK)
    # … else the cause below the onset, and both below the name where the terminal is narrow.
    lines = [_lines(row) for row in rows]
    room = free - 6 - NARROW_SPARK - _longest(["onset, first cause", *(line for some in lines for line in some)])
    if room >= min(LEAST_NAME, _longest(names)):
        cells = [[[name], some] for name, some in zip(told_apart(names, room), lines, strict=True)]
        return _table(page, rows, ["run", "onset, first cause"], cells, NARROW_SPARK)
    spark = NARROW_SPARK if free - 4 - NARROW_SPARK >= CAUSE else 0
    short = told_apart(names, max(LEAST_NAME, free - 2 - (spark + 2 if spark else 0)))
    cells = [[[name, *some]] for name, some in zip(short, lines, strict=True)]
    return _table(page, rows, ["run, onset, first cause"], cells, spark)


def _longest(some: Iterable[str]) -> int:
    return max(map(len, some), default=0)


def _table(
    page: Page, rows: Sequence[Row], head: Sequence[str], cells: Sequence[Sequence[Sequence[str]]], spark: int
) -> None:
    """The overview; ``cells`` holds the lines of each cell after the verdict; without ``spark`` no loss follows."""
    from rich.text import Text

    table = []
    for row, between in zip(rows, cells, strict=True):
        curve = plot_text.sparkline(signals.loss_curve(row.run), max(1, spark), unicode=page.unicode)
        middle = [Text("\n").join(page.text(line) for line in lines) for lines in between]
        verdict = page.text(row.verdict, words.tone(row.run.verdict))
        table.append([verdict, *middle, *([page.text(curve, "line")] if spark else [])])
    page.table(("verdict", *head, *(["loss"] if spark else [])), table, fixed=(0, len(head) + 1))


def _lines(row: Row) -> list[str]:
    """Onset and cause one below the other, each broken where it reads best when it is long."""
    cause = f"{row.first_cause}, {row.probability}" if row.first_cause else ""
    if len(cause) > CAUSE:
        cause = cause.replace(", ", ",\n")
    place = row.place if len(row.place) <= CAUSE else f"{row.onset}\n{row.interval}"
    return [line for line in (*place.split("\n"), *cause.split("\n")) if line]


def _run(page: Page, run: RunReport) -> None:
    _verdict_line(page, run)
    page.line()
    page.pairs((fact.label, fact.text) for fact in story.when(run))
    _plots(page, run)
    _why_then(page, run)
    _what_first(page, run)
    _lists(page, run)


def _short(page: Page, run: RunReport) -> None:
    _verdict_line(page, run)
    _plots(page, run)
    _lists(page, run)


def _verdict_line(page: Page, run: RunReport) -> None:
    from rich.text import Text

    page.line()
    rule = "━" if page.unicode else "="
    tone = words.tone(run.verdict)
    name = shortened(texts.for_terminal(run.name, unicode=page.unicode), max(10, page.width - 24))
    title = page.text(f"{rule * 2} {run.verdict.value.upper()} ", tone)
    title.append_text(page.text(f"{name} ", "head"))
    title.append_text(page.text(rule * max(0, page.width - title.cell_len), tone))
    title.truncate(page.width)
    page.show(title)
    page.show(Text.assemble(page.text(_sentence(story.headline(run)), "head")))
    if (short := gist(run)) is not None:
        rows = [(titles.LIKELY, short.likely), (titles.FIRST, short.first)]
        page.pairs([(f"{label}:", text) for label, text in rows if text], indent=0, style="head")
        page.line()
    reason = story.reason(run)
    if reason:
        page.line(_sentence(reason))
    page.line(story.about(run), "dim")
    page.line(shortened(texts.for_terminal(run.path, unicode=page.unicode), page.width), "dim")


def _sentence(text: str) -> str:
    """With a full stop, unless it has an end already. Not capitalised: it may start with a tag."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


# --------------------------------------------------------------------------- pictures


def _plots(page: Page, run: RunReport) -> None:
    curves = signals.panels(run, MOST_SIGNALS)
    if not curves:
        return
    leading, *below = curves
    first, last = signals.domain(curves)
    notes = _annotations(run, first, last)
    gutter = max(
        plot_text.gutter_width(leading, LOSS_ROWS), *(plot_text.gutter_width(c, SIGNAL_ROWS) for c in below), 1
    )
    for place, curve in enumerate(curves):
        page.line()
        if not any(math.isfinite(value) for value in curve.value):
            page.line(f"{story.curve_title(curve)}: no finite value in {words.plural(curve.points, 'point')}", indent=2)
            continue
        page.line(_plot_title(curve), "head" if place == 0 else "", indent=2)
        rows = plot_text.plot(
            curve,
            notes,
            first=first,
            last=last,
            width=page.width - 4,
            gutter=gutter,
            height=LOSS_ROWS if place == 0 else SIGNAL_ROWS,
            unicode=page.unicode,
            labels=place == 0,
        )
        for row in rows:
            page.pieces(row)
        if place == 0:
            ruler = "".join(text for text, _ in rows[LOSS_ROWS])
            room = page.width - gutter - 4
            for line in plot_text.legend(curve, notes, ruler=ruler, unicode=page.unicode, width=room):
                page.line(line, "dim", indent=2 + gutter + 2)


def _annotations(run: RunReport, first: int, last: int) -> Annotations:
    """What is marked on the plot; a step outside it is not drawn at its edge."""

    def inside(step: int | None) -> int | None:
        return step if step is not None and first <= step <= last else None

    onset = run.onset
    return Annotations(
        onset=None if onset is None else inside(onset.step),
        low=None if onset is None else inside(onset.low),
        high=None if onset is None else inside(onset.high),
        no_return=inside(levels.no_return(run)),
        restarts=tuple(step for step in signals.restarts(run) if first <= step <= last),
    )


def _plot_title(curve: Curve) -> str:
    scale, level = plot_text.scale_of(curve), signals.level(curve)
    told = [scale.name] if scale.kind != "linear" else []
    return ", ".join([story.curve_title(curve), *told, *([story.level_told(level)] if level else [])])


# --------------------------------------------------------------------------- the answers


def _why_then(page: Page, run: RunReport) -> None:
    sentences = run.diagnosis.why_then
    if not sentences:
        return
    page.heading(titles.WHY_THEN)
    for sentence in sentences:
        page.marked("•", sentence)


def _what_first(page: Page, run: RunReport) -> None:
    if not run.causes:
        return
    page.line()
    page.pieces([(titles.WHAT_FIRST.upper(), "head"), (f"  ({WEIGHTS})", "dim")], indent=0)
    for rank, name, share in story.bars(run, MOST_BARS):
        _cause_bar(page, rank, name, share)
    lines = story.group_lines(run)
    if lines:
        page.line()
    for line in lines:
        page.marked("≈", _sentence(line))
    shown: set[str] = set()
    if (first := run.diagnosis.tell_apart) is not None:
        page.marked("→", _sentence(f"First of all: {first.text[0].lower()}{first.text[1:]}"), body_style="head")
        _code(page, advice.code(run, first), indent=4)
        shown.add(str(advice.code(run, first)))
    for place, cause in enumerate(run.causes[: story.in_full(run)], start=1):
        page.line()
        _cause(page, run, place, cause, shown)
    if whose := advice.whose_code(run):
        page.line()
        page.line(_sentence(whose), "dim", indent=2)


def _cause_bar(page: Page, mark: str, name: str, probability: float) -> None:
    from rich.text import Text

    # On a narrow screen the bar gives way, so that the name is whole: it is what `losslens explain` takes.
    bar = max(3, min(BAR, page.width - 44))
    room = max(12, page.width - bar - 13)
    label = shortened(texts.for_terminal(name, unicode=page.unicode), room)
    line = Text.assemble(page.text(f"{mark:>4} ", "head"), page.text(f"{label:<{min(room, 26)}} ", "head"))
    line.append_text(page.text(page.bar(probability, bar), "bar"))
    line.append_text(page.text(f" {words.probability(probability):>5}", "head"))
    page.show(line)


def _cause(page: Page, run: RunReport, rank: int, cause: Cause, shown: set[str]) -> None:
    """One cause in full; code that an earlier cause has ``shown`` is not repeated."""
    together = f", together with {', '.join(cause.contributing)}" if cause.contributing else ""
    title = story.cause_title(cause)
    name = (f"{cause.id}: {title}" if title else cause.id) + together
    page.marked(f"{rank}.", _sentence(name) if title else name, style="head", body_style="head")
    for e in advice.evidence(cause):
        mark, style = ("+", "for") if e.weight >= 0 else ("−", "against")
        page.marked(mark, f"{e.text} ({words.weight(e.weight)})", style=style, indent=5)
    for number, fix in enumerate(cause.fixes, start=1):
        spelled = advice.code(run, fix)
        again = bool(spelled) and str(spelled) in shown
        page.marked(f"{number})", _sentence(fix.text + (" (code above)" if again else "")), style="head", indent=5)
        if again:
            continue
        shown.add(str(spelled))
        _code(page, spelled, indent=8)


def _code(page: Page, spelled: Sequence[tuple[str, str]], *, indent: int) -> None:
    for label, code in spelled:
        for place, line in enumerate(texts.code_lines(code)):
            page.marked(f"{label if place == 0 else '':<7}", line, style="dim", body_style="code", indent=indent)


def _lists(page: Page, run: RunReport) -> None:
    _list(page, titles.LOG_NEXT, run.diagnosis.log_next, "•")
    if story.told_in_full(run):
        _list(page, titles.NOT_CHECKED, appendix.not_checked(run), "?")
    for title, lines in appendix.lists(run):
        _list(page, title, lines, "!" if title == titles.READING else "•")


def _list(page: Page, title: str, lines: Sequence[str], mark: str) -> None:
    if not lines:
        return
    page.heading(title)
    for line in lines[:MOST_LINES]:
        page.marked(mark, line)
    if len(lines) > MOST_LINES:
        page.line(f"… and {len(lines) - MOST_LINES:,} more in the JSON report", "dim", indent=2)


def _skipped(page: Page, analysis: Analysis) -> None:
    _list(page, titles.SKIPPED, [f"{path}: {why}" for path, why in story.skipped(analysis)], "!")


def _ending(page: Page, analysis: Analysis, written: Sequence[str]) -> None:
    page.line()
    if written:
        line = f"Written: {', '.join(written)}"
        for part in [line] if len(line) <= page.width else ["Written:", *(f"  {path}" for path in written)]:
            page.unbroken(part, "dim")
    elif analysis.runs:
        page.line("Add -o report.html, .png, .json or .md (or -o DIR/ for all) to keep this report.", "dim")
