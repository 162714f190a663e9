"""The formats of the report: which function each is written by, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from losslens.errors import UsageError

if TYPE_CHECKING:
    from losslens.model import Analysis

#: What a report file of each suffix is written in.
DOCUMENTS = {".html": "html", ".json": "json", ".md": "markdown"}


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
