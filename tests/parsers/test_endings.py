"""How a run ended, as its tracker keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from losslens.parsers.endings import ended_as, ended_with


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (0, "finished", "finished"),
        (1, "failed", "exit code 1"),
        (2, "failed", "exit code 2"),
        (-1, "failed", "exit code -1"),
        (127, "failed", "exit code 127"),
        (255, "interrupted", "exit code 255"),
        (130, "interrupted", "exit code 130"),
        (137, "killed", "exit code 137, SIGKILL"),
        (-9, "killed", "exit code -9, SIGKILL"),
        (143, "killed", "exit code 143, SIGTERM"),
        (139, "killed", "exit code 139, SIGSEGV"),
    ],
)
def test_an_exit_code_is_a_kill_only_where_a_signal_gave_it(code: int, kind: str, text: str) -> None:
    event = ended_with(code, Path("run.wandb"))
    assert (event.kind, event.text) == (kind, text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("the run failed", "failed"),
        ("the run is FAILED", "failed"),
        ("the run was killed", "killed"),
        ("the run is KILLED", "killed"),
        ("the run crashed: ValueError: no such file", "failed"),
        ("the run crashed: RuntimeError: CUDA out of memory", "out-of-memory"),
        ("the run crashed: KeyboardInterrupt", "interrupted"),
    ],
)
def test_a_run_that_failed_is_called_by_what_is_said_of_why(text: str, kind: str) -> None:
    assert ended_as(text, Path("meta.yaml")).kind == kind
