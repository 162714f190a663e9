"""Runs a small training in a process of its own and keeps what it printed, as a shell or a terminal would."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import shutil
import socket
import struct
import sys
import tempfile
import termios
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

from tests.parsers import truth as kept

PRINTED = Path(__file__).parent / "printed"
_ROOT = Path(__file__).parents[3]
_TERMINAL_SIZE = (40, 100)


class Truth:
    """The numbers a training produced, noted by the training itself."""

    def __init__(self) -> None:
        self.seen: dict[str, list[list[float]]] = {}

    def note(self, step: float, **values: float) -> None:
        self.add(step, values)

    def add(self, step: float, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.seen.setdefault(name, []).append([step, float(value)])

    def save(self, log: Path) -> None:
        kept.save(log, self.seen)


def printed(log: Path, train: Callable[[], object], *, terminal: bool = False, add: bool = False) -> int:
    """What ``train``, called in a forked process, writes to stdout and stderr, into ``log``; returns how it ended.

    Forked rather than started: importing a trainer takes longer than the training.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    ours, theirs = pty.openpty() if terminal else os.pipe()
    if terminal:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *_TERMINAL_SIZE, 0, 0))
    child = os.fork()
    if child == 0:
        os.close(ours)
        os._exit(_in_child(theirs, train, terminal=terminal))
    os.close(theirs)
    parts: list[bytes] = []
    with contextlib.suppress(OSError):  # a terminal whose program has ended says so with an error
        while part := os.read(ours, 65536):
            parts.append(part)
    os.close(ours)
    _, status = os.waitpid(child, 0)
    before = log.read_bytes() if add and log.exists() else b""
    log.write_bytes(before + neutral(b"".join(parts)))
    return os.waitstatus_to_exitcode(status)


def make(makers: Mapping[str, Callable[[Path], object]], *, terminal: Collection[str] = ()) -> None:
    """Anew, in a folder each, what the makers named on the command line print, all of them where none is named."""
    for name in sys.argv[1:] or makers:
        here = PRINTED / name
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir(parents=True)
        print(name, printed(here / "train.log", partial(makers[name], here), terminal=name in terminal))


def _in_child(output: int, train: Callable[[], object], *, terminal: bool) -> int:
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ["COLUMNS"] = str(_TERMINAL_SIZE[1])
    if terminal:
        os.environ["TERM"] = "xterm-256color"
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
    try:
        train()
        return 0
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def neutral(output: bytes) -> bytes:
    """``output`` without the names of the machine it was made on."""
    for here, there in (
        (str(_ROOT), "/home/user/project"),
        (str(Path.home()), "/home/user"),
        (tempfile.gettempdir(), "/tmp"),
        (socket.gethostname(), "host"),
    ):
        output = output.replace(here.encode(), there.encode())
    return output
