"""The last values that W&B prints when a run ends, a name and a value a line: a summary, and no point of any course.

    wandb: Run summary:
    wandb: global_step 61118
    wandb:        loss 2.9235

The count among them may be another than the log's own. What a sweep prints of its settings has a colon behind the name.

DeepXDE says at the end what its best model measured, whose step may be the first: no job that was started again.
"""

from __future__ import annotations

import re

from losslens.patterns import compiled

MARK = "wandb"
_COLOUR = r"(?:\x1b\[[0-9;]*m)*"
#: Names as W&B shows them, also with blanks, and one value with a digit; "step 3 loss 0.5" is a program's own line.
_LINE = compiled(
    rf".{{0,80}}?(?<![\w/.-]){_COLOUR}{MARK}{_COLOUR}:{_COLOUR}\s+"
    r"[^\s:=,|'\"{}]*[^\W\d][^\s:=,|'\"{}]*(?:[ ](?=[^\s]*[^\W\d])[^\s:=,|'\"{}]+){0,5}"
    rf"\s+(?:[^\s,{{}}]*\d[^\s,{{}}]*|nan|-?inf(?:inity)?){_COLOUR}\s*",
    re.IGNORECASE,
)
_LONGEST = 300
BEST_MARK = "Best model at step "
_BEST_MODEL = compiled(
    rf"^{BEST_MARK}\d+:[^\S\n]*\n(?:[^\S\n]+(?:train|test) (?:loss|metric)\b.*(?:\n|\Z)){{1,4}}", re.MULTILINE
)


def without_summary(lines: list[str]) -> list[str]:
    """The lines with those of such a summary left empty, so that every line keeps its number."""
    return ["" if MARK in line and len(line) <= _LONGEST and _LINE.fullmatch(line) else line for line in lines]


def without_best_model(text: str) -> str:
    """The text with the lines of such a best model left empty."""
    return _BEST_MODEL.sub(lambda told: "\n" * told[0].count("\n"), text)
