"""The colours of the picture and of the page, by what they mean. Chosen to be told apart by colour-blind readers."""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "page": "#ffffff",
    "card": "#ffffff",
    "text": "#16202c",
    "dim": "#5a6675",
    "faint": "#98a2b0",
    "rule": "#cbd2db",
    "grid": "#e8ecf1",
    "line": "#1f5fbf",
    "signal": "#3f6f8f",
    "onset": "#c8291e",
    "band": "#fbdcd6",
    "back": "#8a3ab9",
    "bar": "#1f5fbf",
}

#: A verdict's tone (words.tone) to the colour of its badge; white letters are readable on each.
VERDICT_COLOURS: Mapping[str, str] = {
    "bad": "#c8291e",
    "warn": "#a85d00",
    "note": "#1f5fbf",
    "good": "#1c7a3e",
    "none": "#5a6675",
}
