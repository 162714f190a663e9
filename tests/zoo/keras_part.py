"""Trainings with Keras: ``model.fit`` on two small tasks, logged as its History does. All in the locked test."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.zoo.spec import Spec

EPOCHS = 30
WAYS: tuple[tuple[str, str, float], ...] = (
    ("learning-rate-too-high", "keras-lr", 300.0),
    ("learning-rate-too-high", "keras-lr", 30.0),
    ("lr-schedule-jump", "keras-lr-jump", 300.0),
    ("learning-rate-too-low", "keras-lr", 1e-4),
    ("unscaled-data", "keras-unscaled", 1e4),
    ("nan-in-data", "keras-nan", 1.0),
    ("data-shift", "keras-shift", 4.0),
    ("label-noise", "keras-labels", 1.0),
    ("overfitting", "keras-few", 24.0),
    ("train-eval-mismatch", "keras-momentum", 0.9999),
    ("vanishing-gradients", "keras-dead", 8.0),
    ("bad-batch", "keras-bad-batch", 1e3),
)


def specs() -> list[Spec]:
    """Two families, each with a twin, another seed and every way once."""
    out = []
    for task in ("keras-mlp", "keras-cnn"):
        hp: dict[str, Any] = {"steps": EPOCHS, "optimizer": "adam", "batch": 32}
        family = f"{task}-000"
        out.append(Spec(f"{family}-twin", family, task, 1, hp, locked=True, kind="twin"))
        out.append(Spec(f"{family}-seed", family, task, 2, hp, locked=True, kind="seed"))
        for k, (cause, way, strength) in enumerate(WAYS):
            timed = way in ("keras-lr-jump", "keras-nan", "keras-shift", "keras-bad-batch")
            at = (12, 18, 22)[k % 3] if timed else 0
            out.append(Spec(f"{family}-{way}-{k}", family, task, 1, hp, way, cause, 0, strength, at, True, True))
    return out


def data(task: str) -> tuple[NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(5)
    if task == "keras-mlp":
        x = rng.normal(size=(512, 10)).astype("float32")
        y = (np.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3] + 0.1 * rng.normal(size=(512, 1))).astype("float32")
        return x, y
    from tests.zoo.shapes import shapes

    image, kind, _, _ = shapes(rng, 448, 10, 0.3)
    return image.transpose(0, 2, 3, 1).astype("float32"), kind.astype("int64")


def model(task: str, spec: Spec) -> Any:
    import keras

    momentum = spec.strength if spec.way == "keras-momentum" else 0.9
    bias = -spec.strength if spec.way == "keras-dead" else 0.0
    first = keras.initializers.Constant(bias)
    if task == "keras-mlp":
        layers = [
            keras.layers.Dense(32, use_bias=True, bias_initializer=first),
            *([keras.layers.BatchNormalization(momentum=momentum)] if spec.way == "keras-momentum" else []),
            keras.layers.ReLU(),
            keras.layers.Dense(32, activation="relu", bias_initializer=first),
            keras.layers.Dense(1),
        ]
        net, loss, metrics = keras.Sequential(layers), "mse", []
    else:
        layers = [
            keras.layers.Conv2D(8, 3, bias_initializer=first),
            keras.layers.BatchNormalization(momentum=momentum)
            if spec.way == "keras-momentum"
            else keras.layers.Activation("linear"),
            keras.layers.ReLU(),
            keras.layers.Conv2D(8, 3, activation="relu", bias_initializer=first),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(4),
        ]
        net, loss, metrics = (
            keras.Sequential(layers),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            ["accuracy"],
        )
    rate = 3e-3 * (spec.strength if spec.way == "keras-lr" else 1.0)
    net.compile(keras.optimizers.Adam(rate), loss=loss, metrics=metrics)
    return net


def train(spec: Spec) -> dict[str, NDArray[np.generic]]:
    """Makes one run, epoch by epoch, and returns what the History said."""
    import keras

    keras.utils.set_random_seed(spec.seed)
    rng = np.random.default_rng(spec.seed)
    x, y = data(spec.task)
    vx, vy, x, y = x[:128], y[:128], x[128:].copy(), y[128:].copy()
    k = spec.strength
    if spec.way == "keras-unscaled":
        x, vx = x * k, vx * k
    if spec.way == "keras-labels":
        y = y[rng.permutation(len(y))]
    if spec.way == "keras-few":
        x, y = x[: int(k)], y[: int(k)]
    net = model(spec.task, spec)
    history: dict[str, list[float]] = {}
    for epoch in range(EPOCHS):
        bx, by = x, y
        if spec.way == "keras-lr-jump" and epoch == spec.at:
            net.optimizer.learning_rate = 3e-3 * k
        if spec.way == "keras-nan" and epoch >= spec.at:
            bx = x.copy()
            bx[7] = np.nan
        if spec.way == "keras-shift" and epoch >= spec.at:
            bx = x * -1.0 + k
        if spec.way == "keras-bad-batch" and epoch == spec.at:
            bx = x.copy()
            bx[:16] *= k
        got = net.fit(
            bx, by, batch_size=32, epochs=epoch + 1, initial_epoch=epoch, validation_data=(vx, vy), verbose=0
        ).history
        for name, values in {**got, "lr": [float(net.optimizer.learning_rate)]}.items():
            history.setdefault(name, []).append(float(values[0]))
    steps = np.arange(EPOCHS)
    out: dict[str, NDArray[np.generic]] = {
        "step": steps.astype(np.int64),
        "segment": np.zeros(EPOCHS, np.int16),
        "steps_per_epoch": np.array(1),
        "loss": np.array(history["loss"], np.float32),
        "lr": np.array(history["lr"]),
        "val/row": steps.astype(np.int64),
        "val/loss": np.array(history["val_loss"], np.float32),
    }
    if "accuracy" in history:
        out["accuracy"] = np.array(history["accuracy"], np.float32)
        out["val/accuracy"] = np.array(history["val_accuracy"], np.float32)
    return out


def make() -> None:
    """Makes what is missing of the Keras part."""
    from tests.zoo.spec import FULL

    FULL.mkdir(parents=True, exist_ok=True)
    for spec in specs():
        path = FULL / f"{spec.run}.npz"
        if not path.exists():
            with path.with_suffix(".part").open("wb") as f:
                np.savez(f, **train(spec))
            path.with_suffix(".part").rename(path)
            print(spec.run, flush=True)


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tests.zoo.keras_part", description=__doc__).parse_args()
    make()
