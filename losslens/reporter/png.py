"""One picture that tells the story of a run: PNG, SVG or PDF by the suffix.

Left, the loss with its onset, interval and point of no return, the signals that matter below on the same steps;
right, the three answers. Uses matplotlib's Figure without pyplot, so no window system and no global state.
"""

from __future__ import annotations

import math
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from losslens.model import Curve, RunReport
from losslens.reporter import scale as scales
from losslens.reporter import signals, story, words
from losslens.reporter.palette import LIGHT, VERDICT_COLOURS
from losslens.reporter.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches and dots per inch: 2400 pixels wide, and letters still readable when a chat shrinks it to 1200.
WIDTH, DPI = 12.0, 200
MOST_SIGNALS = 3
LOSS_HEIGHT, SIGNAL_HEIGHT = 3.3, 1.05
#: Inches that a line of the side column, a value in it, and the title may take.
SIDE, SIDE_VALUE, TITLE = 3.72, 2.44, 11.6
SIDE_SIZE, TITLE_SIZE = 8.8, 12.0

#: No setting of the user's matplotlib may change the picture, and SVG must not carry random ids.
SETTINGS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.usetex": False,
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "svg.hashsalt": "losslens",
    "svg.fonttype": "path",
    "path.simplify": True,
    "agg.path.chunksize": 20000,
}

#: No date, version or machine in the file: the same report gives the same bytes.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "losslens"},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": "losslens"},
}


def write_picture(report: RunReport, path: Path) -> None:
    """Write the picture of one run; the suffix (.png, .svg, .pdf) says how. The same report gives the same bytes."""
    import matplotlib

    suffix = path.suffix.lower().lstrip(".")
    metadata = METADATA.get(suffix, {})
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A name in a script the font lacks shows as boxes; that must not print warnings over the report.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        figure(report).savefig(path, format=suffix, dpi=DPI, metadata=metadata)


