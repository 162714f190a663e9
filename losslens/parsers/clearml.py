"""ClearML's offline sessions: ``offline-ID/`` or its zip, with ``metrics.jsonl``, ``task.json`` and ``log.jsonl``.

A line of the two logs is a list of events, as they were to be sent together: of a scalar its title, its series, the
iteration and the value; of what was printed a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from losslens.errors import LosslensError, NotALogError
from losslens.model import Damage, Log, RawSeries, Setting, Warning
from losslens.parsers.axes import is_known_name
from losslens.parsers.exports import ZIP, Export, members
from losslens.parsers.json_reading import Json, loads, number_of
from losslens.parsers.opening import peeked
from losslens.parsers.points import Points
from losslens.parsers.settings import plain_setting
from losslens.parsers.stored_output import StoredOutput
from losslens.patterns import compiled

if TYPE_CHECKING:
    from losslens.model import BoolArray

NAME = "clearml"

_METRICS, _TASK, _PRINTED = "metrics.jsonl", "task.json", "log.jsonl"
_OWN = frozenset([_METRICS, _TASK, _PRINTED, "data"])
#: Titles of what ClearML measures of the machine.
_SYSTEM = ":monitor:"
#: ClearML has no NaN: it reports another number for it, 0.0 where the program did not say which, and says so once.
_REPLACED = compiled(r"\b(NaN|inf) value encountered\. Reporting it as '([-+\w.]+)'")
#: Sections of hyper-parameters that programs write to without naming one.
_UNNAMED = frozenset(["General", "Args"])
#: What was last this far from that number does not reach it exactly from one point to the next.
FAR = 1e-2
_RATES = compiled(r"(?:^|[/_. -])(?:lr|learning[ _-]?rate)", re.IGNORECASE)


def sniff(path: Path, head: bytes) -> bool:
    return head.startswith(ZIP) and members(path) >= {_METRICS, _TASK}


def claims(path: Path, names: Sequence[str]) -> bool:
    if not set(names) >= {_METRICS, _TASK}:
        return False
    head = peeked(path / _METRICS)
    return head.startswith(b"[{") and b'"task"' in head and b'"iter"' in head


def owns(path: Path, name: str) -> bool:
    return name in _OWN


def parse(path: Path) -> tuple[Log, ...]:
    """The Log of one session. Raises NotALogError when it holds no scalar, ParseError for a broken archive."""
    export = Export(path)
    points, damage = Points(), list[Damage]()
    began: float | None = None
    for event in _events(export, _METRICS, points, damage):
        time = _moment(event)
        if event.get("type") == "training_stats_scalar":
            began = time if began is None and time == time else began
            _scalar(event, time, points)
    series = points.series()
    if not series:
        raise NotALogError(f"{path}: a ClearML session without a scalar")
    output = StoredOutput(export.source(_PRINTED))
    replaced: set[tuple[str, float]] = set()
    for event in _events(export, _PRINTED, points, damage) if _PRINTED in export else ():
        said = str(event.get("msg") or "")
        output.take("", f"{said}\n", _moment(event), 0)
        replaced.update(
            (kind, number) for kind, text in _REPLACED.findall(said) if (number := _number(text)) is not None
        )
    series, warnings = _not_finite(series, replaced)
    name, settings = _task(export)
    return (
        Log(
            str(path),
            NAME,
            series,
            settings,
            tuple(replace(event, step=None) for event in output.events(lambda _: None)),
            (*damage, *(replace(lost, after_step=points.last_step()) for lost in export.damage)),
            (*points.warnings(), *warnings, *output.warnings()),
            trainer=NAME,
            group_hint=name,
            first_time=began,
        ),
    )


def _events(export: Export, name: str, points: Points, damage: list[Damage]) -> Iterator[Mapping[str, Json]]:
    for line, offset in export.lines(name):
        if not line.strip():
            continue
        try:
            sent = loads(line)
        except ValueError:
            whole = _whole_part(line)
            yield from whole
            end = offset + len(line.encode("utf-8", "replace")) - 1
            reason = "a list of events cut off or broken"
            damage.append(Damage(str(export.source(name)), offset, end, reason, None, points.last_step()))
            continue
        yield from (event for event in (sent if isinstance(sent, list) else [sent]) if isinstance(event, dict))


def _whole_part(line: str) -> Iterator[Mapping[str, Json]]:
    """The events of a list that was cut, up to the cut."""
    end = line.rfind("}, {")
    try:
        sent = loads(line[: end + 1] + "]") if end > 0 else None
    except ValueError:
        return
    yield from (event for event in sent if isinstance(event, dict)) if isinstance(sent, list) else ()


def _scalar(event: Mapping[str, Json], time: float, points: Points) -> None:
    title, series = str(event.get("metric")), str(event.get("variant"))
    if title.startswith(_SYSTEM):
        return
    tag = title if title == series else f"{title}/{series}"
    try:
        points.add(tag, number_of(event.get("iter")), number_of(event.get("value")), time)
    except ValueError:
        points.leave_out(tag)


def _moment(event: Mapping[str, Json]) -> float:
    """Seconds UTC; ClearML counts in milliseconds."""
    time = event.get("timestamp")
    return float(time) / 1000 if isinstance(time, int | float) else float("nan")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _not_finite(
    series: dict[str, RawSeries], replaced: set[tuple[str, float]]
) -> tuple[dict[str, RawSeries], list[Warning]]:
    """The points that ClearML gave another number because theirs was not finite, as what they were.

    Only where its own output says that it did so, in series that were far from that number right before.
    """
    import numpy as np

    out, warnings = dict(series), list[Warning]()
    was = {"NaN": np.nan, "inf": np.inf}
    for number in {number for _, number in replaced}:
        kinds = [kind for kind, given in replaced if given == number]
        value = was[kinds[0]] if len(kinds) == 1 else np.nan
        for tag, one in series.items():
            if not is_known_name(tag) or _RATES.search(tag):
                continue
            broken = _from_afar(one, number)
            if broken.any():
                out[tag] = replace(one, value=np.where(broken, value, one.value))
                text = (
                    f"'{tag}': {int(broken.sum())} points of exactly {number} (from step {int(one.step[broken][0])}) "
                    "were not finite: ClearML reports this number for those, and its output says that it did"
                )
                warnings.append(Warning("not-finite-replaced", text))
    return out, warnings


def _from_afar(one: RawSeries, number: float) -> BoolArray:
    """The points of exactly ``number`` that come in one go behind a point far from it; none where it was there before
    it was far, as what starts there may come back."""
    import numpy as np

    there = one.value == number
    out = np.zeros(there.size, dtype=bool)
    starts = np.flatnonzero(there[1:] & ~there[:-1]) + 1
    if there.size == 0 or there[0]:
        return out
    for start in starts:
        if abs(one.value[start - 1] - number) > FAR:
            stop = start + int(np.argmin(there[start:])) if not there[start:].all() else there.size
            out[start:stop] = True
    return out


def _task(export: Export) -> tuple[str | None, tuple[Setting, ...]]:
    """The name of the task and its hyper-parameters, those of the section that programs write to without it."""
    try:
        task = loads(export.text(_TASK))
    except (ValueError, LosslensError):
        return None, ()
    if not isinstance(task, dict):
        return None, ()
    settings = []
    sections = task.get("hyperparams")
    for section, params in sections.items() if isinstance(sections, dict) else ():
        for name, param in params.items() if isinstance(params, dict) else ():
            text = param.get("value") if isinstance(param, dict) else None
            if isinstance(text, str):
                prefix = "" if section in _UNNAMED else f"{section}."
                source = f"{export.source(_TASK)}:{section}/{name}"
                settings.append(Setting(prefix + name.replace("/", "."), plain_setting(text), source))
    called = task.get("name")
    return (called if isinstance(called, str) else None), tuple(settings)
