"""The outsiders' trainings are whole, safe to unpack, and judged as well as before."""

from __future__ import annotations

import tarfile
from dataclasses import replace

import pytest

from losslens import causes
from losslens.model import Verdict
from tests.zoo import outside
from tests.zoo.figures import HARD
from tests.zoo.predict import ask
from tests.zoo.zoo import labels


@pytest.fixture(scope="module")
def seen() -> list[outside.Seen]:
    """Every eighth label."""
    return outside.look(outside.labels()[::8])


def test_every_label_has_its_log_a_known_word_and_known_causes() -> None:
    known = {m.id for m in causes.competing()}
    files = {}
    for by in {label["by"] for label in outside.labels()}:
        with tarfile.open(outside.ARCHIVES / f"{by}.tar.xz") as archive:
            files[by] = set(archive.getnames())
    for label in outside.labels():
        assert label["path"] in files[label["by"]], label["run"]
        assert {*label["words"]} <= {v.value for v in Verdict}, label["run"]
        assert {*label["causes"]} <= known, label["run"]


def test_the_archives_hold_plain_files_and_folders_that_stay_where_they_are_put() -> None:
    for path in outside.ARCHIVES.glob("*.tar.xz"):
        with tarfile.open(path) as archive:
            for member in archive:
                assert member.isfile() or member.isdir(), member.name
                assert not member.name.startswith("/"), member.name
                assert ".." not in member.name.split("/"), member.name


def test_outsiders_logs_are_read_and_get_acceptable_verdicts(seen: list[outside.Seen]) -> None:
    assert sum(s.said is not None for s in seen) >= 0.97 * len(seen)
    assert sum(s.said.verdict in s.label["words"] for s in seen if s.said) >= 0.88 * len(seen)


def test_calm_outsiders_runs_are_hardly_ever_said_to_have_blown_up(seen: list[outside.Seen]) -> None:
    calm = [s for s in seen if not HARD & {*s.label["words"]}]
    assert sum(s.said.verdict in HARD for s in calm if s.said) <= 0.06 * len(calm)


def test_an_onset_counted_in_epochs_is_compared_with_one_counted_in_steps() -> None:
    said = ask(labels()[0])
    failed = replace(said, verdict="exploded", onset=(500, 480, 520))
    label = {"onset": [25, 24, 26], "span": [0, 50], "words": ["exploded"]}
    right = outside.Seen(label, failed, (0, 1000))
    wrong = outside.Seen(label, replace(failed, onset=(700, 690, 710)), (0, 1000))
    none = outside.Seen(label, replace(failed, onset=None), (0, 1000))
    assert outside.dated([right, wrong, none]) == outside.Dated(3, 2, 1, 1)
