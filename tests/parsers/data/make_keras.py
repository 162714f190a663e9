"""Keras' own logs: CSVLogger and ``history.history``; run with TensorFlow's Keras 3 installed.

    python -m tests.parsers.data.make_keras

tests/parsers/expected holds what a callback saw at the end of each epoch.
"""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np

from tests.parsers import truth as kept

HERE = Path(__file__).parent / "keras"


class Truth(keras.callbacks.Callback):
    """Every number the training produced, as Python repr strings keep them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, list[list[float]]] = {}

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        for name, value in (logs or {}).items():
            self.seen.setdefault(name, []).append([epoch, float(value)])

    def save(self, path: Path) -> None:
        kept.save(path, self.seen)


def model(rate: float, **options: float) -> keras.Model:
    keras.utils.set_random_seed(1)
    net = keras.Sequential(
        [keras.Input((20,)), keras.layers.Dense(25, "relu", kernel_initializer="he_uniform"), keras.layers.Dense(1)]
    )
    net.compile(keras.optimizers.SGD(rate, momentum=0.9, **options), "mean_squared_error", metrics=["mae"])
    return net


def data(scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 20))
    return x, scale * (x @ rng.normal(size=20))


def fit(net: keras.Model, xy: tuple, callbacks: list, epochs: int, first: int = 0, split: float = 0.25):
    return net.fit(
        *xy, epochs=epochs, initial_epoch=first, verbose=0, validation_split=split, callbacks=callbacks, batch_size=50
    )


def main() -> None:
    HERE.mkdir(exist_ok=True)
    truth = Truth()
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    path = HERE / "training.csv"
    fit(model(0.01), data(), [halve, keras.callbacks.CSVLogger(path), truth], 12)
    truth.save(path)

    truth = Truth()
    path = HERE / "nan.csv"  # unscaled targets: NaN after a few epochs
    fit(model(0.05), data(1e4), [keras.callbacks.CSVLogger(path), truth], 8)
    truth.save(path)

    truth = Truth()
    path = HERE / "resumed.csv"  # appended to, from an earlier epoch, with a semicolon
    net = model(0.01)
    fit(net, data(), [keras.callbacks.CSVLogger(path, separator=";"), truth], 6)
    fit(net, data(), [keras.callbacks.CSVLogger(path, separator=";", append=True), truth], 10, first=4)
    truth.save(path)

    truth = Truth()
    path = HERE / "history.json"
    history = fit(model(0.05), data(1e4), [truth], 8)
    path.write_text(json.dumps(history.history))
    truth.save(path)

    truth = Truth()
    path = HERE / "history_of_strings.json"  # json.dump(..., default=str) of numpy floats, under "history"
    history = fit(model(0.01), data(), [truth], 5)
    numpy_floats = {name: [np.float32(value) for value in values] for name, values in history.history.items()}
    document = {"history": numpy_floats, "params": history.params, "epoch": history.epoch}
    path.write_text(json.dumps(document, default=str, indent=1))
    truth.seen = {name: [[n, float(v)] for n, v in enumerate(values)] for name, values in numpy_floats.items()}
    truth.save(path)


if __name__ == "__main__":
    main()
