"""Files of settings: hparams.yaml, args.yaml, config.json, .hydra/config.yaml, params.json, training_args.json.

Read with a loader that builds plain values only: a tag such as ``!!python/object`` names code to run
and is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from losslens.model import Setting, SettingValue
from losslens.parsers.json_reading import Json, flatten

NAME = "settings"

MAX_SETTINGS = 2_000
MAX_YAML_BYTES = 4 << 20
MAX_TEXT = 500
_YAML_LINE = re.compile(r"^(?:- )?['\"]?[\w./ -]+['\"]?\s*:(?:\s|$)")


def flat_settings(value: Mapping[str, Json], path: Path, prefix: str = "") -> tuple[Setting, ...]:
    """Nested settings as one tuple, names joined by dots, each with the file and key it came from."""
    settings: list[Setting] = []
    for name, item in flatten(value, prefix, "."):
        plain = _plain(item)
        if plain is not _NOTHING:
            settings.append(Setting(name, plain, f"{path}:{name}"))  # type: ignore[arg-type]
        if len(settings) >= MAX_SETTINGS:
            break
    return tuple(settings)


_NOTHING = object()


def _plain(item: Json) -> SettingValue | object:
    """A scalar as it is; a short list of scalars as its text; anything else is no setting."""
    if item is None or isinstance(item, bool | int | float):
        return item
    if isinstance(item, str):
        return item if len(item) <= MAX_TEXT else item[:MAX_TEXT] + "…"
    if isinstance(item, list) and len(item) <= 64 and not any(isinstance(part, list | dict) for part in item):
        return "[" + ", ".join(str(part) for part in item) + "]"
    return _NOTHING