def figure(report: RunReport) -> Figure:
    """The picture as a matplotlib figure (Agg canvas)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    leading = signals.loss_curve(report)
    below = [c for c in signals.others(report, MOST_SIGNALS) if leading is not None and _has_finite(c)]
    heights = [LOSS_HEIGHT, *[SIGNAL_HEIGHT] * len(below)]
    side = _Side(report)
    height = max(sum(heights) + 0.28 * len(below) + 2.1, side.height + 1.75)
    picture = Figure(figsize=(WIDTH, height), facecolor=LIGHT["page"])
    FigureCanvasAgg(picture)
    _title(picture, report, height)
    top, bottom = 1 - 1.4 / height, 0.72 / height
    grid = picture.add_gridspec(
        len(heights), 1, height_ratios=heights, left=0.07, right=0.645, top=top, bottom=bottom, hspace=0.22
    )
    if leading is None:
        _nothing(picture.add_subplot(grid[0]))
    else:
        panels = [picture.add_subplot(grid[0])]
        panels += [picture.add_subplot(grid[i + 1], sharex=panels[0]) for i in range(len(below))]
        for panel, curve in zip(panels, [leading, *below], strict=True):
            _panel(panel, curve, report, is_loss=curve is leading, last=panel is panels[-1])
        first, last = signals.domain([leading, *below])
        pad = max(1e-9, (last - first) * 0.012) or 0.5
        panels[0].set_xlim(first - pad, last + pad)
    side.draw(picture, left=0.675, top=top, height=height)
    return picture


def _has_finite(curve: Curve) -> bool:
    return any(math.isfinite(v) for v in curve.value)


def _text(picture: Figure, x: float, y: float, text: str, **style: Any) -> None:
    picture.text(x, y, plain(text), parse_math=False, **style)


def _title(picture: Figure, report: RunReport, height: float) -> None:
    colour = VERDICT_COLOURS[words.tone(report.verdict)]
    y = 1 - 0.3 / height
    _text(
        picture, 0.012, y, report.verdict.value, color="white", fontsize=11, fontweight="bold", va="center",
        bbox={"boxstyle": "round,pad=0.35,rounding_size=0.3", "facecolor": colour, "edgecolor": "none"},
    )  # fmt: skip
    name = _fitted(report.name, 8.5, 13)
    left = 0.012 + (len(report.verdict.value) * 0.095 + 0.28) / WIDTH
    _text(picture, left, y, name, fontsize=13, fontweight="bold", va="center", color=LIGHT["text"])
    for place, line in enumerate(wrapped(story.headline(report), TITLE, TITLE_SIZE)[:2]):
        y = 1 - (0.66 + 0.23 * place) / height
        _text(picture, 0.012, y, line, fontsize=TITLE_SIZE, va="center", color=LIGHT["text"])
    _text(
        picture, 0.988, 0.16 / height, "losslens", fontsize=8, ha="right", va="center", color=LIGHT["faint"],
        fontweight="bold",
    )  # fmt: skip
    about = _fitted(f"{report.path}: {story.about(report)}", 10.6, 7.5)
    _text(picture, 0.012, 0.16 / height, about, fontsize=7.5, va="center", color=LIGHT["faint"])


def _nothing(panel: Axes) -> None:
    panel.set_axis_off()
    panel.text(0.5, 0.5, "no loss to show", ha="center", va="center", color=LIGHT["faint"], fontsize=12)


def _panel(panel: Axes, curve: Curve, report: RunReport, *, is_loss: bool, last: bool) -> None:
    """One curve with everything that is marked on it."""
    scale = scales.suited(curve.value)
    _draw_scale(panel, scale, most=6 if is_loss else 3)
    for branch in signals.branches(curve):
        steps, values = [s for s, _ in branch.points], [v if math.isfinite(v) else math.nan for _, v in branch.points]
        colour = LIGHT["faint"] if branch.abandoned else LIGHT["line" if is_loss else "signal"]
        few = len(steps) <= 60
        panel.plot(
            steps, values, color=colour, linewidth=1.3 if is_loss else 1.1, solid_joinstyle="round", zorder=3,
            marker="o" if few else None, markersize=2.6, alpha=0.7 if branch.abandoned else 1.0,
        )  # fmt: skip
    _marks(panel, curve, report, labelled=is_loss)
    suffix = "" if scale.kind == "linear" else f", {scale.name}"
    panel.set_title(
        plain(story.shortened(story.curve_title(curve), 60) + suffix), loc="left", fontsize=9.5 if is_loss else 8.5,
        fontweight="bold" if is_loss else "normal", color=LIGHT["text"], pad=20 if is_loss else 4, parse_math=False,
    )  # fmt: skip
    panel.grid(True, axis="y", color=LIGHT["grid"], linewidth=0.7)
    panel.set_axisbelow(True)
    panel.set_facecolor(LIGHT["card"])
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        panel.spines[side].set_color(LIGHT["rule"])
    panel.tick_params(colors=LIGHT["dim"], labelsize=8.5, length=3, labelbottom=last)
    panel.xaxis.set_major_formatter(lambda x, _: words.count(round(x)) if abs(x - round(x)) < 1e-6 else "")
    panel.xaxis.set_major_locator(_whole_numbers())
    if last:
        panel.set_xlabel(plain(words.one(curve.axis)), fontsize=9, color=LIGHT["dim"], parse_math=False)


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=7, integer=True)


def _draw_scale(panel: Axes, scale: scales.Scale, *, most: int) -> None:
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    if scale.kind == "log":
        panel.set_yscale("log")
    elif scale.kind == "asinh":
        panel.set_yscale("asinh", linear_width=scale.width)
    if scale.low < scale.high:
        panel.set_ylim(scale.low, scale.high)
    ticks = scale.ticks(most)
    panel.yaxis.set_major_locator(FixedLocator(ticks))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FixedFormatter([words.number(tick) for tick in ticks]))


def _marks(panel: Axes, curve: Curve, report: RunReport, *, labelled: bool) -> None:
    """Interval band, onset line, point of no return, NaN rug; labels above the loss only."""
    onset, judgement = report.onset, report.judgement
    top = panel.get_xaxis_transform()
    labels: list[tuple[int, str, str]] = []
    if onset is not None:
        panel.axvspan(onset.low, onset.high, color=LIGHT["band"], linewidth=0, zorder=1)
        panel.axvline(onset.step, color=LIGHT["onset"], linewidth=1.4, zorder=4)
        labels.append((onset.step, f"onset {words.count(onset.step)}", LIGHT["onset"]))
    if judgement.point_of_no_return is not None:
        panel.axvline(judgement.point_of_no_return, color=LIGHT["back"], linewidth=1.1, linestyle=(0, (4, 3)), zorder=4)
        text = f"no return {words.count(judgement.point_of_no_return)}"
        labels.append((judgement.point_of_no_return, text, LIGHT["back"]))
    for first, last in signals.nonfinite_stretches(curve):
        panel.plot([first, last], [0.012, 0.012], transform=top, color=LIGHT["onset"], linewidth=4.5, alpha=0.85,
                   solid_capstyle="butt", marker="|", markersize=4.5, zorder=5, clip_on=True)  # fmt: skip
    if labelled:
        if judgement.first_nonfinite is not None and (onset is None or judgement.first_nonfinite > onset.step):
            text = f"NaN or Inf from {words.count(judgement.first_nonfinite)}"
            labels.append((judgement.first_nonfinite, text, LIGHT["onset"]))
        _labels(panel, curve, labels)


def _labels(panel: Axes, curve: Curve, labels: list[tuple[int, str, str]]) -> None:
    """Names above the lines, in two rows where they would touch, kept inside the panel."""
    if not labels:
        return
    first, last = min(curve.step), max(curve.step)
    taken: list[tuple[int, float, float]] = []
    for step, text, colour in labels:
        place = (step - first) / max(1, last - first)
        width = len(text) * 0.0125
        align = "left" if place < width / 2 else "right" if place > 1 - width / 2 else "center"
        start = place - {"left": 0.0, "center": width / 2, "right": width}[align]
        row = 0
        while any(r == row and start < b and a < start + width for r, a, b in taken):
            row += 1
        taken.append((row, start, start + width))
        panel.text(step, 1.015 + 0.062 * row, text, transform=panel.get_xaxis_transform(), fontsize=8.5, color=colour,
                   fontweight="bold", ha=align, va="bottom", parse_math=False, clip_on=False)  # fmt: skip


def wrapped(text: str, width: float, size: float) -> list[str]:
    """``text`` in lines of at most ``width`` inches at this font size in points; words that are longer are cut."""
    lines: list[str] = []
    line = ""
    for word in plain(text).split():
        while word:
            joined = f"{line} {word}" if line else word
            if _inches(joined, size) <= width:
                line, word = joined, ""
            elif line:
                lines.append(line)
                line = ""
            else:
                fits = next(n for n in range(len(word), 0, -1) if n == 1 or _inches(word[:n], size) <= width)
                lines.append(word[:fits])
                word = word[fits:]
    return [*lines, line] if line else lines


@cache
def _inches(text: str, size: float) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def _fitted(text: str, width: float, size: float) -> str:
    """``text`` in one line of ``width`` inches, its middle left out where it is longer."""
    shown = plain(text)
    most = len(shown)
    while most > 8 and _inches(story.shortened(shown, most), size) > width:
        most = max(8, most * 9 // 10)
    return story.shortened(shown, most)


class _Side:
    """The side column: when, why then, what first. Laid out in inches before it is drawn, so nothing is cut off."""

    LINE = 0.185
    MOST_CAUSES, MOST_EVIDENCE, MOST_SENTENCES = 4, 2, 2

    def __init__(self, report: RunReport) -> None:
        #: (kind, text, extra): "head", "text", "dim", "pair", "bar", "gap".
        self.rows: list[tuple[str, str, Any]] = []
        self._when(report)
        self._why_then(report)
        self._what_first(report)
        self.height = sum(self._height(kind) for kind, _, _ in self.rows)

    def _height(self, kind: str) -> float:
        return {"gap": 0.12, "head": 0.27, "bar": 0.25}.get(kind, self.LINE)

    def _add(self, kind: str, text: str, extra: Any = None, *, width: float = SIDE, most: int = 3) -> None:
        lines = wrapped(text, width, SIDE_SIZE)
        if len(lines) > most:
            lines = [*lines[: most - 1], _fitted(" ".join(lines[most - 1 :]), width, SIDE_SIZE)]
        for place, line in enumerate(lines):
            self.rows.append((kind, line, extra if place == 0 else None))

    def _when(self, report: RunReport) -> None:
        facts = story.when(report)
        if not facts:
            self._add("text", story.reason(report))
            return
        self.rows.append(("head", "When", None))
        for fact in facts:
            self._add("pair", fact.text, fact.label, width=SIDE_VALUE, most=2)
        self.rows.append(("gap", "", None))

    def _why_then(self, report: RunReport) -> None:
        if not report.diagnosis.why_then:
            return
        self.rows.append(("head", "Why then", None))
        for sentence in report.diagnosis.why_then[: self.MOST_SENTENCES]:
            self._add("text", sentence)
        self.rows.append(("gap", "", None))

    def _what_first(self, report: RunReport) -> None:
        if not report.causes:
            return
        self.rows.append(("head", "What first", None))
        for rank, cause in enumerate(report.causes[: self.MOST_CAUSES]):
            self.rows.append(("bar", cause.id, cause.probability))
            if rank == 0:
                for e in cause.evidence[: self.MOST_EVIDENCE]:
                    self._add("dim", f"{'+' if e.weight >= 0 else '−'} {e.text}")
                if cause.fixes:
                    self._add("text", f"Do: {cause.fixes[0].text}")
                self.rows.append(("gap", "", None))
        if report.diagnosis.none_of_these > 0:
            self.rows.append(("bar", "none of these", report.diagnosis.none_of_these))
        for line in story.group_lines(report)[:1]:
            self.rows.append(("gap", "", None))
            self._add("dim", line, most=4)

    def draw(self, picture: Figure, *, left: float, top: float, height: float) -> None:
        y = top * height
        for kind, text, extra in self.rows:
            size = self._height(kind)
            middle = (y - size / 2) / height
            if kind == "head":
                _text(picture, left, middle, text, fontsize=11, fontweight="bold", va="center", color=LIGHT["text"])
            elif kind == "pair":
                if extra:
                    _text(picture, left, middle, extra, fontsize=SIDE_SIZE, va="center", color=LIGHT["dim"])
                _text(picture, left + 0.113, middle, text, fontsize=SIDE_SIZE, va="center", color=LIGHT["text"])
            elif kind == "bar":
                self._bar(picture, left, middle, text, float(extra), height)
            elif kind in ("text", "dim"):
                colour = LIGHT["dim" if kind == "dim" else "text"]
                _text(picture, left, middle, text, fontsize=SIDE_SIZE, va="center", color=colour)
            y -= size

    def _bar(self, picture: Figure, left: float, middle: float, name: str, share: float, height: float) -> None:
        from matplotlib.patches import Rectangle

        start, width, thick = left + 0.178, 0.088, 0.11 / height
        for length, colour in ((width, LIGHT["grid"]), (width * share, LIGHT["bar"])):
            picture.add_artist(Rectangle((start, middle - thick / 2), length, thick, color=colour, linewidth=0))
        _text(picture, left, middle, _fitted(name, 2.1, 9), fontsize=9, va="center", color=LIGHT["text"],
              fontweight="bold")  # fmt: skip
        _text(picture, start + width + 0.037, middle, words.probability(share), fontsize=9, va="center", ha="right",
              color=LIGHT["text"])  # fmt: skip
