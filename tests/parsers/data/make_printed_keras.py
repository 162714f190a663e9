"""What Keras' ``fit`` prints: bars in a terminal and in a file, a line an epoch, losses that become NaN.

python -m tests.parsers.data.make_printed_keras
"""

from __future__ import annotations

import time
from functools import partial

import keras

from tests.parsers.data.capture import PRINTED, Truth, printed
from tests.parsers.data.make_keras import data, model

HERE = PRINTED / "keras"
BATCHES = 150
"""Batches an epoch of the trainings that draw many bars."""


class Noted(keras.callbacks.Callback):
    """Every number of an epoch's end, by the number that Keras prints for it (from one)."""

    def __init__(self) -> None:
        super().__init__()
        self.truth = Truth()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.truth.add(epoch + 1, logs or {})


def train(name: str, *, verbose: int, rate: float = 0.002, growth: float = 1.0, epochs: int = 12) -> None:
    noted = Noted()
    callbacks: list[keras.callbacks.Callback] = [noted]
    if growth > 1.0:
        callbacks.append(keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * growth))
    if name == "nan_stopped.log":
        callbacks.append(keras.callbacks.TerminateOnNaN())
    if name == "rate_halved.log":
        callbacks.append(keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, verbose=1, min_delta=0.2))
    net = model(rate)
    x, y = data()
    net.fit(x, y, epochs=epochs, verbose=verbose, validation_split=0.25, callbacks=callbacks, batch_size=10)
    if name == "terminal.log":
        net.evaluate(x, y, verbose=1)
    noted.truth.save(HERE / name)


class Slow(keras.callbacks.Callback):
    """Batches that take as long as those of real training, so that the bar is drawn again; notes the loss of each."""

    def __init__(self) -> None:
        super().__init__()
        self.truth, self.before, self.epoch = Truth(), 0.0, 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.before, self.epoch = 0.0, epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        total = (batch + 1) * float((logs or {})["loss"])  # Keras gives a batch the mean so far
        self.truth.note(self.epoch * BATCHES + batch + 1, batch_loss=total - self.before)
        self.before = total
        time.sleep(0.008)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = logs or {}
        self.truth.add((epoch + 1) * BATCHES, {"loss (per epoch)": logs["loss"], "val_loss": logs["val_loss"]})


def train_long(name: str, *, epochs: int, rate: float = 0.0005) -> None:
    slow = Slow()
    net = model(rate)
    x, y = data()
    net.fit(x, y, epochs=epochs, verbose=1, validation_split=0.25, callbacks=[slow], batch_size=1)
    slow.truth.save(HERE / name)


def main() -> None:
    printed(HERE / "one_epoch.log", partial(train_long, "one_epoch.log", epochs=1))
    printed(HERE / "many_bars.log", partial(train_long, "many_bars.log", epochs=3))
    for name, verbose, options in (
        ("terminal.log", 1, {}),
        ("piped.log", 1, {}),
        ("nan.log", 1, {"growth": 2.0}),
        ("nan_stopped.log", 1, {"growth": 2.0}),
        ("rate_halved.log", 2, {"epochs": 20}),
    ):
        printed(HERE / name, partial(train, name, verbose=verbose, **options), terminal=name == "terminal.log")


if __name__ == "__main__":
    main()
