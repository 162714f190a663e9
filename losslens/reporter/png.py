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

from losslens.model import Cause, Curve, RunReport
from losslens.reporter import advice, levels, signals, story, titles, words
from losslens.reporter import scale as scales
from losslens.reporter.chart import LABELLED
from losslens.reporter.gist import gist
from losslens.reporter.names import shortened
from losslens.reporter.palette import LIGHT, VERDICT_COLOURS
from losslens.reporter.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches and dots per inch: 2400 pixels wide, and letters still readable when a chat shrinks it to 1200.
WIDTH, DPI = 12.0, 200
MOST_SIGNALS = 3
LOSS_HEIGHT, SIGNAL_HEIGHT, CLOSER_HEIGHT = 3.1, 0.95, 1.5
GAP, CLOSER_GAP, FOOT = 0.36, 0.85, 0.8
#: Inches that a line of the side column, a value in it, and the title may take.
SIDE, SIDE_VALUE, TITLE = 3.72, 2.44, 11.6
SIDE_SIZE, TITLE_SIZE, LABEL_SIZE = 8.8, 12.0, 8.8
#: The gist under the title: letters, inches from line to line, and inches that its labels take.
GIST_SIZE, GIST_LINE, GIST_LEFT = 10.0, 0.21, 0.95
#: How much of the page the single points hide under their level.
NOISE_ALPHA = 0.4
#: Bold letters need more room: so much of a line is left for what is measured in usual ones.
BOLD = 0.88

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

    curves = [c for place, c in enumerate(signals.panels(report, MOST_SIGNALS)) if place == 0 or _has_finite(c)]
    leading = curves[0] if curves else None
    window = None if leading is None else signals.around_onset(report, leading)
    heights = [LOSS_HEIGHT, *[SIGNAL_HEIGHT] * (len(curves) - 1), *([CLOSER_HEIGHT] if window else [])]
    side = _Side(report)
    title = wrapped(story.headline(report), TITLE, TITLE_SIZE)[:2]
    short = _gist(report)
    labels = _labels(report, curves[:1])
    rows = max((row for *_, row in labels), default=-1) + 1
    head = 0.72 + 0.23 * len(title) + (GIST_LINE * len(short) + 0.12 if short else 0) + 0.22 + 0.19 * rows
    gaps = GAP * max(0, len(curves) - 1) + (CLOSER_GAP if window else 0)
    height = max(sum(heights) + gaps + head + FOOT, side.height + head + 0.4)
    picture = Figure(figsize=(WIDTH, height), facecolor=LIGHT["page"])
    FigureCanvasAgg(picture)
    _title(picture, report, title, short, height)
    panels = _axes(picture, heights, head, height, closer=window is not None)
    if leading is None:
        _nothing(panels[0])
    else:
        first, last = signals.domain(curves)
        for panel, curve in zip(panels, curves, strict=False):
            pad = 4 + 13.5 * rows if curve is leading else 4
            _panel(panel, curve, report, is_loss=curve is leading, last=curve is curves[-1], pad=pad)
            _limit(panel, first, last)
        _write_labels(panels[0], labels)
        if window:
            _panel(panels[-1], signals.cut(leading, *window), report, is_loss=True, last=True)
            panels[-1].set_title("around the onset", loc="left", fontsize=9.5, fontweight="bold", color=LIGHT["text"])
            _limit(panels[-1], *window)
    side.draw(picture, left=0.675, top=1 - (head - 0.1) / height, height=height)
    return picture


def _axes(picture: Figure, heights: list[float], head: float, height: float, *, closer: bool) -> list[Axes]:
    """One panel under another, in inches from the top; the closer look stands apart, it has its own steps."""
    spare = max(0.0, height - head - FOOT - sum(heights) - GAP * (len(heights) - 1) - (CLOSER_GAP - GAP) * closer)
    panels, y = [], height - head
    for place, size in enumerate(heights):
        if place:
            y -= CLOSER_GAP if closer and place == len(heights) - 1 else GAP
        # What the side column needs beyond the charts makes the loss taller.
        size += spare if place == 0 else 0
        y -= size
        panels.append(picture.add_axes((0.07, y / height, 0.575, size / height)))
    return panels


def _limit(panel: Axes, first: int, last: int) -> None:
    pad = (last - first) * 0.012 or 0.5
    panel.set_xlim(first - pad, last + pad)


