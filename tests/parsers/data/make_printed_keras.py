"""What Keras' ``fit`` prints: bars in a terminal and in a file, a line an epoch, losses that become NaN.

python -m tests.parsers.data.make_printed_keras
"""

from __future__ import annotations

from functools import partial

import keras

from tests.parsers.data.capture import PRINTED, Truth, printed
from tests.parsers.data.make_keras import data, model

HERE = PRINTED / "keras"


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


def main() -> None:
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
