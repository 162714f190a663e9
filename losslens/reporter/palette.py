"""The colours of the picture and of the page, by what they mean. Chosen to be told apart by colour-blind readers."""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "page": "#ffffff",
    "ground": "#f5f7fa",
    "card": "#ffffff",
    "text": "#16202c",
    "dim": "#566170",
    "faint": "#8a95a3",
    "rule": "#d5dbe3",
    "grid": "#e8ecf1",
    "code": "#f3f5f9",
    "line": "#1f5fbf",
    "signal": "#3d6a8a",
    "onset": "#c8291e",
    "band": "#fbdcd6",
    "back": "#8a3ab9",
    "bar": "#1f5fbf",
    "good": "#1c7a3e",
    "warn": "#a85d00",
}

DARK: Mapping[str, str] = {
    "page": "#10151c",
    "ground": "#10151c",
    "card": "#181f29",
    "text": "#e6ebf2",
    "dim": "#a3afbe",
    "faint": "#7d8999",
    "rule": "#303a47",
    "grid": "#252e3a",
    "code": "#111820",
    "line": "#6ea8ff",
    "signal": "#8ab8d8",
    "onset": "#ff7a6b",
    "band": "#55262a",
    "back": "#d09bf5",
    "bar": "#6ea8ff",
    "good": "#6fcf8e",
    "warn": "#f0b45c",
}

#: A verdict's tone (words.tone) to the colour of its badge; white letters are readable on each.
VERDICT_COLOURS: Mapping[str, str] = {
    "bad": "#c8291e",
    "warn": "#a85d00",
    "note": "#1f5fbf",
    "good": "#1c7a3e",
    "none": "#566170",
}


def css_variables(colours: Mapping[str, str]) -> str:
    """The palette as CSS custom properties."""
    return "".join(f"--{name}:{value};" for name, value in colours.items())
