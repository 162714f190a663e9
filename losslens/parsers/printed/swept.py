"""Trainings of a sweep that say on each of their lines what they try: "Epoch 1/10, Gamma: 0.0, Decay Rate: 0.0001"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from losslens.patterns import compiled

#: Settings that a sweep goes through.
SWEPT = (
    r"lr|learning[ _]?rate|eta|batch[ _]?size|bs|dropout|weight[ _]?decay|wd|l2|lambda|alpha|beta|gamma|momentum"
    r"|hidden(?:[ _]?(?:size|dim|units|layers))?|n?_?(?:layers|heads|units|hidden|filters)|num[ _]layers|d_model|dim"
    r"|width|depth|activation|optimi[sz]er|init(?:iali[sz]ation)?|temperature|warm-?up|scheduler"
    r"|seq(?:uence)?[ _]?len(?:gth)?|lora_r"
)
_ON_LINES = compiled(rf"{SWEPT}|(?:\w+[ _])?decay(?:[ _]rate)?|seed|folds?|trial", re.IGNORECASE)
#: What may change from stage to stage of one training.
_OF_A_STAGE = compiled(r"lr|learning[ _]?rate|eta|batch[ _]?size|bs", re.IGNORECASE)
#: So many trainings, at least, say on their lines what they try.
LEAST_SWEPT = 3


def swept(parts: Sequence[Sequence[Mapping[str, float]]]) -> list[tuple[str, ...]]:
    """What each stretch of lines says that it tries; nothing where they do not tell several trainings of a sweep.

    ``parts``: the numbers on the lines of each stretch at whose beginning the count begins again. A setting is the same
    on all lines of a stretch, and no two stretches have the same settings.
    """
    if len(parts) < LEAST_SWEPT or not all(parts) or len(parts[0]) < 2:
        return []
    names = [name for name in parts[0][0] if _ON_LINES.fullmatch(name)]
    names = [name for name in names if all(len({line.get(name) for line in part}) == 1 for part in parts)]
    if any(name not in part[0] for name in names for part in parts):
        return []
    told = [tuple(part[0][name] for name in names) for part in parts]
    tried = [i for i in range(len(names)) if len({one[i] for one in told}) > 1]
    if len(set(told)) < len(told) or all(_OF_A_STAGE.fullmatch(names[i]) for i in tried):
        return []
    return [tuple(f"{names[i].replace(' ', '_')}={one[i]:g}" for i in tried) for one in told]
