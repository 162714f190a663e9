"""Caffe's solver and its nets, printed as protocol buffers ahead of the training."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens import parsers
from losslens.causes.facts.recipe import recipe_of
from losslens.errors import NotALogError
from losslens.model import Log

AHEAD = """Log file created at: 2015/07/03 14:45:14
Running on machine: gpu-01
Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg
I0703 14:45:14.745714 30876 caffe.cpp:121] Starting Optimization
I0703 14:45:14.745803 30876 solver.cpp:32] Initializing solver from parameters:
test_iter: 100
test_interval: 240
base_lr: 0.01
display: 40
max_iter: 48000
lr_policy: "poly"
power: 0.5
momentum: 0.9
weight_decay: 0.0002
net: "models/train_val.prototxt"
train_state {
  level: 0
  type: "stage"
}
average_loss: 40
"""
NET = """I0703 14:45:14.749294 30876 net.cpp:42] Initializing net from parameters:
name: "Net"
state {
  phase: TRAIN
}
layer {
  name: "data"
  type: "Data"
  data_param {
    batch_size: 30
  }
}
layer {
  name: "loss1/loss"
  type: "SoftmaxWithLoss"
  loss_weight: 0.3
  param {
    lr_mult: 1
  }
}
I0703 14:45:14.751017 30876 net.cpp:380] data -> data
"""


def printed(tmp_path: Path, solver: str = "", points: int = 30) -> Log:
    course = "".join(
        f"I0703 14:46:{i:02d}.380044 30876 solver.cpp:189] Iteration {40 * i}, loss = {12 / (i + 1):.4f}\n"
        f"I0703 14:46:{i:02d}.380138 30876 solver.cpp:467] Iteration {40 * i}, lr = 0.01\n"
        for i in range(points)
    )
    path = tmp_path / "caffe.log"
    path.write_text(AHEAD + solver + NET + NET.replace("TRAIN", "TEST").replace("30", "50") + course)
    (log,) = parsers.parse(path)
    return log


def test_the_fields_of_the_solver_are_the_settings_and_the_layers_of_the_net_are_none(tmp_path: Path) -> None:
    log = printed(tmp_path)
    said = {s.name: s.value for s in log.settings}
    assert said == {
        "test_iter": 100,
        "test_interval": 240,
        "base_lr": 0.01,
        "display": 40,
        "max_iter": 48000,
        "power": 0.5,
        "lr_policy": "poly",
        "momentum": 0.9,
        "weight_decay": 0.0002,
        "net": "models/train_val.prototxt",
        "average_loss": 40,
        "solver_type": "SGD",
        "batch_size": 30,
    }
    assert set(log.series) == {"loss", "lr"}
    assert log.series["loss"].step.tolist() == list(range(0, 1200, 40))


@pytest.mark.parametrize(
    ("line", "optimizer"), [("", "sgd"), ('type: "AdaGrad"\n', "adagrad"), ("solver_type: ADAM\n", "adam")]
)
def test_a_solver_that_names_no_type_is_plain_descent(tmp_path: Path, line: str, optimizer: str) -> None:
    recipe = recipe_of({s.name: s for s in printed(tmp_path, line).settings})
    assert (recipe.optimizer, recipe.lr, recipe.momentum, recipe.batch_size) == (optimizer, 0.01, 0.9, 30)


def test_a_job_that_died_before_its_first_iteration_has_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(NotALogError):
        printed(tmp_path, points=0)
