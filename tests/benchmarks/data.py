"""The files that the benchmarks read: event files, written record by record as the writers do, and printed lines.

Each is described by its function. They are made once under ``build/`` and are the same on every machine.
"""

from __future__ import annotations

import multiprocessing
import shutil
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

BUILD = Path(__file__).parent / "build"
FIRST_TIME = 1_700_000_000.0
TAGS = tuple(f"{part}/layer_{i:02d}" for part in ("grad_norm", "loss", "weight_norm", "act", "lr") for i in range(10))
MIB = 1 << 20


def make(name: str) -> Path:
    """The folder of a data set, made if it is not there yet.

    In a process of its own: the peak memory of a program that is started later counts from what its parent holds.
    """
    folder = BUILD / name
    if not folder.exists():
        maker = multiprocessing.get_context("spawn").Process(target=_make, args=(name,))
        maker.start()
        maker.join()
        if maker.exitcode:
            raise RuntimeError(f"{name} could not be made")
    return folder


def _make(name: str) -> None:
    unfinished = BUILD / f"{name}.part"
    unfinished.mkdir(parents=True, exist_ok=True)
    SETS[name](unfinished)
    unfinished.rename(BUILD / name)


def s1m(folder: Path) -> None:
    """One million scalars of PyTorch's kind (``simple_value``), 50 tags, one event each, step by step."""
    _write(folder, (_event(step, [_simple(tag, _loss(step))]) for step in range(20_000) for tag in TAGS))


def tf1m(folder: Path) -> None:
    """The same as TensorFlow 2 writes them: tensors with metadata."""
    _write(folder, (_event(step, [_tensor(tag, _loss(step))]) for step in range(20_000) for tag in TAGS))


def irr1m(folder: Path) -> None:
    """One million scalars with the tags in random order and three values in every twentieth event."""
    rng = np.random.default_rng(0)
    order = rng.integers(0, len(TAGS), 1_000_000).tolist()
    several = (rng.random(1_000_000) < 0.05).tolist()

    def events() -> Iterator[bytes]:
        at = 0
        while at < len(order):
            n = 3 if several[at] else 1
            step = at // len(TAGS)
            yield _event(step, [_simple(TAGS[i], _loss(step)) for i in order[at : at + n]])
            at += n

    _write(folder, events())


