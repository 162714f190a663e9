"""Whether a large text is a job's output: told from a few windows, and found behind a long preamble."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens import parsers
from losslens.parsers.printed import windows
from losslens.parsers.printed.records import Record, read_record

WARNINGS = "".join(
    f"2024-01-01 10:00:{i % 60:02d} WARNING worker {i}: retry {i % 9} took {i % 7}.5 s\n" for i in range(2000)
)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that are taken apart."""
    seen: list[str] = []

    def noted(text: str) -> Record | None:
        seen.append(text)
        return read_record(text)

    monkeypatch.setattr(windows, "read_record", noted)
    return seen


@pytest.mark.parametrize("size", [1 << 17, 8 << 20])
def test_lines_that_differ_in_their_numbers_alone_are_taken_apart_a_few_times(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "server.log"
    path.write_text((WARNINGS * (size // len(WARNINGS) + 1))[:size])
    seen = counted(monkeypatch)
    assert parsers.recognise(path) is None
    assert len(seen) <= 2 * windows.BORING


def test_windows_without_numbers_of_a_training_are_not_taken_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "novel.txt"
    path.write_text("She knew the loss of a day, and every step of it.\nAt epoch's end it rained: for long.\n" * 40_000)
    seen = counted(monkeypatch)
    assert parsers.recognise(path) is None
    assert len(seen) < 100


@pytest.mark.parametrize("tail", ["", "Traceback (most recent call last):\n" + "  File x, line 1\n" * 20_000])
def test_losses_behind_megabytes_of_warnings_are_found(tail: str, tmp_path: Path) -> None:
    path = tmp_path / "slurm-7.out"
    losses = "".join(f"step {i}: loss {2 / (i + 1):.4f}\n" for i in range(30_000))
    path.write_text(WARNINGS * (5 * (1 << 20) // len(WARNINGS)) + losses + tail)
    assert parsers.recognise(path) == "text"
    (log,) = parsers.parse(path)
    assert log.series["loss"].step.size == 30_000


def test_a_loss_that_is_printed_rarely_among_lines_of_one_form_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    lines = [
        f"worker {k}: took {k % 7}.5 s" + (f"\nstep {k}: loss {2 / (k + 1):.4f}" if k % 100 == 0 else "")
        for k in range(900)
    ]
    path.write_text("\n".join(lines))
    assert parsers.recognise(path) == "text"


def test_a_line_an_epoch_between_hundreds_of_redrawn_bars_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "train_output.log"
    bars = "\r".join(f"Ep {{e}}:  1%|          | {i}/600 [00:02<18:58,  2.28s/batch]" for i in range(600))
    path.write_text(
        "".join(
            bars.format(e=e) + f"\r{' ' * 60}\rEp {e}: Loss:{3 * 0.8**e + 0.2:.4f} | F1:0.45 IoU:0.29\n"
            for e in range(1, 25)
        )
    )
    assert parsers.recognise(path) == "text"
    (log,) = parsers.parse(path)
    assert log.series["Loss"].step.tolist() == list(range(1, 25))


SOURCE = "import os\nimport sys\nfrom torch import nn\n" + "".join(
    f"def f{i}(x):\n    y = {i} * x\n    loss = 0.5\n    # step {i}: loss 0.1\n    if y:\n        return y\n"
    for i in range(40)
)


@pytest.mark.parametrize("between", ["", "\n"])
@pytest.mark.parametrize("line", ["epoch {0} | train_loss: {1:.4f}", "epoch: {0}, val_loss={1:.4f}"])
def test_a_line_an_epoch_behind_the_last_of_its_bars_is_seen(line: str, between: str, tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    bars = "".join(f"\r{i // 16:3d}%|####      | {i}/1568 [00:{i % 60:02d}<00:24, 57.2it/s]" for i in range(1, 1569))
    path.write_text("".join(f"{bars}{between}{line.format(e, 3.0 / (e + 1))}\n" for e in range(15)))
    assert parsers.recognise(path) == "text"
    (log,) = parsers.parse(path)
    assert [s.value.size for t, s in log.series.items() if "loss" in t] == [15]


@pytest.mark.parametrize("times", [1, 20], ids=["in the head", "behind the head"])
def test_output_behind_the_source_of_its_own_program_is_read(times: int, tmp_path: Path) -> None:
    lines = "".join(f"step:{100 * i}/4000 train_loss:{3.0 * 0.95**i:.4f} step_avg:39.0ms\n" for i in range(40))
    log = tmp_path / "log.txt"
    log.write_text(SOURCE * times + "=" * 100 + "\nlr: 0.04\n" + lines)
    assert parsers.recognise(log) == "text"
    (read,) = parsers.parse(log)
    assert read.series["train_loss"].step.tolist() == list(range(0, 4000, 100))
    assert "loss" not in read.series
    assert {setting.name for setting in read.settings} == {"lr"}


def test_what_a_traceback_quotes_of_a_program_hides_no_line_before_it(tmp_path: Path) -> None:
    lines = "".join(f"{{'loss': {0.7 - i / 100:.2f}, 'grad_norm': 1.5, 'epoch': 0.0{i}}}\n" for i in range(1, 10))
    frames = "".join(f'  File "/lib/module.py", line {i}, in call\n    return call(*args)\n' for i in range(40))
    log = tmp_path / "output.log"
    log.write_text(lines + "Traceback (most recent call last):\n" + frames + "KeyboardInterrupt\n")
    assert parsers.recognise(log) == "text"
    (read,) = parsers.parse(log)
    assert len(read.series["loss"].value) == 9


@pytest.mark.parametrize("name", ["train.py", "train.txt"])
def test_source_with_a_sample_of_its_output_alone_is_no_log(name: str, tmp_path: Path) -> None:
    source = SOURCE + '"""\n' + "".join(f"step {i}: loss 0.{i}\n" for i in range(5)) + '"""\n' + SOURCE
    (tmp_path / name).write_text(source)
    assert parsers.recognise(tmp_path / name) is None
