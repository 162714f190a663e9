"""The name that a printed line gives its training: "LSTM_e2 Epoch 1: …", "[fold 3] epoch 1 …"."""

from __future__ import annotations

import re
from functools import lru_cache

from losslens.languages import said
from losslens.patterns import compiled

#: Words at the beginning of a line that say what was measured or printed, by whom, or which part of one job this is.
_NO_PREFIX = compiled(
    r"train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev|epoch|end|of|at|after|in|the|for|on|from|avg|average"
    r"|mean|loss|error|cost|info|debug|warning|root|log|main|best|new|current|summary|results?|metrics?|stats?|done|finished"
    r"|progress|global|local|total|rank|worker|node|gpu|cuda|device|process|proc|client|agent|actor|critic|policy|env"
    r"|generator|discriminator|gen|disc|stage|phase|task|round|cycle|level|pre-?train\w*|fine-?tun\w*|warm-?up|step|iter\w*"
    rf"|batch|{said('client', 'round', 'epoch', 'step', 'train', 'validation', 'test')}"
    r"|pass|time|elapsed|eta|s|m|h|d|g|is|and|saved?|start\w*|begin\w*|running|learning|optimi[sz]ing|fitting",
    re.IGNORECASE,
)
_WORDS = compiled(r"[A-Za-z]+")
_ANYWHERE = compiled(r"\b(?:fold|seed|trial)\W{0,3}\d+\b|^\W{0,2}(?:fold|seed|trial)_\d+\b", re.IGNORECASE)
_QUOTES = compiled(r"['\"{}]")
_ANYWHERE_WORDS = ("fold", "seed", "trial")
_COLON = compiled(r"(?<=\w)\s*[:#]\s*(?=\w)")
#: What stands between a name and the number of its place: "Fold 0 Epoch 3".
_WORD_OF_PLACE = compiled(r"(?<=[\s|,:;\])-])(?:epoch|ep|step|iter(?:ation)?)\W*$", re.IGNORECASE)
_EDGES = compiled(r"^[\W_]+|[\W_]+$")
#: A time of day names no training.
_CLOCK = compiled(r"\d\d:\d\d:\d\d")
#: What stands before a place and is longer than this is a message.
LONGEST_NAME = 60


def name_on(text: str, start: int) -> str:
    """The name of a training on a line whose place begins at ``start``: before it, or a fold or a seed anywhere."""
    if 0 < start <= LONGEST_NAME and (name := _name_before(text[:start])):
        return name
    low = text.lower()
    if not any(word in low for word in _ANYWHERE_WORDS):  # the search for a pattern takes ten times as long
        return ""
    return bare(match[0]) if (match := _ANYWHERE.search(text)) else ""


@lru_cache(maxsize=1024)
def _name_before(text: str) -> str:
    if _CLOCK.search(text) or "{" in text:
        return ""  # inside a dictionary stand its numbers
    name = bare(_WORD_OF_PLACE.sub("", text))
    if "," in name:  # "2shot_e5,EVAL,epoch=5.00": what was measured is no part of whose it is
        name = ",".join(part for part in name.split(",") if _names(part))
    return name if _names(name) else ""


def _names(text: str) -> bool:
    """Whether one of the words of a text may name a training."""
    words = _WORDS.findall(text)
    return bool(words) and not all(_NO_PREFIX.fullmatch(word) for word in words)


def bare(text: str) -> str:
    """A text without the brackets, lines and blanks around it, as a name may be written."""
    return _EDGES.sub("", " ".join(_COLON.sub(" ", _QUOTES.sub("", text)).replace("/", " of ").split()))
