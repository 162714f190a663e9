"""Command lines that an output begins with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losslens.parsers.printed.commands import is_command, options_of
from tests.parsers.printing import falling, printed


@pytest.mark.parametrize(
    "ahead",
    ["+ python train.py", "$ th src/train.lua", "user@host:~$ python3 -m torch.run train.py", "nohup python train.py"],
)
def test_options_behind_one_dash_are_settings(ahead: str) -> None:
    line = f"{ahead} -data d -brnn -optim adam -learning_rate 1.0 --batch-size=80 -seed -1"
    assert is_command(line)
    told = [("data", "d"), ("brnn", "True"), ("optim", "adam"), ("learning_rate", "1.0"), ("batch_size", "80")]
    assert options_of(line) == [*told, ("seed", "-1")]


@pytest.mark.parametrize("line", ["epoch 3 - loss 0.5 - val_loss 0.6", "using train.py -v", "python version -3"])
def test_other_lines_are_no_commands(line: str) -> None:
    assert not is_command(line)


def test_the_command_above_a_training_tells_settings_and_no_place(tmp_path: Path) -> None:
    text = "+ python train.py -data some -layers 2 -epochs 20 -optim adam -learning_rate 1.0\nBuilding model...\n"
    text += "".join(f"Epoch  1, {50 * i:5d}/21692; acc: 0.41; ppl: {falling(i)}; 3324 tok/s\n" for i in range(1, 30))
    log = printed(tmp_path, text)
    told = {setting.name: setting.value for setting in log.settings}
    assert told == {"data": "some", "layers": 2, "epochs": 20, "optim": "adam", "learning_rate": 1.0}
    np.testing.assert_array_equal(log.series["ppl"].step, 50 * np.arange(1, 30))
