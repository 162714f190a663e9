"""Names of runs: short, unique, harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from losslens.runs import unique_names
from losslens.runs.naming import EVENT_FILE, says_nothing


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/data/net/lightning_logs/version_0"], ["net-version_0"]),
        (["/d/lightning_logs/version_0", "/d/lightning_logs/version_1"], ["version_0", "version_1"]),
        (["/d/a/version_0", "/d/b/version_0"], ["a-version_0", "b-version_0"]),
        (["/d/2-keras/raw", "/d/2-keras/clipnorm", "/d/5-batch"], ["raw", "clipnorm", "5-batch"]),
        (["/d/resnet/logs"], ["resnet-logs"]),
        (["/d/stranger/h_k12_tb"], ["h_k12_tb"]),
        (["/d/x/my_run", "/d/x/resnet_logs"], ["my_run", "resnet_logs"]),
        (["/d/net/tb_logs"], ["net-tb_logs"]),
        (["/d/net/train_log"], ["net-train_log"]),
        (["/d/job/attempt-1", "/d/job/attempt-2"], ["attempt-1", "attempt-2"]),
        (["/d/job/attempt-1", "/d/job/attempt-2", "/d/other"], ["job-attempt-1", "job-attempt-2", "other"]),
        (["/d/x", "/d/x"], ["x", "x-2"]),
        (["run", "RUN"], ["run", "RUN-2"]),
    ],
)
def test_a_name_is_what_tells_a_run_from_the_others(paths: list[str], names: list[str]) -> None:
    assert unique_names(paths) == names


def test_control_characters_and_escapes_do_not_survive() -> None:
    (name,) = unique_names(["/d/\x1b[31mred\x07\n\u202erun"])
    assert all(unicodedata.category(c)[0] != "C" for c in name)


def test_a_very_long_name_keeps_both_ends() -> None:
    (name,) = unique_names(["/d/" + "a" * 300 + "-end"])
    assert len(name) <= 80
    assert name.endswith("-end")


@given(st.lists(st.text(max_size=40), max_size=12))
def test_names_are_always_unique_and_safe(paths: list[str]) -> None:
    names = unique_names(paths)
    assert len(names) == len(paths)
    assert len({n.lower() for n in names}) == len(names)
    assert all(n and "/" not in n and "\\" not in n and n not in (".", "..") for n in names)
    assert all(unicodedata.category(c)[0] != "C" for n in names for c in n)


@pytest.mark.parametrize(
    ("name", "host", "pid"),
    [
        ("events.out.tfevents.1700000000.node-7.ec2.internal.4321.0", "node-7.ec2.internal", "4321"),
        ("events.out.tfevents.1700000000.10.0.0.5.4321.1.v2", "10.0.0.5", "4321"),
        ("events.out.tfevents.1700000000.box.4321.0.seed_3", "box", "4321"),
        ("events.out.tfevents.1700000000.container-0a1b", "container-0a1b", None),
        ("events.out.tfevents.1700000000", None, None),
    ],
)
def test_an_event_file_says_its_host_and_process(name: str, host: str | None, pid: str | None) -> None:
    match = EVENT_FILE.search(name)
    assert match is not None
    assert (match["time"], match["host"], match["pid"]) == ("1700000000", host, pid)


def test_an_attempt_within_an_attempt_is_numbered_behind_it() -> None:
    assert unique_names(["log/attempt-1", "log/attempt-2.1", "log/attempt-2.2"]) == [
        "attempt-1",
        "attempt-2.1",
        "attempt-2.2",
    ]
    assert says_nothing("attempt-2.1")
