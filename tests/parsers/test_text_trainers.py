"""Lines of trainers that do not install here, in the form that they are known to print.

Written by hand, not by the trainers: what they prove is that this form is read, not that no version prints another.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens import parsers
from losslens.model import Role
from losslens.roles import assign

LOSS = 3.0 * 0.95 ** np.arange(30) + 0.2

CAFFE = (
    "I1205 10:00:00.000000  1234 solver.cpp:218] Iteration {s20} (3.2 iter/s, 31s/100 iters), loss = {v:.5f}\n"
    "I1205 10:00:00.000000  1234 solver.cpp:237]     Train net output #0: loss = {v:.5f} (* 1 = {v:.5f} loss)\n"
    "I1205 10:00:00.000000  1234 sgd_solver.cpp:105] Iteration {s20}, lr = 0.01\n"
)
TRAINERS = {
    "caffe": (CAFFE, 20, {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "lr"}),
    "darknet": (
        " {s1}: {v:.6f}, {v:.6f} avg loss, 0.000100 rate, 3.07 seconds, 64 images, 10.1 hours left\n",
        1,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "learning_rate"},
    ),
    "opennmt": (
        "[2020-01-01 10:00:00,123 INFO] Step {s50}/10000; acc: 12.20; ppl: 30.1; xent: {v:.4f}; lr: 0.00010;"
        " 3000/3100 tok/s; 10 sec\n",
        50,
        {Role.TRAIN_LOSS: "xent", Role.LEARNING_RATE: "lr", Role.ACCURACY: "acc"},
    ),
    "marian": (
        "[2019-01-01 10:00:00] Ep. 1 : Up. {s50} : Sen. 64,000 : Cost {v:.6f} : Time 100.22s : 3000.22 words/s"
        " : gNorm 1.2345 : L.r. 1.0000e-04\n",
        50,
        {Role.TRAIN_LOSS: "Cost", Role.LEARNING_RATE: "learning rate", Role.GRAD_NORM: "gNorm"},
    ),
    "paddle": (
        "[2020/01/01 10:00:00] root INFO: epoch: [1/500], iter: {s20}, lr: 0.001000, loss: {v:.5f}, reader_cost: 0.1 s,"
        " batch_cost: 0.3 s, ips: 10.1\n",
        20,
        {Role.TRAIN_LOSS: "loss", Role.LEARNING_RATE: "lr", Role.THROUGHPUT: "ips"},
    ),
    "tesseract": (
        "At iteration {s50}/{s50}/{s50}, Mean rms={v:.4f}%, delta=2.2%, BCER train=80.1%, skip ratio=0%.\n",
        50,
        {Role.TRAIN_LOSS: "Mean rms"},
    ),
    "verl": (
        "(TaskRunner pid=1234) step:{s1} - actor/entropy:0.5 - actor/pg_loss:{v:.6f} - actor/ppo_kl:0.0"
        " - actor/grad_norm:0.3 - actor/lr:1e-06 - critic/rewards/mean:0.1\n",
        1,
        {
            Role.TRAIN_LOSS: "actor/pg_loss",
            Role.GRAD_NORM: "actor/grad_norm",
            Role.KL: "actor/ppo_kl",
            Role.REWARD: "critic/rewards/mean",
        },
    ),
    "nemo": (
        "Training epoch 0, iteration {s1}/999 | lr: 1.0e-05 | global_batch_size: 512 | global_step: {s1} | "
        "reduced_train_loss: {v:.5f} | train_step_timing in s: 12.66 | consumed_samples: 512\n",
        1,
        {Role.TRAIN_LOSS: "reduced_train_loss", Role.LEARNING_RATE: "lr", Role.BATCH_SIZE: "global_batch_size"},
    ),
    "kohya": (
        "steps:   1%|          | {s1}/1000 [00:10<10:00,  1.0it/s, avr_loss={v:.5f}]\n",
        1,
        {Role.TRAIN_LOSS: "avr_loss"},
    ),
}


@pytest.mark.parametrize("name", TRAINERS)
def test_the_lines_of_a_trainer_are_read_as_it_means_them(name: str, tmp_path: Path) -> None:
    form, every, roles = TRAINERS[name]
    steps = every * np.arange(1, LOSS.size + 1)
    lines = (form.format(v=v, s1=s, s20=s, s50=s) for s, v in zip(steps.tolist(), LOSS.tolist(), strict=True))
    (tmp_path / "train.log").write_text("".join(lines))
    assert parsers.recognise(tmp_path / "train.log") == "text"
    (log,) = parsers.parse(tmp_path / "train.log")
    loss = log.series[roles[Role.TRAIN_LOSS]]
    assert loss.axis == "step"
    assert loss.step.tolist() == steps.tolist()
    np.testing.assert_allclose(loss.value, LOSS, atol=1e-3)
    chosen = {choice.tag: choice.role for choice in assign(log.series, trainer=log.trainer)}
    assert {role: tag for role, tag in roles.items() if chosen[tag] is not role} == {}
