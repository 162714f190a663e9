"""Kaldi's nnet3: ``compute_prob_train.10.log`` and ``compute_prob_valid.10.log`` in its log folder, one an iteration.

LOG (nnet3-compute-prob[5.1]:PrintTotalStats():nnet-diagnostics.cc:164) Overall log-likelihood for 'output' is -1.23 per
frame, over 20000 frames. What is brought up is shown with its sign turned; a chain model's is the last of its sum.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from losslens.errors import NotALogError, ParseError
from losslens.model import Log, Warning
from losslens.parsers.opening import LogFile, peeked
from losslens.parsers.points import Points
from losslens.patterns import compiled

NAME = "kaldi"

_FILE = compiled(r"compute_prob_(?P<split>train|valid)\.(?P<iteration>\d{1,9})\.log")
_NUMBER = r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|nan|inf)"
_PROB = compiled(
    rf"Overall (?P<what>log-likelihood|log-probability|objective|accuracy) for '(?P<output>[\w.-]+)' is"
    rf" (?:{_NUMBER} \+ )*?(?:{_NUMBER} = )?(?P<number>{_NUMBER}) per frame",
    re.IGNORECASE,
)
#: Fewer files are no course; of a file so many bytes are read.
LEAST_FILES, MOST_BYTES = 3, 1 << 20


def sniff(path: Path, head: bytes) -> bool:
    """One file is a point and no course."""
    return False


def claims(path: Path, names: Sequence[str]) -> bool:
    files = [name for name in names if _FILE.fullmatch(name)]
    return len(files) >= LEAST_FILES and any(_PROB.search(_text(path / name)) for name in (files[0], files[-1]))


def owns(path: Path, name: str) -> bool:
    return _FILE.fullmatch(name) is not None


def parse(path: Path) -> tuple[Log, ...]:
    """One Log, a point a file. Raises NotALogError when no file of the folder tells a number."""
    found = [match for entry in path.iterdir() if (match := _FILE.fullmatch(entry.name))]
    points, silent = Points(), 0
    for match in sorted(found, key=lambda match: (int(match["iteration"]), match["split"])):
        told = list(_PROB.finditer(_text(path / match[0])))
        silent += not told
        for one in told:
            number = float(one["number"])
            if one["what"].lower() == "accuracy":
                tag = f"{match['split']}/{one['output']} accuracy"
            else:
                tag, number = f"{match['split']}/{one['output']} loss (objective, negated)", -number
            points.add(tag, float(match["iteration"]), number, float("nan"), axis="iteration")
    series = points.series()
    if not series:
        raise NotALogError(f"{path}: no file of it tells how likely the data are")
    text = f"{silent} of {len(found)} files tell no number: their jobs may have failed"
    warnings = [Warning("unreadable-files", text)] if silent else []
    return (Log(str(path), NAME, series, warnings=(*warnings, *points.warnings())),)


def _text(file: Path) -> str:
    try:
        if not peeked(file) or file.stat().st_size > MOST_BYTES:
            return ""
        return LogFile(file).document()
    except (OSError, ParseError):
        return ""
