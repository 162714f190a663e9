"""Reporters: an ``Analysis`` in, text or a picture out. They establish no fact.

======== ============= ======================================= ================================
format   module        function                                written with
======== ============= ======================================= ================================
terminal terminal.py   ``render_terminal(analysis, ...)``      (standard output)
json     json.py       ``render_json(analysis)``               ``-o x.json``
markdown markdown.py   ``render_markdown(analysis)``           ``-o x.md``
html     html.py       ``render_html(analysis)``               ``-o x.html``
picture  png.py        ``write_picture(run_report, path)``     ``-o x.png``, ``.svg``, ``.pdf``
======== ============= ======================================= ================================

``listing.py`` prints what ``losslens runs`` and ``losslens explain`` show. Which file each ``-o`` means is in
``write.py``; how numbers are written in ``words.py``; how strangers' text is made harmless in ``text.py``; what is
said, before any format, in ``story.py``. Nothing heavy is imported until its format is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from losslens.errors import UsageError
from losslens.reporter.listing import render_cause_list, render_cause_page, render_runs
from losslens.reporter.write import refuse_unknown, write

if TYPE_CHECKING:
    from losslens.model import Analysis

__all__ = ["refuse_unknown", "render", "render_cause_list", "render_cause_page", "render_runs", "write"]


def render(
    analysis: Analysis, form: str, *, width: int = 80, colour: bool = False, unicode: bool = True,
    written: Sequence[str] = (),
) -> str:  # fmt: skip
    """The analysis as text in one of the formats "terminal", "json", "markdown" and "html"."""
    match form:
        case "terminal":
            from losslens.reporter.terminal import render_terminal

            return render_terminal(analysis, width=width, colour=colour, unicode=unicode, written=written)
        case "json":
            from losslens.reporter.json import render_json

            return render_json(analysis)
        case "markdown":
            from losslens.reporter.markdown import render_markdown

            return render_markdown(analysis)
        case "html":
            from losslens.reporter.html import render_html

            return render_html(analysis)
    raise UsageError(f"no report format is called {form!r}; known are terminal, json, markdown, html")
