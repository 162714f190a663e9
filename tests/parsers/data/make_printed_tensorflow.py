"""Training loops of TensorFlow as estimators ran them: hooks that print, a job resumed, one that died of NaN.

python -m tests.parsers.data.make_printed_tensorflow
"""

from __future__ import annotations

import shutil
import tempfile
from functools import partial

import numpy as np
import tensorflow as tf

from tests.parsers import truth as kept
from tests.parsers.data.capture import PRINTED, Truth, printed

HERE = PRINTED / "tensorflow"


def train(name: str, folder: str, last: int, rate: float, truth: Truth) -> None:
    """A MonitoredTrainingSession with the hooks of tf.estimator around a regression, up to step ``last``."""
    old = tf.compat.v1
    old.disable_eager_execution()
    old.logging.set_verbosity(old.logging.INFO)
    rng = np.random.default_rng(0)
    with tf.Graph().as_default():
        old.set_random_seed(0)
        x = old.placeholder(tf.float32, (None, 4))
        weight = old.get_variable("weight", (4, 1))
        loss = tf.reduce_mean((x @ weight - tf.reduce_sum(x, 1, keepdims=True) - 0.3) ** 2)
        step = old.train.get_or_create_global_step()
        now = tf.identity(step)  # read before it is counted on
        with tf.control_dependencies([now]):
            minimise = old.train.GradientDescentOptimizer(rate).minimize(loss, global_step=step)

        class Noted(old.train.SessionRunHook):
            def before_run(self, context):
                return old.train.SessionRunArgs([loss, now])

            def after_run(self, context, values) -> None:
                value, at = values.results
                truth.note(int(at), loss=value)

        hooks = [
            Noted(),
            old.train.StopAtStepHook(last_step=last),
            old.train.LoggingTensorHook({"loss": loss, "step": now}, every_n_iter=10),
            old.train.NanTensorHook(loss),
        ]
        try:
            with old.train.MonitoredTrainingSession(
                checkpoint_dir=folder,
                hooks=hooks,
                save_checkpoint_steps=50,
                save_summaries_steps=10,
                log_step_count_steps=50,
            ) as session:
                while not session.should_stop():
                    session.run(minimise, {x: rng.normal(size=(16, 4))})
        finally:
            if last > 120 and name == "resumed":
                truth.seen["loss"] = kept.load(HERE / name / "train.log")["loss"] + truth.seen["loss"]
            truth.save(HERE / name / "train.log")


def main() -> None:
    shutil.rmtree(HERE, ignore_errors=True)
    for name, rate, parts in (("resumed", 0.02, (120, 200)), ("nan", 1.2, (200,))):
        with tempfile.TemporaryDirectory() as folder:
            log, truth = HERE / name / "train.log", Truth()
            for last in parts:
                print(name, printed(log, partial(train, name, folder, last, rate, truth), add=True))


if __name__ == "__main__":
    main()
