"""What learners outside of deep learning print each round: XGBoost, LightGBM, scikit-learn.

python -m tests.parsers.data.make_printed_trees [name ...]
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from tests.parsers.data.capture import Truth, make


def points(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 6))
    return x, x[:, 0] * x[:, 1] + np.sin(x[:, 2]) + 0.1 * rng.normal(size=n)


def xgboost(here: Path) -> None:
    import xgboost

    x, y = points()
    train, val = xgboost.DMatrix(x[:200], y[:200]), xgboost.DMatrix(x[200:], y[200:])
    history: dict = {}
    settings = {"max_depth": 3, "eta": 0.3, "seed": 0, "nthread": 1}
    xgboost.train(settings, train, 40, evals=[(train, "train"), (val, "valid")], evals_result=history)
    truth = Truth()
    for split, metrics in history.items():
        for name, values in metrics.items():
            for step, value in enumerate(values):
                truth.add(step, {f"{split}-{name}": value})
    truth.save(here / "train.log")


def lightgbm(here: Path) -> None:
    import lightgbm

    x, y = points()
    train = lightgbm.Dataset(x[:200], y[:200])
    val = lightgbm.Dataset(x[200:], y[200:], reference=train)
    history: dict = {}
    lightgbm.train(
        {"objective": "regression", "metric": ["l2", "l1"], "num_leaves": 15, "seed": 0, "num_threads": 1},
        train,
        40,
        valid_sets=[train, val],
        valid_names=["training", "valid_1"],
        callbacks=[lightgbm.log_evaluation(1), lightgbm.record_evaluation(history)],
    )
    truth = Truth()
    for split, metrics in history.items():
        for name, values in metrics.items():
            for step, value in enumerate(values, start=1):
                truth.add(step, {f"{split}'s {name}": value})
    truth.save(here / "train.log")


def sklearn_mlp(here: Path) -> None:
    from sklearn.neural_network import MLPRegressor

    x, y = points()
    net = MLPRegressor(hidden_layer_sizes=(32,), max_iter=60, random_state=0, verbose=True, learning_rate_init=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        net.fit(x, y)
    truth = Truth()
    for step, loss in enumerate(net.loss_curve_, start=1):
        truth.note(step, loss=loss)
    truth.save(here / "train.log")


def sklearn_boosting(here: Path) -> None:
    from sklearn.ensemble import GradientBoostingRegressor

    x, y = points()
    trees = GradientBoostingRegressor(n_estimators=40, verbose=2, random_state=0, subsample=0.8)
    trees.fit(x, y)
    truth = Truth()
    for step, loss in enumerate(trees.train_score_, start=1):
        truth.add(step, {"Train Loss": loss, "OOB Improve": trees.oob_improvement_[step - 1]})
    truth.save(here / "train.log")


MAKERS = {f.__name__: f for f in (xgboost, lightgbm, sklearn_mlp, sklearn_boosting)}


def main() -> None:
    make(MAKERS)


if __name__ == "__main__":
    main()
