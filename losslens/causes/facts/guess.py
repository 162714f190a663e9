"""What an accuracy says of a loss at ln C: that it is no guess."""

from __future__ import annotations

import numpy as np

from losslens.model import Role, Run

FIRST = 3
"""Values of an accuracy that were logged with a first loss."""

OF_THE_WAY = 0.5
"""Share of the way from a guess to all right from which on nobody guesses."""


def knows_more(run: Run, classes: int) -> bool:
    """Whether an accuracy is from its first values on far above that of a uniform guess among so many classes.

    A loss at ln C then has another reason: probabilities that went through a second softmax, labels of one class.
    """
    for tag in run.tags(Role.ACCURACY):
        value = run.series[tag].current().value[:FIRST]
        value = value[np.isfinite(value)]
        if value.size:
            share = float(np.median(value)) / (100.0 if value.max() > 1.0 else 1.0)
            return share > 1.0 / classes + OF_THE_WAY * (1.0 - 1.0 / classes)
    return False
