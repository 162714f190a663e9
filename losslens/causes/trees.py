"""What to do where trees are boosted: there is no optimizer, no gradient norm, no layer and no statistics to change."""

from __future__ import annotations

import re

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs.build import num, where
from losslens.model import Fix
from losslens.patterns import compiled
from losslens.roles.boosting import boosts


def boosted(facts: Facts) -> bool:
    """Trees are grown here."""
    return boosts(facts.trainer, facts.tags)


STEP = (
    Fix(
        "Lower the learning rate (eta) below 1, to 0.1 or 0.3: each tree then corrects a share of what is wrong, not "
        "more than all of it"
    ),
    Fix("Hold the leaves back: a larger lambda and min_child_weight, or a max_delta_step; trees less deep"),
    Fix("Check the objective and the scale of the targets (base_score, logarithm of targets over several decades)"),
)
"""Where the optimizer of a net would be at fault."""

MISMATCH = (
    Fix("Evaluate on a piece of the training data as well: bad there too means how the model is called, not the data"),
    Fix("Check that both get the same columns in the same order, the same categories and the same missing values"),
    Fix("Look for a column that tells the target in training alone: a row number, a date, a mean over the targets"),
)

LABELS = (
    Fix("Look at the 50 rows with the largest errors, with their targets"),
    Fix("Join rows and targets once more, and check that both are shuffled together"),
    Fix("Take a robust objective (huber, l1), and hold the leaves back: a larger min_child_weight or lambda"),
)

OF_NETS = frozenset(
    {
        "learning-rate-too-high",
        "lr-schedule-jump",
        "missing-warmup",
        "batch-size-change",
        "exploding-gradients",
        "vanishing-gradients",
        "low-precision-state",
        "adam-instability",
        "attention-logit-growth",
        "output-logit-drift",
        "weight-growth",
        "self-recovering-spike",
    }
)
"""Causes whose fixes speak of optimizers, gradients and layers."""

NET = compiled(
    r"gradient|optimi[sz]er|weight decay|dropout|layer|activation|running statistics|\bbf?16|fp(?:16|32)|batch(?:es)?\b"
    r"|anomaly detection|checkpoint|logits|learning rate (?:up|from)",
    re.IGNORECASE,
)
"""Words of advice that trees have no use for."""


def for_trees(facts: Facts, cause: str, own: tuple[Fix, ...]) -> tuple[Fix, ...]:
    """The step of a tree where a net's optimizer is at fault, else what trees can do of a cause's ``own`` advice."""
    match cause:
        case "overfitting":
            return _overfitting(facts)
        case "train-eval-mismatch":
            return MISMATCH
        case "label-noise":
            return LABELS
        case _ if cause in OF_NETS:
            return STEP
    return tuple(Fix(f.text) for f in own if NET.search(f.text) is None) or STEP


def _overfitting(facts: Facts) -> tuple[Fix, ...]:
    v = facts.validation
    best = f" ({where(facts, v.lowest_step)}, {num(v.lowest)})" if v is not None else ""
    return (
        Fix(f"Keep the trees up to the best evaluation{best}, and stop there next time (early_stopping_rounds)"),
        Fix("Let each tree say less: a lower learning rate (eta), with more rounds and early stopping"),
        Fix(
            "Hold the trees back: less deep, fewer leaves, a larger min_child_weight or min_data_in_leaf, part of the "
            "rows and columns for each (subsample, colsample_bytree)"
        ),
    )