def mixed(folder: Path, size: int = 1000 * MIB, scalars: int = 50_000) -> None:
    """50 000 scalars in a gigabyte of images of 64 KiB, histograms of 12 KiB and a graph of 2 MiB."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, 1 << 20, dtype=np.uint8).tobytes()
    rounds = size // (2 * 64 * 1024 + 2 * 12 * 1024)
    per_round = scalars / rounds

    def events() -> Iterator[bytes]:
        yield _graph(noise * 2)
        step = 0
        for i in range(rounds):
            while step < (i + 1) * per_round:
                yield _event(step, [_simple(TAGS[step % 10], _loss(step))])
                step += 1
            for k in range(2):
                first = (i * 7919 + k * 104_729) % (len(noise) - 65_536)
                yield _event(step, [_image(f"images/{k}", noise[first : first + 65_536])])
                yield _event(step, [_histogram(f"weights/{k}", noise[first : first + 12_288])])

    _write(folder, events())


def runs500(folder: Path) -> None:
    """500 runs of 2 000 scalars: 10 tags, 200 steps."""
    tags = [f"train/m{i}" for i in range(10)]
    events = [_event(step, [_simple(tag, _loss(step))]) for step in range(200) for tag in tags]
    for run in range(500):
        _write(folder / f"run{run:03d}", iter(events))


def mixed100m(folder: Path) -> None:
    """A tenth of the gigabyte."""
    mixed(folder, 100 * MIB, 5_000)


@dataclass(frozen=True)
class Grown:
    """A folder with one file: the file of a data set, over and over."""

    folder: Path
    nbytes: int
    points: int


def grown(name: str, size: int) -> Grown:
    """A data set repeated until it has at least ``size`` bytes."""
    (source,) = make(name).iterdir()
    folder = BUILD / f"{name}-{size // MIB}"
    folder.mkdir(parents=True, exist_ok=True)
    times = -(-size // source.stat().st_size)
    with open(folder / source.name, "wb") as file:
        for _ in range(times):
            with open(source, "rb") as again:
                shutil.copyfileobj(again, file, 8 * MIB)
    points = {"s1m": 1_000_000, "mixed100m": 5_000}[name]
    return Grown(folder, times * source.stat().st_size, times * points)


def csv1k(folder: Path) -> None:
    """A CSV of 1 000 steps with loss and learning rate."""
    rows = [f"{step},{_loss(step):.6f},{0.001 * (1 - step / 1000):.6g}" for step in range(1000)]
    (folder / "metrics.csv").write_text("\n".join(["step,loss,lr", *rows]) + "\n")


def printed200k(folder: Path) -> None:
    """200 000 lines of output, 40 000 as each of five print them: nanoGPT, Hugging Face, a logger, Megatron, tqdm."""
    count, size = 40_000, 1000
    printed: dict[str, Callable[[int, float, float], str]] = {
        "nanogpt": lambda i, loss, norm: f"iter {i}: loss {loss:.4f}, time {100 * norm:.2f}ms, mfu {30 + norm:.2f}%",
        "hugging_face": lambda i, loss, norm: repr(
            {"loss": round(loss, 4), "grad_norm": norm, "learning_rate": 1e-3 / (i + 1), "epoch": round(i / size, 2)}
        ),
        "logger": lambda i, loss, norm: (
            f"2024-05-06 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02},123 - trainer.engine - INFO - "
            f"Epoch [{i // size + 1}/40] Iter [{i % size}/{size}] loss: {loss:.4f} grad_norm: {norm:.3f}"
        ),
        "megatron": lambda i, loss, norm: (
            f" [2024-05-06 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}] iteration {i + 1:8}/{count:8} |"
            f" consumed samples: {256 * (i + 1):12} | elapsed time per iteration (ms): {300 * norm:.1f} |"
            f" learning rate: {1e-3 / (i + 1):.6E} | lm loss: {loss:.6E} | loss scale: 1.0 | grad norm: {norm:.3f} |"
        ),
        "tqdm": lambda i, loss, norm: (
            f"Epoch {i // size}: {i % size // 10:3}%|{'█' * (i % size // 100):10}| {i % size}/{size} "
            f"[{i % size // 60:02}:{i % 60:02}<00:{i % 60:02}, {10 * norm:.2f}it/s, loss={loss:.3f}]"
        ),
    }
    for name, line in printed.items():
        lines = [line(i, _loss(i), 1 + 0.5 * _loss(i + 7)) for i in range(count)]
        (folder / f"{name}.log").write_text("\n".join(lines) + "\n")


SETS: dict[str, Callable[[Path], None]] = {
    "s1m": s1m,
    "tf1m": tf1m,
    "irr1m": irr1m,
    "mixed1g": mixed,
    "mixed100m": mixed100m,
    "runs500": runs500,
    "csv1k": csv1k,
    "printed200k": printed200k,
}


def _loss(step: int) -> float:
    return float(np.float32(2.0 / (1.0 + step * 1e-3) + 0.01 * ((step * 2654435761) % 97)))


def _write(folder: Path, events: Iterator[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"events.out.tfevents.{int(FIRST_TIME)}.host.1.0", "wb", buffering=4 * MIB) as file:
        _write_record(file, _file_version())
        for event in events:
            _write_record(file, event)


def _write_record(file: BinaryIO, payload: bytes) -> None:
    header = struct.pack("<Q", len(payload))
    file.write(header + _masked_crc(header) + payload + _masked_crc(payload))


def _masked_crc(block: bytes) -> bytes:
    import google_crc32c

    crc = google_crc32c.value(block)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


@cache
def _proto() -> Any:
    from tensorboard.compat.proto import event_pb2

    return event_pb2


def _file_version() -> bytes:
    data: bytes = _proto().Event(wall_time=FIRST_TIME, file_version="brain.Event:2").SerializeToString()
    return data


def _graph(content: bytes) -> bytes:
    data: bytes = _proto().Event(wall_time=FIRST_TIME, graph_def=content).SerializeToString()
    return data


def _event(step: int, values: list[bytes]) -> bytes:
    """An Event around values that are serialised already, as protobuf lays it out."""
    head: bytes = b"\x09" + struct.pack("<d", FIRST_TIME + step * 0.37) + (b"\x10" + _varint(step) if step else b"")
    summary = b"".join(b"\x0a" + _varint(len(value)) + value for value in values)
    return head + b"\x2a" + _varint(len(summary)) + summary


def _simple(tag: str, value: float) -> bytes:
    return _tag(tag) + b"\x15" + struct.pack("<f", value)


@cache
def _tag(tag: str) -> bytes:
    return b"\x0a" + _varint(len(tag)) + tag.encode()


_SCALARS_METADATA = b"\x4a\x0b\x0a\x09\x0a\x07scalars"


def _tensor(tag: str, value: float) -> bytes:
    return _tag(tag) + b"\x42\x0a\x08\x01\x12\x00\x22\x04" + struct.pack("<f", value) + _SCALARS_METADATA


def _image(tag: str, content: bytes) -> bytes:
    image = b"\x08\x80\x02\x10\x80\x02\x18\x03\x22" + _varint(len(content)) + content
    return _tag(tag) + b"\x22" + _varint(len(image)) + image


def _histogram(tag: str, content: bytes) -> bytes:
    body = b"\x32" + _varint(len(content) // 2) + content[: len(content) // 2]
    body += b"\x3a" + _varint(len(content) // 2) + content[len(content) // 2 :]
    return _tag(tag) + b"\x2a" + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 127:
        octets.append(number & 127 | 128)
        number >>= 7
    octets.append(number)
    return bytes(octets)
