"""From epoch 20 the images come camera by camera: batch normalisation ends each epoch with the statistics of the last
one.

The cause in daily life: the files were packed camera by camera, and the shuffle buffer is smaller than a pack. In
training mode each batch is normalised with the statistics of its own camera; the moving statistics, which
validation uses, fit the camera that came last. Keras with the TensorBoard callback (``train/`` and
``validation/``). The twin keeps mixing the cameras.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tests.zoo.samples.story import Truth, fresh, name_event_files, parting

FOLDER = "7-validation-blows-up"
README = """
From epoch 20 (counted from 0) the training images came camera by camera; the moving statistics of batch normalisation then fit the last camera only.
The training loss stays fine, the validation loss blows up; written by the TensorBoard callback of Keras.
"""  # noqa: E501
EPOCHS, FAULT, BATCH, CLASSES, SIZE = 40, 20, 32, 5, 8
CONTRAST, BRIGHTNESS = np.array([6.0, 1.5, 0.4, 0.1]), np.array([-1.5, 3.0, 0.0, -3.0])


def make(folder: Path) -> list[Truth]:
    fresh(folder, README)
    faulty = _train(7, fault=True, folder=folder / "logs")
    twin, other = _train(7, fault=False), _train(17, fault=False)
    name_event_files(folder)
    onset = parting(faulty, twin, other, first=FAULT)
    return [Truth(f"{FOLDER}/logs", ("val-diverged",), FAULT, onset, ("train-eval-mismatch",))]


def _train(seed: int, *, fault: bool, folder: Path | None = None) -> list[float]:
    """Train and return the validation loss of each epoch."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    keras.utils.set_random_seed(seed)
    x, y, camera = _images(4000, seed)
    draw = np.random.default_rng(seed + 1)

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        """The training images, in an order that the callback below changes before each epoch."""

        def __init__(self) -> None:
            super().__init__()
            self.arrange(by_camera=False)

        def __len__(self) -> int:
            return 3200 // BATCH

        def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
            rows = self.order[i * BATCH : (i + 1) * BATCH]
            return x[rows], y[rows]

        def arrange(self, *, by_camera: bool) -> None:
            order = draw.permutation(3200)
            if by_camera:
                order = order[np.argsort(camera[order], kind="stable")]
            self.order = order

    class Order(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            batches.arrange(by_camera=fault and epoch >= FAULT)

    layers: list[object] = [keras.Input((SIZE, SIZE, 1))]
    for filters in (8, 16):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.MaxPooling2D(),
        ]
    model = keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(CLASSES)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(4e-3), loss=loss, metrics=["accuracy"])
    batches = Batches()
    callbacks: list[object] = [Order()]
    if folder is not None:
        callbacks.append(keras.callbacks.TensorBoard(str(folder), write_graph=False))
    history = model.fit(
        batches, validation_data=(x[3200:], y[3200:]), epochs=EPOCHS, shuffle=False, callbacks=callbacks, verbose=0
    )
    return [float(v) for v in history.history["val_loss"]]


def _images(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noisy gratings, one direction a class, from four cameras that differ in contrast and brightness."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, CLASSES, n)
    camera = rng.integers(0, len(CONTRAST), n)
    angle = np.pi * label / CLASSES + rng.normal(0, 0.12, n)
    grid = np.arange(SIZE)
    wave = np.cos(angle)[:, None, None] * grid[:, None] + np.sin(angle)[:, None, None] * grid
    image = np.sin(1.1 * wave + rng.uniform(0, 2 * np.pi, n)[:, None, None]) + rng.normal(0, 0.8, (n, SIZE, SIZE))
    image = image * CONTRAST[camera, None, None] + BRIGHTNESS[camera, None, None]
    return image[..., None].astype(np.float32), label, camera
