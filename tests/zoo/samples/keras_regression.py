"""The regression of many Keras tutorials: targets in the hundreds, never scaled; NaN at once, cured by clipping.

``history.history`` saved as JSON, one file a run. The clipped runs are the twins: same seed, same order of the
data.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.zoo.samples.story import Truth, fresh

FOLDER = "2-keras-regression"
README = """
A Keras regression on targets that nobody scaled (standard deviation about 160): with SGD 0.01 the loss is NaN from the first epoch (`raw.json`).
The same seed with `clipnorm=1.0` and with `clipvalue=5.0` learns; each file is `history.history` saved with `json.dump`.
"""  # noqa: E501
CLIPPING: dict[str, dict[str, float]] = {"raw": {}, "clipnorm": {"clipnorm": 1.0}, "clipvalue": {"clipvalue": 5.0}}


def make(folder: Path) -> list[Truth]:
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    from sklearn.datasets import make_regression

    fresh(folder, README)
    x, y = make_regression(n_samples=1000, n_features=20, noise=0.1, random_state=1)
    for name, clipping in CLIPPING.items():
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((20,)),
                keras.layers.Dense(25, activation="relu", kernel_initializer="he_uniform"),
                keras.layers.Dense(1, activation="linear"),
            ]
        )
        optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9, **clipping)
        model.compile(loss="mean_squared_error", optimizer=optimizer)
        history = model.fit(x[:500], y[:500], validation_data=(x[500:], y[500:]), epochs=100, verbose=0)
        with open(folder / f"{name}.json", "w", encoding="utf-8") as file:
            json.dump(history.history, file)

    healthy = [Truth(f"{FOLDER}/{name}.json", ("healthy",)) for name in ("clipnorm", "clipvalue")]
    note = "epochs counted from 0; alone the causes cannot be told apart, with the clipped siblings these two lead"
    raw = Truth(f"{FOLDER}/raw.json", ("nan",), 0, 0, ("unscaled-data", "exploding-gradients"), note)
    return [raw, *healthy]
