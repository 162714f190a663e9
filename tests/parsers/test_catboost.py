"""CatBoost's own folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from losslens import parsers
from losslens.parsers import catboost


@pytest.mark.parametrize(
    ("metric", "best", "tag"),
    [
        ("Logloss", "Min", "learn/Logloss"),
        ("MultiOneVsRest", "Min", "learn/MultiOneVsRest loss"),
        ("BrandNewGain", "Max", "learn/BrandNewGain"),
    ],
)
def test_a_metric_that_is_to_fall_is_named_a_loss(tmp_path: Path, metric: str, best: str, tag: str) -> None:
    told = [{"best_value": best, "name": metric}]
    rounds = [{"learn": [1.0 / (i + 1)], "iteration": i, "test": [1.1 / (i + 1)]} for i in range(30)]
    meta = {"learn_metrics": told, "test_metrics": told, "iteration_count": 30}
    (tmp_path / "catboost_training.json").write_text(json.dumps({"meta": meta, "iterations": rounds}))
    (tmp_path / "learn_error.tsv").write_text("iter\tx\n")
    assert parsers.claim_folder(tmp_path, ["catboost_training.json", "learn_error.tsv"]) == catboost.NAME
    (log,) = catboost.parse(tmp_path)
    assert tag in log.series
    np.testing.assert_array_equal(log.series[tag].step, np.arange(30))
