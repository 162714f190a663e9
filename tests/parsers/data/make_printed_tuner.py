"""What a search of Keras Tuner prints: one training after the other, each under its trial and its settings.

python -m tests.parsers.data.make_printed_tuner
"""

from __future__ import annotations

import shutil
import tempfile

import keras
import keras_tuner
import numpy as np

from tests.parsers.data.capture import PRINTED, Truth, printed

HERE = PRINTED / "keras_tuner"
_TRUTH = Truth()
_TRIALS: list[int] = []


class Noted(keras.callbacks.Callback):
    """Every number of an epoch's end under its trial; the tuner copies its callbacks for each."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        _TRIALS.append(len(_TRIALS) + 1)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        _TRUTH.add(epoch + 1, {f"{_TRIALS[-1]}/{name}": value for name, value in (logs or {}).items()})


def _build(tuned: keras_tuner.HyperParameters) -> keras.Model:
    units = tuned.Int("units", 8, 32, step=8)
    net = keras.Sequential([keras.layers.Dense(units, activation="relu"), keras.layers.Dense(1)])
    net.compile(keras.optimizers.Adam(tuned.Choice("lr", [0.1, 0.01, 0.001])), "mse")
    return net


def search() -> None:
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((320, 8)).astype("float32")
    y = (x @ rng.standard_normal((8, 1))).astype("float32")
    with tempfile.TemporaryDirectory() as scratch:
        tuner = keras_tuner.RandomSearch(_build, objective="val_loss", max_trials=4, directory=scratch, seed=1)
        tuner.search(x, y, validation_split=0.2, epochs=10, verbose=2, callbacks=[Noted()])
    _TRUTH.save(HERE / "train.log")


def main() -> None:
    shutil.rmtree(HERE, ignore_errors=True)
    printed(HERE / "train.log", search)


if __name__ == "__main__":
    main()
