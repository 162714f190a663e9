"""Saved reports: an analysis read back from JSON, shown again without its logs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from losslens.errors import ParseError, UsageError
from losslens.model import Analysis, RunReport
from losslens.reporter.json import from_json
from losslens.runs import unique_names

#: A report of losslens names its program this early; its keys are sorted.
REPORT_HEAD_BYTES = 256


def saved_reports(paths: Sequence[str]) -> Analysis | None:
    """The analysis that these JSON reports hold together, worst run first; None when the paths are logs.

    Raises UsageError for a mixture of both, ParseError for a report that cannot be read.
    """
    ours = [path for path in paths if _is_report(path)]
    if not ours:
        return None
    if len(ours) < len(paths):
        raise UsageError("saved reports and logs cannot be analysed together: give the one or the other")
    analyses = [_read(path) for path in ours]
    reports = sorted((run for a in analyses for run in a.runs), key=worst_first)
    names = unique_names([report.name for report in reports])
    named = tuple(replace(report, id=name, name=name) for report, name in zip(reports, names, strict=True))
    skipped = tuple(item for a in analyses for item in a.skipped)
    return Analysis(named, skipped, analyses[0].version, tuple(path for a in analyses for path in a.paths))


def worst_first(report: RunReport) -> tuple[int, str, str]:
    """The order of the runs in every report."""
    return report.verdict.severity, report.project, report.name


def _is_report(path: str) -> bool:
    if not path.endswith(".json") or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return b'"losslens"' in file.read(REPORT_HEAD_BYTES)
    except OSError:
        return False  # the search for logs says why


def _read(path: str) -> Analysis:
    try:
        with open(path, encoding="utf-8") as file:
            return from_json(file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise ParseError(f"{path}: the saved report cannot be read: {error}") from error
    except ParseError as error:
        raise ParseError(f"{path}: {error}") from error
