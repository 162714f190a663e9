"""A healthy run that looks ill three times: cosine learning rate with warm restarts, the loss jumps at each.

Keras with its CSVLogger; the learning rate is in the log, and every rise of the loss follows it.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

from tests.zoo.samples.story import Truth, fresh

FOLDER = "8-warm-restarts"
README = """
Healthy: Keras with a cosine learning rate that restarts at 0.1 every 20 epochs, written by `CSVLogger`; the loss jumps at each restart.
Nothing went wrong: each cycle ends lower than the one before it.
"""  # noqa: E501
EPOCHS, PERIOD, PEAK, FLOOR = 60, 20, 0.1, 1e-4


def make(folder: Path) -> list[Truth]:
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    from sklearn.datasets import make_classification
    from sklearn.preprocessing import StandardScaler

    fresh(folder, README)
    keras.utils.set_random_seed(8)
    x, y = make_classification(
        n_samples=10000, n_features=20, n_informative=12, n_classes=4, flip_y=0.1, class_sep=1.2, random_state=8
    )
    x = StandardScaler().fit_transform(x)
    model = keras.Sequential(
        [
            keras.Input((20,)),
            keras.layers.Dense(24, activation="relu"),
            keras.layers.Dense(24, activation="relu"),
            keras.layers.Dense(6, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.SGD(PEAK, momentum=0.9, weight_decay=5e-3)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [
        keras.callbacks.LearningRateScheduler(cosine),
        keras.callbacks.CSVLogger(str(folder / "training.csv")),
    ]
    data = {"x": x[:8000], "y": y[:8000], "validation_data": (x[8000:], y[8000:])}
    model.fit(**data, epochs=EPOCHS, batch_size=128, callbacks=callbacks, verbose=0)
    return [Truth(f"{FOLDER}/training.csv", ("healthy",))]


def cosine(epoch: int, _: float | None = None) -> float:
    """The rate of an epoch: from PEAK to FLOOR along half a cosine, again every PERIOD epochs."""
    return FLOOR + (PEAK - FLOOR) * 0.5 * (1 + math.cos(math.pi * (epoch % PERIOD) / PERIOD))