def _has_finite(curve: Curve) -> bool:
    return any(math.isfinite(v) for v in curve.value)


def _text(picture: Figure, x: float, y: float, text: str, **style: Any) -> None:
    picture.text(x, y, plain(text), parse_math=False, **style)


def _gist(report: RunReport) -> list[tuple[str, str]]:
    """Label and text of each line of the gist; the label of a line that goes on is empty."""
    short = gist(report)
    if short is None:
        return []
    out: list[tuple[str, str]] = []
    for label, text in ((titles.LIKELY, short.likely), (titles.FIRST, short.first)):
        lines = wrapped(text, BOLD * (TITLE - GIST_LEFT), GIST_SIZE)[:2]
        out += [(label if place == 0 else "", line) for place, line in enumerate(lines)]
    return out


def _title(picture: Figure, report: RunReport, title: list[str], short: list[tuple[str, str]], height: float) -> None:
    colour = VERDICT_COLOURS[words.tone(report.verdict)]
    y = 1 - 0.3 / height
    _text(
        picture, 0.012, y, report.verdict.value, color="white", fontsize=11, fontweight="bold", va="center",
        bbox={"boxstyle": "round,pad=0.35,rounding_size=0.3", "facecolor": colour, "edgecolor": "none"},
    )  # fmt: skip
    name = _fitted(report.name, 8.5, 13)
    left = 0.012 + (len(report.verdict.value) * 0.095 + 0.28) / WIDTH
    _text(picture, left, y, name, fontsize=13, fontweight="bold", va="center", color=LIGHT["text"])
    for place, line in enumerate(title):
        y = 1 - (0.66 + 0.23 * place) / height
        _text(picture, 0.012, y, line, fontsize=TITLE_SIZE, va="center", color=LIGHT["text"])
    for place, (label, line) in enumerate(short):
        y = 1 - (0.72 + 0.23 * len(title) + GIST_LINE * place) / height
        _text(picture, 0.012, y, label, fontsize=GIST_SIZE, va="center", color=LIGHT["dim"])
        _text(picture, 0.012 + GIST_LEFT / WIDTH, y, line, fontsize=GIST_SIZE, fontweight="bold", va="center",
              color=LIGHT["text"])  # fmt: skip
    _text(
        picture, 0.988, 0.16 / height, "losslens", fontsize=8, ha="right", va="center", color=LIGHT["faint"],
        fontweight="bold",
    )  # fmt: skip
    about = _fitted(f"{report.path}: {story.about(report)}", 10.6, 7.5)
    _text(picture, 0.012, 0.16 / height, about, fontsize=7.5, va="center", color=LIGHT["dim"])


def _nothing(panel: Axes) -> None:
    panel.set_axis_off()
    panel.text(0.5, 0.5, "no loss to show", ha="center", va="center", color=LIGHT["faint"], fontsize=12)


def _panel(panel: Axes, curve: Curve, report: RunReport, *, is_loss: bool, last: bool, pad: float = 4.0) -> None:
    """One curve with everything that is marked on it; ``pad`` points between it and its title."""
    if not _has_finite(curve):
        panel.text(0.5, 0.55, f"no finite value in {words.plural(curve.points, 'point')}", ha="center", va="center",
                   transform=panel.transAxes, color=LIGHT["dim"], fontsize=12, parse_math=False)  # fmt: skip
    scale = scales.of(curve)
    _draw_scale(panel, scale, most=6 if is_loss else 3, finite=_has_finite(curve))
    level = signals.level(curve)
    for branch in signals.branches(curve):
        steps, values = [s for s, _ in branch.points], [_shown(v, scale) for _, v in branch.points]
        colour = LIGHT["faint"] if branch.abandoned else LIGHT["line" if is_loss else "signal"]
        few = len(steps) <= 60
        gaps = [True, *(math.isnan(value) for value in values), True]
        alone = [i for i in range(len(values)) if gaps[i] and gaps[i + 2] and not gaps[i + 1]]
        width, alpha = (1.3 if is_loss else 1.1), 0.7 if branch.abandoned else 1.0
        if level is not None:
            width, alpha = width / 2, NOISE_ALPHA
        panel.plot(
            steps, values, color=colour, linewidth=width, alpha=alpha, solid_joinstyle="round", zorder=3,
            marker="o" if few or alone else None, markevery=None if few else alone, markersize=2.6,
        )  # fmt: skip
    if level is not None:
        panel.plot(
            level.step, [_shown(v, scale) for v in level.value], color=LIGHT["line" if is_loss else "signal"],
            linewidth=2.0 if is_loss else 1.6, solid_joinstyle="round", zorder=3.5,
        )  # fmt: skip
    _marks(panel, curve, report)
    suffix = "" if scale.kind == "linear" else f", {scale.name}"
    suffix += "" if level is None else f", {story.level_told(level)}"
    panel.set_title(
        plain(shortened(story.curve_title(curve), 60) + suffix), loc="left", fontsize=9.5 if is_loss else 8.5,
        fontweight="bold" if is_loss else "normal", color=LIGHT["text"], pad=pad, parse_math=False,
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


def _shown(value: float, scale: scales.Scale) -> float:
    """A value as it is drawn: what a logarithmic scale cannot show lies at its bottom, what is not finite nowhere."""
    if not math.isfinite(value):
        return math.nan
    return scale.low if scale.kind == "log" and value <= 0 else value


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=7, integer=True)


