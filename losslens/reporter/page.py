"""A page of terminal text: rich does the wrapping, this keeps it harmless, narrow, and plain where asked.

Nothing from a log ever reaches rich as markup: every string becomes a ``Text`` through :func:`text.for_terminal`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from losslens.reporter import text as texts
from losslens.reporter.plot_text import Piece

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
#: Styles by what they mean. Colour never carries anything alone.
STYLES = {
    "bad": "bold red",
    "warn": "bold yellow",
    "note": "bold cyan",
    "good": "bold green",
    "none": "bold",
    "head": "bold",
    "dim": "dim",
    "for": "green",
    "against": "red",
    "bar": "cyan",
    "line": "cyan",
    "noise": "dim cyan",
    "level": "bold cyan",
    "axis": "dim",
    "onset": "bold red",
    "band": "red",
    "back": "bold magenta",
    "nan": "bold red",
    "old": "dim",
    "code": "cyan",
    "": "",
}


class Page:
    """Collects lines and renders them at ``width`` columns, with or without colour and Unicode."""

    def __init__(self, *, width: int, colour: bool, unicode: bool) -> None:
        from rich.console import Console

        self.width, self.colour, self.unicode = max(20, width), colour, unicode
        self._out = io.StringIO()
        self._console = Console(
            file=self._out,
            width=self.width,
            color_system="standard" if colour else None,
            force_terminal=colour,
            no_color=not colour,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
            _environ={},
        )

    def render(self) -> str:
        """Everything so far, without spaces at the ends of lines."""
        return "\n".join(line.rstrip() for line in self._out.getvalue().splitlines()) + "\n"

    def text(self, text: str, style: str = "") -> Text:
        from rich.text import Text

        return Text(texts.for_terminal(text, unicode=self.unicode), style=STYLES[style], overflow="fold")

    def line(self, text: str = "", style: str = "", *, indent: int = 0) -> None:
        self.show(self.text(text, style), indent=indent)

    def unbroken(self, text: str, style: str = "") -> None:
        """A line that only the terminal itself may break: paths in it stay whole when they are copied."""
        self._console.print(self.text(text, style), soft_wrap=True)

    def show(self, what: RenderableType, *, indent: int = 0) -> None:
        from rich.padding import Padding

        self._console.print(Padding(what, (0, 0, 0, indent)) if indent else what, soft_wrap=False)

    def heading(self, text: str) -> None:
        self.line()
        self.line(text.upper(), "head")

    def marked(self, mark: str, body: str, *, style: str = "", body_style: str = "", indent: int = 2) -> None:
        """A paragraph with a hanging mark before it ("•", "+", "1.")."""
        from rich.table import Table

        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self.text(mark, style), self.text(body, body_style))
        self.show(grid, indent=indent)

    def whole(self, mark: str, body: str, *, indent: int = 2) -> None:
        """A paragraph with a hanging mark, whose words are too dear to be broken: addresses are copied."""
        if max(map(len, body.split()), default=0) <= self.width - indent - len(mark) - 1:
            self.marked(mark, body, indent=indent)
        else:
            self.unbroken(f"{' ' * indent}{mark} {body}")

    def pairs(
        self, rows: Iterable[tuple[str, str]], *, indent: int = 2, style: str = "", whole: Sequence[str] = ()
    ) -> None:
        """Labels and what belongs to them, in two columns; what stands at a label of ``whole`` is a path to copy."""
        from rich.table import Table

        rows = list(rows)
        wide = max((len(label) for label, _ in rows), default=0)
        for label, body in rows:
            shown = self.text(label.ljust(wide), "dim")
            if label in whole and indent + wide + 2 + len(texts.plain(body)) > self.width:
                self._console.print(self.text(" " * indent) + shown + self.text(f"  {body}", style), soft_wrap=True)
                continue
            grid = Table.grid(padding=(0, 2, 0, 0))
            grid.add_column(no_wrap=True)
            grid.add_column(overflow="fold")
            grid.add_row(shown, self.text(body, style))
            self.show(grid, indent=indent)

    def table(self, head: Sequence[str], rows: Iterable[Sequence[Text]], *, fixed: Sequence[int] = ()) -> None:
        """A table without lines; ``fixed`` are the columns that never wrap."""
        from rich.table import Table

        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=STYLES["dim"], show_edge=False)
        for place, title in enumerate(head):
            table.add_column(self.text(title, "dim"), no_wrap=place in fixed, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.show(table, indent=2)

    def pieces(self, pieces: Sequence[Piece], *, indent: int = 2) -> None:
        """One row of a plot."""
        from rich.text import Text

        row = Text(no_wrap=True, overflow="crop")
        for text, style in pieces:
            row.append(texts.for_terminal(text, unicode=self.unicode), style=STYLES[style])
        self.show(row, indent=indent)

    def bar(self, share: float, width: int) -> str:
        """A probability as a bar; never quite empty above 0, never quite full below 1."""
        if not self.unicode:
            full = min(width if share >= 1 else width - 1, max(1 if share > 0 else 0, round(share * width)))
            return "#" * full + "." * (width - full)
        eighths = min(8 * width if share >= 1 else 8 * width - 1, max(1 if share > 0 else 0, round(share * 8 * width)))
        part = _EIGHTHS[eighths % 8]
        return "█" * (eighths // 8) + part + "░" * (width - eighths // 8 - len(part))
