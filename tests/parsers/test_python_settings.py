"""Settings in Python: assignments are read, nothing is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens import parsers
from losslens.errors import ParseError
from losslens.parsers import python_settings
from losslens.runs import find, load
from tests.runs.make_logs import falling

MMENGINE = """
_base_ = ['../default_runtime.py']
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.02, momentum=0.9), clip_grad=None)
train_dataloader = dict(batch_size=2, num_workers=2, sampler=dict(type='DefaultSampler', shuffle=True))
train_cfg = dict(max_epochs=12, type='EpochBasedTrainLoop', val_interval=1)
param_scheduler = [dict(begin=0, by_epoch=False, end=500, start_factor=0.001, type='LinearLR')]
launcher = 'none'
"""
NANOGPT = '''"""train a small model"""
import time
out_dir = 'out-' + str(time.time())
batch_size = 12
block_size = 1024
gradient_accumulation_steps = 5 * 8
max_iters = 600000
lr_decay_iters = max_iters  # as long
learning_rate = 6e-4
min_lr = learning_rate / 10
weight_decay: float = 1e-1
tokens = 2**20
beta2 = -0.95
'''


def settings(path: Path, text: str) -> dict[str, object]:
    path.write_text(text)
    assert parsers.recognise(path) == "python-settings"
    (log,) = parsers.parse(path)
    return {setting.name: setting.value for setting in log.settings}


def csv(path: Path) -> None:
    rows = "".join(f"{i},{v:.5f}\n" for i, v in enumerate(falling(30)))
    path.write_text(f"step,loss\n{rows}")


def test_the_config_that_mmengine_saves_is_read_with_its_nested_names(tmp_path: Path) -> None:
    found = settings(tmp_path / "mask_rcnn.py", MMENGINE)
    assert found["optim_wrapper.optimizer.lr"] == 0.02
    assert found["train_dataloader.batch_size"] == 2
    assert found["train_cfg.max_epochs"] == 12


def test_assignments_with_sums_and_names_are_read_and_what_would_have_to_be_run_is_said(tmp_path: Path) -> None:
    path = tmp_path / "train_gpt2.py"
    found = settings(path, NANOGPT)
    assert found["gradient_accumulation_steps"] == 40
    assert (found["lr_decay_iters"], found["min_lr"], found["tokens"]) == (600_000, pytest.approx(6e-5), 2**20)
    assert found["beta2"] == -0.95
    assert "out_dir" not in found
    (log,) = parsers.parse(path)
    assert [w.text for w in log.warnings] == [
        "1 of its settings are no plain values (out_dir): reading them would run code"
    ]
    assert log.settings[0].source.startswith(f"{path}:")


def test_nothing_in_it_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "run"
    text = f"lr = open({str(mark)!r}, 'w').write('x') or 0.1\nbatch_size = 3\nseed = __import__('os').getpid()\n"
    assert settings(tmp_path / "config.py", text) == {"batch_size": 3}
    assert not mark.exists()


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nlr = 0.1\nbatch_size = 3\ndef main():\n    pass\n",
        "lr = 0.1\nbatch_size = 3\nfor i in range(3):\n    print(i)\n",
        "class Config:\n    lr = 0.1\n    batch_size = 2\n",
        "VERSION = '1.2'\nAUTHOR = 'someone'\n",
        "lr = 0.1\nbatch_size = (\n",
    ],
    ids=["function", "loop", "class", "no settings", "broken"],
)
def test_a_program_is_no_settings(text: str, tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(text)
    assert parsers.recognise(path) is None


def test_broken_settings_are_said_to_be_so(tmp_path: Path) -> None:
    csv(tmp_path / "metrics.csv")
    (tmp_path / "config.py").write_text("lr = 0.1\nbatch_size = (\n")
    (job,) = find([tmp_path]).jobs
    (run,) = load(job)
    assert [w.text for w in run.warnings] == [f"{tmp_path / 'config.py'}: not Python at line 2: '(' was never closed"]


@pytest.mark.parametrize(
    "text",
    [
        "lr = " + "(" * 20_000 + "1" + ")" * 20_000,
        "lr = " + "-" * 30_000 + "1",
        "lr = 10 ** 10 ** 10 ** 10\nbatch_size = 2 ** 999999999\n",
        "a = dict(x=1, y=1)\n"
        + "".join(f"{b} = dict(x={a}, y={a})\n" for a, b in zip("abcdefghijklmno", "bcdefghijklmnop", strict=True)),
    ],
    ids=["brackets", "signs", "powers", "doubling"],
)
def test_settings_that_grow_without_end_are_bounded(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.py"
    path.write_text(f"seed = 3\n{text}\n")
    try:
        (log,) = python_settings.parse(path)
    except ParseError:
        return
    assert len(log.settings) <= 2_000


def test_settings_in_python_belong_to_the_log_beside_them_only(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    csv(tmp_path / "run" / "metrics.csv")
    (tmp_path / "run" / "config.py").write_text(NANOGPT)
    (tmp_path / "config.py").write_text("lr = 0.5\nbatch_size = 99\n")
    found = find([tmp_path])
    (run,) = (run for job in found.jobs for run in load(job))
    assert run.settings["batch_size"].value == 12
    assert run.settings["batch_size"].source == f"{tmp_path / 'run' / 'config.py'}:batch_size"
    assert "lr" not in run.settings
    assert dict(found.passed_over) == {".py": 1}


def test_the_sources_of_a_program_are_counted_not_listed(tmp_path: Path) -> None:
    csv(tmp_path / "metrics.csv")
    for i in range(12):
        (tmp_path / f"module_{i}.py").write_text("lr = 0.1\nbatch_size = 3\n")
    found = find([tmp_path])
    assert [len(job.sources) for job in found.jobs] == [1]
    assert found.skipped == ()
    assert dict(found.passed_over) == {".py": 12}
