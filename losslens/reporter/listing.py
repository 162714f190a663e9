"""What ``losslens runs`` and ``losslens explain`` print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from losslens.model import Found, Listing, RoleChoice, Run
from losslens.patterns import compiled
from losslens.reporter import text as texts
from losslens.reporter import words
from losslens.reporter.names import shortened
from losslens.reporter.page import Page

WIDEST = 140
WIDEST_PROSE = 100
#: Files and settings beyond these many are counted, not listed.
MOST_FILES, MOST_SETTINGS = 6, 12
#: Columns that the reason of a role needs beside tag, role and points, with the gaps between them.
WHY = 28
#: Kinds of files that are no logs, named with their number.
MOST_KINDS = 8


def render_runs(listing: Listing, *, width: int, colour: bool, unicode: bool) -> str:
    """Every run with its files, its series with the role given to each and why, and what was passed over."""
    page = Page(width=min(width, WIDEST), colour=colour, unicode=unicode)
    page.line(f"{words.plural(len(listing.runs), 'run')} found", "head")
    for found in listing.runs:
        _found(page, found)
    if listing.skipped:
        page.heading("skipped")
        for item in listing.skipped:
            page.marked("!", f"{item.path}: {item.reason}")
    if listing.passed_over:
        page.heading("passed over")
        kinds = [f"{count:,} {kind}" for kind, count in listing.passed_over]
        more = f" and {words.plural(len(kinds) - MOST_KINDS, 'more kind')}" if len(kinds) > MOST_KINDS else ""
        page.marked("-", f"no logs: {', '.join(kinds[:MOST_KINDS])}{more}")
    if listing.runs:
        page.line()
        page.line("A role is wrong? Give it with --role ROLE=TAG, such as --role loss=train/total.", "dim")
    return page.render()


def _found(page: Page, found: Found) -> None:
    run = found.run
    page.line()
    page.show(page.text(shortened(texts.plain(run.name), page.width), "head"))
    trainer = f" ({run.trainer})" if run.trainer and run.trainer != run.format else ""
    rows = [("path", run.path), ("format", run.format + trainer)]
    if found.why:
        rows.append(("one run because", found.why))
    files = [path.removeprefix(f"{run.path}/") for path in run.files[:MOST_FILES]]
    if len(run.files) > MOST_FILES:
        files.append(f"… and {len(run.files) - MOST_FILES:,} more")
    if run.files != (run.path,):
        rows += [("file" if i == 0 else "", path) for i, path in enumerate(files)]
    if run.steps_per_epoch is not None:
        rows.append(("steps per epoch", f"{words.number(run.steps_per_epoch.value)}, {run.steps_per_epoch.source}"))
    if len(run.segments) > 1:
        starts = ", ".join(words.count(s.first_step) for s in run.segments[1:])
        rows.append(("restarts", f"{len(run.segments) - 1}, at {words.one(run.axis)} {starts}"))
    if run.checkpoints:
        rows.append(("checkpoints", ", ".join(words.count(c.step) for c in run.checkpoints[-8:])))
    if run.settings:
        rows.append(("settings", _settings(run)))
    if run.setting_changes:
        rows.append(("changed", _changed(run)))
    page.pairs(rows, whole=("path", "file", ""))
    _series(page, run)
    for warning in run.warnings:
        page.marked("!", warning.text)
    for repair in run.repairs:
        page.marked("~", f"{repair.series + ': ' if repair.series else ''}{repair.text}")
    for damage in run.damage:
        page.marked("!", words.damage(damage.path, damage.first_byte, damage.last_byte, damage.reason))


def _settings(run: Run) -> str:
    shown = [f"{setting.name}={setting.value}" for setting in list(run.settings.values())[:MOST_SETTINGS]]
    if len(run.settings) > MOST_SETTINGS:
        shown.append(f"… and {len(run.settings) - MOST_SETTINGS:,} more")
    return ", ".join(shown)


def _changed(run: Run) -> str:
    told = []
    for change in run.setting_changes[:MOST_SETTINGS]:
        since = f" from {words.at(run.axis, change.step)}" if change.step is not None else ""
        told.append(f"{change.name}={change.after}{since} (before: {change.before})")
    if len(run.setting_changes) > MOST_SETTINGS:
        told.append(f"… and {len(run.setting_changes) - MOST_SETTINGS:,} more")
    return ", ".join(told)


def _series(page: Page, run: Run) -> None:
    if not run.series:
        page.line("no series", indent=2)
        return
    page.line()
    chosen = {choice.tag: choice for choice in run.roles}
    order = [choice.tag for choice in run.roles] + [tag for tag in run.series if tag not in chosen]
    told = []
    for tag in order:
        series = run.series.get(tag)
        choice = chosen.get(tag)
        points = words.count(0 if series is None else len(series))
        told.append((texts.for_terminal(tag, unicode=page.unicode), _role(choice), points, _why(choice)))
    beside = sum(max(map(len, column)) for column in list(zip(*told, strict=True))[1:3])
    if max(len(tag) for tag, *_ in told) <= page.width - beside - WHY:
        head = ("series", "role", "points", "why")
        rows = [
            (page.text(tag), page.text(role), page.text(points), page.text(why, "dim"))
            for tag, role, points, why in told
        ]
        page.table(head, rows, fixed=(0, 1, 2))
        return
    # --role takes a tag as it is: one that leaves the columns no room has a line of its own, whole.
    for tag, role, points, why in told:
        page.unbroken(f"  {tag}")
        page.line(f"{role}, {points} points{f': {why}' if why else ''}", "dim", indent=6)


def _role(choice: RoleChoice | None) -> str:
    """The role as ``--role`` takes it, so that what is shown can be typed."""
    if choice is None:
        return "other"
    group = f" ({choice.group})" if choice.group else ""
    return choice.role.value + ("" if choice.sure else "?") + group


def _why(choice: RoleChoice | None) -> str:
    if choice is None:
        return ""
    return choice.why if choice.sure else f"a guess: {choice.why}"


def render_cause_list(
    titles: Mapping[str, str] | Iterable[tuple[str, str]], *, width: int, colour: bool, unicode: bool
) -> str:
    """Every cause by id with its title."""
    page = Page(width=min(width, WIDEST), colour=colour, unicode=unicode)
    page.line("Causes losslens knows; `losslens explain CAUSE` shows the page of one.", "head")
    page.line()
    page.pairs(titles.items() if isinstance(titles, Mapping) else titles)
    return page.render()


def render_cause_page(text: str, *, width: int, colour: bool, unicode: bool) -> str:
    """The page of a cause as its module's docstring holds it: paragraphs refilled to the width, headings in bold."""
    page = Page(width=min(width, WIDEST_PROSE), colour=colour, unicode=unicode)
    for place, block in enumerate(_blocks(text)):
        if place:
            page.line()
        _block(page, block, first=place == 0)
    return page.render()


