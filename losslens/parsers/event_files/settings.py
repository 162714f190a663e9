"""Hyper-parameters and text summaries of an event file -> settings."""

from __future__ import annotations

from collections.abc import Iterable

from losslens.model import Setting
from losslens.parsers.event_files.events import Value


def settings_of(values: Iterable[Value], source: str) -> tuple[Setting, ...]:
    return ()
