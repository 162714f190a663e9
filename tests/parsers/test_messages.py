"""What an output says besides numbers, whoever stored it: how the job ended, and of what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from losslens import parsers


def test_the_output_of_a_container_is_read_out_of_its_json(tmp_path: Path) -> None:
    path = tmp_path / "0a1b2c-json.log"
    said = [f"step {i}: loss {2 / (i + 1):.4f}\n" for i in range(20)]
    said += ["Traceback (most recent call last):\n", '  File "train.py", line 3\n', "RuntimeError: shapes differ\n"]
    lines = [
        json.dumps(
            {"log": text, "stream": "stdout", "time": f"2024-05-01T10:00:{i:02d}.123456789Z"}, separators=(",", ":")
        )
        for i, text in enumerate(said)
    ]
    path.write_text("\n".join(lines) + "\n")
    assert parsers.recognise(path) == "wrapped-output"
    (log,) = parsers.parse(path)
    assert log.series["loss"].value.tolist() == [round(2 / (i + 1), 4) for i in range(20)]
    assert log.series["loss"].wall_time[1] - log.series["loss"].wall_time[0] == pytest.approx(1.0)
    assert [(e.kind, e.text, e.step) for e in log.events] == [("traceback", "RuntimeError: shapes differ", 19)]


def test_the_traceback_of_one_rank_is_one_event(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    said = [f"[rank0]: step {i} loss {2 / (i + 1):.4f}" for i in range(5)]
    said += [
        "[rank0]: Traceback (most recent call last):",
        '[rank0]:   File "train.py", line 3',
        "[rank0]: ValueError: no",
    ]
    path.write_text("\n".join(said) + "\n")
    (log,) = parsers.parse(path)
    assert [(e.kind, e.text) for e in log.events] == [("traceback", "ValueError: no")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("slurmstepd: error: *** JOB 7 ON node1 CANCELLED AT 2024-05-01T10:00:00 DUE TO TIME LIMIT ***", "killed"),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch.", "out-of-memory"),
        ("srun: error: node1: task 0: Killed", "killed"),
        ("/var/spool/job7: line 12: 48123 Killed                  python train.py", "killed"),
        ("KeyboardInterrupt", "interrupted"),
        ("RuntimeError: CUDA error: uncorrectable ECC error encountered", "hardware"),
    ],
)
def test_output_without_numbers_says_how_the_job_ended(tmp_path: Path, line: str, kind: str) -> None:
    path = tmp_path / "slurm-7.err"
    path.write_text(f"loading modules\n{line}\n")
    assert parsers.recognise(path) == "messages"
    (log,) = parsers.parse(path)
    assert not log.series
    assert [e.kind for e in log.events] == [kind]


@pytest.mark.parametrize("name", ["README.txt", "notes.txt", "words.txt", "requirements.txt"])
def test_notes_about_running_out_of_memory_are_no_messages(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("If CUDA runs out of memory, take a smaller batch.\n")
    assert parsers.recognise(path) is None


def test_output_that_says_nothing_of_its_end_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "slurm-7.err"
    path.write_text("loading modules\nhello\n")
    assert parsers.recognise(path) is None


def test_the_end_of_a_long_output_is_found(tmp_path: Path) -> None:
    path = tmp_path / "job.err"
    with path.open("w") as file:
        for _ in range(8):
            file.write("the quick brown fox jumps over the lazy dog, again and again\n" * 20_000)
        file.write("Killed\n")
    assert parsers.recognise(path) == "messages"
    (log,) = parsers.parse(path)
    assert [e.kind for e in log.events] == ["killed"]
