"""What people write into text summaries, read as settings only where it can mean nothing else."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from losslens.parsers.event_files.events import Event, Value
from losslens.parsers.event_files.notes import Notes
from losslens.parsers.event_files.settings import settings_in
from tests.parsers.event_files.streams import field

FILE = Path("run/events.out.tfevents.1")


def text(tag: str, content: str) -> Value:
    return Value(tag, 0, is_tensor=True, plugin="text", texts=(content.encode(),))


def named(*values: Value) -> dict[str, Any]:
    notes = Notes(FILE)
    notes.take([(row, Event(values=[value])) for row, value in enumerate(values)])
    return {setting.name: setting.value for setting in notes.settings()}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("|param|value|\n|-|-|\n|lr|0.001|\n|env_id|CartPole-v1|", {"lr": 0.001, "env_id": "CartPole-v1"}),
        ("| **lr** | `1e-3` |\n| --- | :---: |\n| seed | 1 |", {"seed": 1}),
        ("|lr|seed|amp|\n|-|-|-|\n|0.1|7|True|", {"lr": 0.1, "seed": 7, "amp": True}),
        (
            '{"optim": {"lr": 5e-05, "name": "adamw"}, "clip": null}',
            {"optim.lr": 5e-5, "optim.name": "adamw", "clip": None},
        ),
        ('```json\n{"lr": 0.1}\n```', {"lr": 0.1}),
        ("lr: 0.1\nbatch_size: 32\nresume: false", {"lr": 0.1, "batch_size": 32, "resume": False}),
        ("lr=0.1\n--wd=1e-4", {"lr": 0.1, "wd": 1e-4}),
        (
            "Namespace(lr=0.1, model='vit', device=device('cuda'))",
            {"lr": 0.1, "model": "vit", "device": "device('cuda')"},
        ),
    ],
)
def test_settings_are_read_from_the_forms_people_use(content: str, expected: dict[str, Any]) -> None:
    assert named(text("hyperparameters/text_summary", content)) == expected


def test_a_text_under_another_tag_keeps_the_tag_before_its_names() -> None:
    assert named(text("optimizer", '{"lr": 0.1}')) == {"optimizer.lr": 0.1}


def test_prose_is_kept_whole_under_its_tag() -> None:
    assert named(text("note", "second try: with warm-up")) == {"note": "second try: with warm-up"}
    assert named(text("note", "a (remark)")) == {"note": "a (remark)"}


def test_a_text_that_changes_from_step_to_step_is_no_setting() -> None:
    assert named(text("sample", "once upon"), text("sample", "a time")) == {}
    assert named(text("note", "the same"), text("note", "the same")) == {"note": "the same"}


def test_nothing_in_a_text_is_run() -> None:
    found = settings_in("Namespace(lr=__import__('os').getcwd())", "args")
    assert found == {"lr": "__import__('os').getcwd()"}


def hparams(**values: bytes) -> Value:
    entries = b"".join(field(1, field(1, key.encode()) + field(2, value)) for key, value in values.items())
    return Value("_hparams_/session_start_info", 0, plugin="hparams", content=b"\x08\x00" + field(3, entries))


def test_hyper_parameters_keep_their_types() -> None:
    value = hparams(
        lr=b"\x11" + struct.pack("<d", 0.1),
        layers=b"\x11" + struct.pack("<d", 12.0),
        optimizer=field(3, b"sgd"),
        amp=b"\x20\x01",
        clip=b"\x08\x00",
    )
    found = named(value)
    assert found == {"lr": 0.1, "layers": 12, "optimizer": "sgd", "amp": True, "clip": None}
    assert found["amp"] is True
    assert isinstance(found["layers"], int)


def test_broken_hyper_parameters_are_passed_over() -> None:
    broken = Value("_hparams_/session_start_info", 0, plugin="hparams", content=b"\x1a\x7f")
    assert named(broken, text("args", "lr: 1")) == {"lr": 1}
