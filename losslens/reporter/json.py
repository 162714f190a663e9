"""The JSON report: the stable contract, strict, and complete enough to be rendered again.

Numbers are numbers; NaN and infinities are the strings "NaN", "Infinity", "-Infinity"; every key is always present
and null means "not logged" or "does not apply"; keys are sorted. ``report.schema.json`` beside this file says it in
JSON Schema. :func:`from_json` turns a saved report into an :class:`~losslens.model.Analysis` again.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from losslens import model
from losslens.errors import ParseError
from losslens.model import Analysis, Curve, Diagnosis, Judgement, RunReport

#: Raised when a key changes its meaning; new keys alone do not raise it.
SCHEMA = 1

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def render_json(analysis: Analysis) -> str:
    """The analysis as one JSON document, lists of numbers on one line, a newline at the end."""
    return _dump(document(analysis)) + "\n"


def document(analysis: Analysis) -> dict[str, Any]:
    """The analysis as plain dicts, lists, strings and finite numbers."""
    return {
        "schema": SCHEMA,
        "losslens": analysis.version,
        "paths": list(analysis.paths),
        "runs": [run_document(run) for run in analysis.runs],
        "skipped": [_plain(skipped) for skipped in analysis.skipped],
    }


def run_document(run: RunReport) -> dict[str, Any]:
    """One run: the fields of its report, with judgement and diagnosis spread out beside them."""
    fields = {f.name: getattr(run, f.name) for f in dataclasses.fields(run)}
    roles, judgement, diagnosis, curves = (fields.pop(k) for k in ("roles", "judgement", "diagnosis", "curves"))
    out: dict[str, Any] = {key: _plain(value) for key, value in fields.items()}
    for part in (judgement, diagnosis):
        out |= {f.name: _plain(getattr(part, f.name)) for f in dataclasses.fields(part)}
    by_role: dict[str, list[str]] = {}
    for choice in roles:
        by_role.setdefault(choice.role.value, []).append(choice.tag)
    out["roles"] = by_role
    out["series"] = _plain(roles)
    out["settings"] = {name: {"value": _plain(s.value), "source": s.source} for name, s in run.settings.items()}
    out["settings_order"] = list(run.settings)
    out["curves"] = {curve.tag: _curve(curve) for curve in curves}
    out["curve_order"] = [curve.tag for curve in curves]
    return out


def _curve(curve: Curve) -> dict[str, Any]:
    return {key: value for key, value in _plain(curve).items() if key != "tag"}


def _plain(value: Any) -> Any:
    """``value`` without dataclasses, enums, tuples, NumPy scalars and non-finite numbers."""
    if value is None or isinstance(value, (str, bool)):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return _number(float(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        return _plain(value.item())
    raise TypeError(f"a report cannot hold a {type(value).__name__}")


def _number(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _dump(value: Any, indent: int = 0) -> str:
    """Like ``json.dumps(indent=1, sort_keys=True)``, but a list of plain values stays on one line."""
    pad, end = " " * (indent + 1), " " * indent
    if isinstance(value, dict) and value:
        rows = (f"{pad}{_scalar(key)}: {_dump(value[key], indent + 1)}" for key in sorted(value))
        return "{\n" + ",\n".join(rows) + f"\n{end}}}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return "[\n" + ",\n".join(pad + _dump(item, indent + 1) for item in value) + f"\n{end}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=True)


# --------------------------------------------------------------------------- and back


def from_json(text: str) -> Analysis:
    """The analysis that a saved report was written from.

    Raises :class:`~losslens.errors.ParseError` when the text is not a losslens report or comes from a newer schema.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ParseError(f"not a losslens report: {error}") from error
    if not isinstance(data, dict) or "losslens" not in data or "runs" not in data:
        raise ParseError("not a losslens report: no 'losslens' and 'runs' keys")
    if data.get("schema") != SCHEMA:
        raise ParseError(f"this losslens reads reports of schema {SCHEMA}, not {data.get('schema')!r}: update losslens")
    try:
        return Analysis(
            runs=tuple(_run(run) for run in data["runs"]),
            skipped=_build(tuple[model.Skipped, ...], data["skipped"]),
            version=str(data["losslens"]),
            paths=tuple(data.get("paths", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(f"a losslens report that cannot be read: {type(error).__name__}: {error}") from error


def _run(data: dict[str, Any]) -> RunReport:
    curves = data["curves"]
    order = data.get("curve_order") or sorted(curves)
    settings = data["settings"]
    spread = {
        "judgement": {f.name: data[f.name] for f in dataclasses.fields(Judgement)},
        "diagnosis": {f.name: data[f.name] for f in dataclasses.fields(Diagnosis)},
        "roles": data["series"],
        "settings": {name: {"name": name, **settings[name]} for name in data.get("settings_order", settings)},
        "curves": [{"tag": tag, **curves[tag]} for tag in order],
    }
    built: RunReport = _build(RunReport, data | spread)
    return built


def _build(kind: Any, value: Any) -> Any:
    """``value`` (from JSON) as the annotated type ``kind`` of the model."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        kinds = [argument for argument in arguments if argument is not types.NoneType]
        return _build(kinds[0], value) if len(kinds) == 1 else value
    if origin is tuple:
        return tuple(_build(arguments[0], item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _build(arguments[1], item) for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        names = [f.name for f in dataclasses.fields(kind) if f.name in value]
        return typing.cast(type[Any], kind)(**{name: _build(hints[name], value[name]) for name in names})
    if kind is float and isinstance(value, str):
        return _NON_FINITE[value]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    return value
