"""Losses that were printed as they are: a tensor a line, and no name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from losslens.roles import assign
from tests.parsers.printing import falling as _value
from tests.parsers.printing import printed as _log


def test_tensors_printed_without_a_name_are_the_loss_where_no_other_is(tmp_path: Path) -> None:
    text = "torch.Size([32, 10])\n" + "".join(f"tensor({_value(i)}, device='cuda:0')\n" for i in range(8))

    log = _log(tmp_path, text)

    (tag,) = log.series
    assert log.series[tag].value.tolist() == [_value(i) for i in range(8)]
    assert [choice.role.value for choice in assign(log.series)] == ["train_loss"]


def test_a_tensor_that_is_not_a_number_is_read(tmp_path: Path) -> None:
    text = "tensor(3.25, device='cuda:0')\n" + 7 * "tensor(nan, device='cuda:0')\n"

    (series,) = _log(tmp_path, text).series.values()

    assert series.value[0] == 3.25
    assert np.isnan(series.value[1:]).all()


def test_of_nameless_tensors_those_that_a_gradient_goes_through_are_the_loss(tmp_path: Path) -> None:
    text = "".join(f"tensor({_value(i)}, grad_fn=<NllLossBackward0>)\ntensor({0.1 * i:.4f})\n" for i in range(8))

    (series,) = _log(tmp_path, text).series.values()

    assert series.value.tolist() == [_value(i) for i in range(8)]


def test_nameless_tensors_beside_a_loss_with_a_name_are_left_out(tmp_path: Path) -> None:
    text = "".join(f"tensor({9.0 + i}, grad_fn=<AddBackward0>)\nepoch {i} loss {_value(i)}\n" for i in range(8))

    log = _log(tmp_path, text)

    assert set(log.series) == {"loss"}
    assert log.series["loss"].step.tolist() == list(range(8))


def test_nameless_tensors_stand_at_the_epoch_above_them(tmp_path: Path) -> None:
    text = "".join(f"Epoch {i + 1}\ntensor({_value(i)}, grad_fn=<MeanBackward0>)\n" for i in range(8))

    (series,) = _log(tmp_path, text).series.values()

    assert (series.axis, series.step.tolist()) == ("epoch", list(range(1, 9)))