def _draw_scale(panel: Axes, scale: scales.Scale, *, most: int, finite: bool) -> None:
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    if scale.kind == "log":
        panel.set_yscale("log")
    elif scale.kind == "asinh":
        panel.set_yscale("asinh", linear_width=scale.width)
    if scale.low < scale.high:
        panel.set_ylim(scale.low, scale.high)
    ticks = scale.ticks(most) if finite else []
    panel.yaxis.set_major_locator(FixedLocator(ticks))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FixedFormatter([words.number(tick) for tick in ticks]))


def _marks(panel: Axes, curve: Curve, report: RunReport) -> None:
    """Interval band, onset line, point of no return, restarts, NaN rug."""
    onset = report.onset
    if onset is not None:
        panel.axvspan(onset.low, onset.high, color=LIGHT["band"], linewidth=0, zorder=1)
        panel.axvline(onset.step, color=LIGHT["onset"], linewidth=1.4, zorder=2)
    back = levels.no_return(report)
    if back is not None:
        panel.axvline(back, color=LIGHT["back"], linewidth=1.1, linestyle=(0, (4, 3)), zorder=2)
    for step in signals.restarts(report):
        if step != (None if onset is None else onset.step):
            panel.axvline(step, color=LIGHT["dim"], linewidth=0.9, linestyle=(0, (1, 3)), zorder=1.5)
    for first, last in signals.nonfinite_stretches(curve):
        panel.plot([first, last], [0.012, 0.012], transform=panel.get_xaxis_transform(), color=LIGHT["onset"],
                   linewidth=4.5, alpha=0.85, solid_capstyle="butt", marker="|", markersize=4.5, zorder=5)  # fmt: skip


#: A label over the loss: step, text, colour, alignment, row from below.
Label = tuple[int, str, str, str, int]


def _labels(report: RunReport, curves: list[Curve]) -> list[Label]:
    """The names of the lines, stacked where they would touch."""
    if not curves:
        return []
    onset = report.onset
    found: list[tuple[int, str, str]] = []
    if onset is not None:
        found.append((onset.step, f"onset {words.count(onset.step)}", LIGHT["onset"]))
    back, bad = levels.no_return(report), report.judgement.first_nonfinite
    if back is not None:
        found.append((back, f"{titles.NO_RETURN} {words.count(back)}", LIGHT["back"]))
    if bad is not None and (onset is None or bad > onset.step):
        found.append((bad, f"NaN or Inf from {words.count(bad)}", LIGHT["onset"]))
    again = signals.restarts(report)
    if len(again) <= LABELLED:
        found += [(step, f"restart {words.count(step)}", LIGHT["dim"]) for step in again]
    first, last = signals.domain(curves)
    out: list[Label] = []
    taken: list[tuple[int, float, float]] = []
    for step, text, colour in found:
        if not first <= step <= last:
            continue
        place = (step - first) / max(1, last - first)
        width = (_inches(text, LABEL_SIZE) * 1.12 + 0.08) / (0.575 * WIDTH)
        # The onset's label ends at its line and the later ones begin at theirs, so that they seldom meet.
        room = {"right": place, "left": 1 - place}
        wish = ("right", "left") if not out else ("left", "right")
        align = next((a for a in wish if room[a] >= width), max(room, key=room.__getitem__))
        start = place - (width if align == "right" else 0)
        row = 0
        while any(r == row and start < b and a < start + width for r, a, b in taken):
            row += 1
        taken.append((row, start, start + width))
        out.append((step, text, colour, align, row))
    return out


