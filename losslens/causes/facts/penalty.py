"""Whether the first loss is a penalty on what the net says, and no error against data."""

from __future__ import annotations

import re

from losslens.model import Role, Run, Series
from losslens.patterns import compiled

PENALTY = compiled(
    r"(?<![a-z])(?:kl|kld|kl_?div\w*|kullback\w*|regulari[sz]\w*|reg|l2_?reg|commit\w*)(?![a-z])", re.IGNORECASE
)
"""Names of terms that measure latents, codes or weights: their size tells nothing of how the data are scaled."""

MOST_OF_IT = 0.9
"""Share of the first loss from which it is that term."""


def penalty_of(run: Run, loss: Series) -> str:
    """The term that makes up nearly all of the first value of a loss; "" where none does."""
    if not len(loss) or not loss.value[0] > 0:
        return ""
    for tag in run.tags(Role.LOSS_COMPONENT, Role.KL):
        s = run.series[tag].current()
        at = s.value[s.step == loss.step[0]]
        if PENALTY.search(tag) and at.size and MOST_OF_IT * loss.value[0] < at[0] <= loss.value[0] / MOST_OF_IT:
            return tag
    return ""
