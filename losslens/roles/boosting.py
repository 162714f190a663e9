"""Whether trees are boosted here, told by the trainer and by how its columns are named."""

from __future__ import annotations

from collections.abc import Iterable

from losslens.patterns import compiled

BOOSTERS = frozenset({"xgboost", "lightgbm", "catboost"})

BOOSTED = compiled(
    r"^(?:train(?:ing)?|eval|valid(?:ation)?(?:_\d+)?|test|learn)(?:-|'s |_0-|_1-)"
    r"(?:rmse|mae|mape|logloss|mlogloss|binary_logloss|multi_logloss|merror|error|auc|l1|l2|rmsle|ndcg|map"
    r"|rmspe|mphe|aucpr|[a-z]+-nloglik|[a-z]+-deviance|multi_error|binary_error|quantile|huber|fair|gini)\b"
)
"""How XGBoost and LightGBM name what they print: "train-rmse", "valid_0's l2"."""


def boosts(trainer: str | None, tags: Iterable[str]) -> bool:
    """Trees are grown here: each round goes over all data, and there is no optimizer, gradient norm or layer."""
    return (trainer or "").lower() in BOOSTERS or any(BOOSTED.search(tag) for tag in tags)