def _write_labels(panel: Axes, labels: list[Label]) -> None:
    for step, text, colour, align, row in labels:
        panel.annotate(
            text, (step, 1), xycoords=panel.get_xaxis_transform(), textcoords="offset points", annotation_clip=False,
            xytext=(-3 if align == "right" else 3, 2 + 13.5 * row), fontsize=LABEL_SIZE, color=colour,
            fontweight="bold", ha=align, va="bottom", parse_math=False,
        )  # fmt: skip


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
    while most > 8 and _inches(shortened(shown, most), size) > width:
        most = max(8, most * 9 // 10)
    return shortened(shown, most)


def _middle_out(text: str) -> str:
    """A long path keeps both ends in the little room there is."""
    return shortened(plain(text), 110)


class _Side:
    """The side column: when, why then, what first. Laid out in inches before it is drawn, so nothing is cut off."""

    LINE = 0.185
    MOST_CAUSES, MOST_FIXES, MOST_EVIDENCE, MOST_SENTENCES = 4, 2, 2, 4

    def __init__(self, report: RunReport) -> None:
        #: (kind, text, extra): "head", "text", "dim", "pair", "bar", "gap".
        self.rows: list[tuple[str, str, Any]] = []
        self._when(report)
        self._why_then(report)
        self._what_first(report)
        self.height = sum(self._height(kind) for kind, _, _ in self.rows)

    def _height(self, kind: str) -> float:
        return {"gap": 0.12, "head": 0.27, "bar": 0.25}.get(kind, self.LINE)

    def _add(self, kind: str, text: str, extra: Any = None, *, width: float = SIDE, most: int = 4) -> None:
        lines = wrapped(text, width, SIDE_SIZE)
        if len(lines) > most:
            lines = [*lines[: most - 1], f"{lines[most - 1].rsplit(' ', 1)[0]} …"]
        for place, line in enumerate(lines):
            self.rows.append((kind, line, extra if place == 0 else None))

    def _when(self, report: RunReport) -> None:
        facts = story.when(report)
        if not facts:
            self._add("text", story.reason(report))
            return
        self.rows.append(("head", titles.WHEN, None))
        for fact in facts:
            self._add("pair", _middle_out(fact.text), fact.label, width=SIDE_VALUE, most=3)
        self.rows.append(("gap", "", None))

    def _why_then(self, report: RunReport) -> None:
        if not report.diagnosis.why_then:
            return
        self.rows.append(("head", titles.WHY_THEN, None))
        for sentence in report.diagnosis.why_then[: self.MOST_SENTENCES]:
            self._add("text", f"• {sentence}")
        self.rows.append(("gap", "", None))

    def _what_first(self, report: RunReport) -> None:
        if not report.causes:
            return
        self.rows.append(("head", titles.WHAT_FIRST, None))
        if (apart := report.diagnosis.tell_apart) is not None:
            self._add("text", f"First of all: {apart.text[0].lower()}{apart.text[1:]}")
            self.rows.append(("gap", "", None))
        bars = list(story.bars(report, self.MOST_CAUSES))
        for rank, name, share in bars:
            self.rows.append(("bar", name, share))
            if rank == "1.":
                self._first(report.causes[0], self.MOST_EVIDENCE + max(0, self.MOST_CAUSES - len(bars)))
        for line in story.group_lines(report)[:1]:
            self.rows.append(("gap", "", None))
            self._add("dim", line, most=4)

    def _first(self, cause: Cause, most: int) -> None:
        """What to do about the first cause, and what speaks for and against it, ``most`` points of that."""
        for number, fix in enumerate(cause.fixes[: self.MOST_FIXES], start=1):
            self._add("text", f"{number}) {fix.text}")
        for e in advice.evidence(cause)[:most]:
            self._add("dim", f"{'+' if e.weight >= 0 else '−'} {e.text}")
        self.rows.append(("gap", "", None))

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
