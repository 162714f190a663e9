"""Lines that say of which data the numbers below them are: "Validation:", "Validation at epoch 5"."""

from __future__ import annotations

import re

from losslens.patterns import compiled

VALIDATION = compiled(
    r"(?P<chinese>验证|测试)|\b(?P<word>valid(?:ation|ating)?|val|eval(?:uation|uating)?|evl|test(?:ing)?|dev"
    r"|(?:held|hold)[ -]?out)(?:_epoch|_iter|_step)?\b",
    re.IGNORECASE,
)
_HEADING = compiled(r"\W*[A-Za-z]+(?: [A-Za-z]+){0,2}\W*")
_HEADING_AT = compiled(
    r"\W*(?:[A-Za-z]+ ){0,2}(?:validat|valid|val|evaluat|eval|test)(?:ion|ing)?"
    r"[,:]? (?:(?:at|of|for|after|in|on|the|end) )*(?:epoch|step|iter(?:ation)?|round)\W{0,3}\d+\W*",
    re.IGNORECASE,
)


def heading_of(text: str) -> str | None:
    """The split that a line without numbers announces for the lines under it, "val" or "train"; None for any other."""
    if len(text) > 40 or any(letter.isdigit() for letter in text) or not _HEADING.fullmatch(text):
        return None
    return "val" if VALIDATION.search(text) else "train" if "train" in text.lower() else None


def begins_evaluation(text: str) -> bool:
    """Whether a line announces an evaluation by its place alone: "Validation at epoch 5"."""
    return len(text) <= 40 and _HEADING_AT.fullmatch(text) is not None
