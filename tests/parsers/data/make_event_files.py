"""Makes the event files under ``tensorboard/`` with every writer that is installed.

Run it once in an environment with PyTorch and tensorboardX, and once in one with TensorFlow and Keras:
``python -m tests.parsers.data.make_event_files [WRITER ...]``. Files are renamed so that they name no machine.
"""

from __future__ import annotations

import importlib.util
import math
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent / "tensorboard"
STEPS = 60


def loss_at(step: int) -> float:
    """Falls, spikes at 40, ends in NaN."""
    if step >= STEPS - 2:
        return math.nan
    return 2.0 * math.exp(-step / 30) + (50.0 if step == 40 else 0.0) + random.Random(step).uniform(0, 0.05)


def torch_writer(folder: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    _pytorch_style(SummaryWriter(str(folder)))


def torch_new_style(folder: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for step in range(STEPS):
            writer.add_scalar("train/loss", loss_at(step), step, new_style=True)
            writer.add_scalar("train/precise", loss_at(step), step, new_style=True, double_precision=True)


def tensorboardx_writer(folder: Path) -> None:
    from tensorboardX import SummaryWriter

    _pytorch_style(SummaryWriter(str(folder)))


def _pytorch_style(writer: object) -> None:
    """Scalars of two tags among text, hyper-parameters, a histogram and an image; a rewind to step 30."""
    import numpy as np

    add = writer.add_scalar  # type: ignore[attr-defined]
    writer.add_text("hyperparameters", "|name|value|\n|-|-|\n|lr|0.001|\n|optimizer|adam|")  # type: ignore[attr-defined]
    for step in [*range(STEPS - 20), *range(30, STEPS)]:
        add("train/loss", loss_at(step), step)
        add("train/lr", 1e-3 * (1 - step / STEPS), step)
        if step % 20 == 0:
            writer.add_histogram("weights", np.linspace(-1, 1, 50), step)  # type: ignore[attr-defined]
            writer.add_image("sample", np.zeros((3, 8, 8), np.float32), step)  # type: ignore[attr-defined]
    writer.add_hparams({"lr": 0.001, "batch_size": 32, "optimizer": "adam"}, {"hparam/loss": 0.5})  # type: ignore[attr-defined]
    writer.close()  # type: ignore[attr-defined]


def tensorflow_2(folder: Path) -> None:
    import tensorflow as tf

    with tf.summary.create_file_writer(str(folder)).as_default():
        tf.summary.text("args", '{"learning_rate": 0.001, "warmup": 10}', step=0)
        for step in range(STEPS):
            tf.summary.scalar("loss", loss_at(step), step=step)
            tf.summary.scalar("negative_step", float(step), step=step - STEPS)
            if step % 20 == 0:
                tf.summary.histogram("weights", tf.linspace(-1.0, 1.0, 50), step=step)
                tf.summary.image("sample", tf.zeros((1, 8, 8, 3)), step=step)
        tf.summary.scalar("far", 1.0, step=3_000_000_000_000)


def tensorflow_2_types(folder: Path) -> None:
    """Numbers of other types, written without saying that they are scalars."""
    import tensorflow as tf

    with tf.summary.create_file_writer(str(folder)).as_default():
        for step in range(STEPS):
            tf.summary.write("half", tf.constant(loss_at(step), tf.float16), step=step)
            tf.summary.write("bfloat16", tf.constant(loss_at(step), tf.bfloat16), step=step)
            tf.summary.write("double", tf.constant(loss_at(step), tf.float64), step=step)
            tf.summary.write("count", tf.constant(step * 1000, tf.int64), step=step)


def tensorflow_1(folder: Path) -> None:
    """Merged summaries (several values an event), a second session that goes back to step 30, a checkpoint."""
    import tensorflow as tf

    v1 = tf.compat.v1
    Value, Log = v1.Summary.Value, v1.SessionLog
    with v1.Graph().as_default():
        writer = v1.summary.FileWriter(str(folder))
    for first, last in ((0, 50), (30, STEPS)):
        writer.add_session_log(Log(status=Log.START), first)
        for step in range(first, last):
            summary = v1.Summary(
                value=[
                    Value(tag="loss", simple_value=loss_at(step)),
                    Value(tag="lr", simple_value=1e-3),
                    Value(tag="grads/norm", simple_value=loss_at(step) * 3),
                ]
            )
            writer.add_summary(summary, step)
            if step % 25 == 0:
                writer.add_session_log(Log(status=Log.CHECKPOINT, checkpoint_path=f"model.ckpt-{step}"), step)
    writer.close()


def tensorboard_itself(folder: Path) -> None:
    """TensorBoard's own writer, which needs neither TensorFlow nor PyTorch."""
    from tensorboard.summary import Writer

    writer = Writer(str(folder))
    for step in [*range(STEPS - 20), *range(30, STEPS)]:
        writer.add_scalar("train/loss", loss_at(step), step)
        writer.add_scalar("train/lr", 1e-3 * (1 - step / STEPS), step, wall_time=1_700_000_000.25 + step)
    writer.close()


def tensorboard_logger(folder: Path) -> None:
    """Writes no plugin and ends its files with the host's name; needs PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python."""
    from tensorboard_logger import Logger

    logger = Logger(str(folder), flush_secs=1)
    for step in [*range(STEPS - 20), *range(30, STEPS)]:
        logger.log_value("train/loss", loss_at(step), step)
        logger.log_value("train/lr", 1e-3 * (1 - step / STEPS), step)


def keras_callback(folder: Path) -> None:
    import keras
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 4)).astype("float32")
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    callback = keras.callbacks.TensorBoard(str(folder), update_freq=1, write_graph=False)
    model.fit(x, x.sum(axis=1), validation_split=0.25, epochs=6, batch_size=16, callbacks=[callback], verbose=0)


WRITERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "torch": ("torch", torch_writer),
    "torch_new_style": ("torch", torch_new_style),
    "tensorboardx": ("tensorboardX", tensorboardx_writer),
    "tensorflow_2": ("tensorflow", tensorflow_2),
    "tensorflow_2_types": ("tensorflow", tensorflow_2_types),
    "tensorflow_1": ("tensorflow", tensorflow_1),
    "tensorboard_itself": ("tensorboard", tensorboard_itself),
    "tensorboard_logger": ("tensorboard_logger", tensorboard_logger),
    "keras": ("keras", keras_callback),
}


def main() -> None:
    for name, (package, write) in WRITERS.items():
        if importlib.util.find_spec(package) is None or (sys.argv[1:] and name not in sys.argv[1:]):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            write(Path(scratch))
            shutil.rmtree(HERE / name, ignore_errors=True)
            for i, source in enumerate(sorted(Path(scratch).rglob("*tfevents*"))):
                inside = source.parent.relative_to(scratch)
                suffix = ".v2" if source.suffix == ".v2" else ""
                split = inside if str(inside) in ("train", "validation") else Path()
                target = HERE / name / split / f"events.out.tfevents.{1_700_000_000 + i}.host.1.{i}{suffix}"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)


if __name__ == "__main__":
    main()