def _blocks(text: str) -> list[list[str]]:
    """The lines between empty lines."""
    blocks: list[list[str]] = [[]]
    for line in text.strip("\n").splitlines():
        if line.strip():
            blocks[-1].append(line.rstrip())
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _block(page: Page, lines: list[str], *, first: bool) -> None:
    heading = not lines[0].startswith(" ") and len(lines) > 1 and lines[1].startswith(" ")
    body = [line.strip() for line in (lines[1:] if heading else lines)]
    if not heading:
        page.line(" ".join(body), "head" if first else "", indent=0)
        return
    page.line(lines[0], "head")
    match lines[0].strip().lower():
        case "sources":
            for source in _sources(body):
                page.whole("-", source, indent=4)
        case "in code":
            for line in body:
                label, _, code = line.partition(" ")
                if label == "-":
                    page.marked(label, code.strip(), indent=4)
                else:
                    page.marked(f"{label:<7}", code.strip(), style="dim", body_style="code", indent=6)
        case _:
            for paragraph in _paragraphs(body):
                if paragraph.startswith(("- ", "* ")):
                    page.marked(paragraph[0], paragraph[2:], indent=4)
                else:
                    page.line(paragraph, indent=4)


def _paragraphs(lines: list[str]) -> list[str]:
    """List items one by one; anything else is prose and filled anew."""
    out: list[str] = []
    for text in lines:
        if not out or text.startswith(("- ", "* ", ">>> ")):
            out.append(text)
        else:
            out[-1] += f" {text}"
    return out


#: A source ends with its address, and what is said of that in brackets.
_SOURCE_END = compiled(r"(https?://\S*?[^\s.,;](?: \([^()]*\))?)[.,;]? +(?=[^ (])")


def _sources(lines: list[str]) -> list[str]:
    """Each source by itself, however the lines of the page are broken."""
    return _SOURCE_END.sub(lambda found: f"{found[1]}\n", " ".join(lines)).split("\n")
