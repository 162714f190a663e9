"""Event files of real writers, compared with tbparse and with protobuf; and what else a log says."""

from __future__ import annotations

import gzip
import math
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from losslens.errors import NotALogError, ParseError
from losslens.model import Log, Setting
from losslens.parsers import tensorboard
from tests.parsers.event_files import oracle
from tests.parsers.event_files.streams import field, varint

DATA = Path(__file__).parent / "data" / "tensorboard"
FILES = sorted(DATA.rglob("*tfevents*"))


def name_of(path: Path) -> str:
    return "/".join(path.relative_to(DATA).parts[:-1]) + path.name[-3:]


def parse(path: Path) -> Log:
    (log,) = tensorboard.parse(path)
    return log


def settings_of(log: Log) -> dict[str, Any]:
    return {setting.name: setting.value for setting in log.settings}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_point_of_every_writer_is_what_protobuf_reads(path: Path) -> None:
    log = parse(path)
    assert not log.damage
    assert log.series
    assert oracle.same(oracle.points_of(dict(log.series)), oracle.points(oracle.payloads(path.read_bytes())))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_scalars_equal_those_of_tbparse(path: Path) -> None:
    """Except where tbparse loses them: see the two tests below. It sorts by step; we keep the order of the file."""
    if path.parent.name in ("tensorflow_1", "tensorflow_2_types"):
        return
    tbparse = pytest.importorskip("tbparse")
    reader = tbparse.SummaryReader(str(path), pivot=False, extra_columns={"wall_time"})
    ours = dict(parse(path).series)
    for frame in (reader.scalars, reader.tensors):  # scalars of TensorFlow 2 are tensors to tbparse
        for tag, points in frame.groupby("tag") if len(frame) else ():
            if tag not in ours:
                assert tag.startswith(("weights", "sample", "keras", "args", "hyperparameters")), tag
                continue
            one = ours.pop(tag)
            points = points.sort_values(["step", "wall_time"])
            order = np.lexsort([one.wall_time, one.step])
            values = np.array([float(np.asarray(value).reshape(-1)[0]) for value in points["value"]])
            assert one.step[order].tolist() == points["step"].tolist()
            np.testing.assert_array_equal(one.value[order], values)
            np.testing.assert_array_equal(one.wall_time[order], points["wall_time"].to_numpy())
    assert not ours


def test_numbers_of_types_that_tbparse_cannot_read_are_read() -> None:
    tbparse = pytest.importorskip("tbparse")
    (path,) = (DATA / "tensorflow_2_types").iterdir()
    series = parse(path).series
    assert {tag: one.step.tolist() for tag, one in series.items()} == {
        tag: list(range(60)) for tag in ("half", "bfloat16", "double", "count")
    }
    np.testing.assert_allclose(series["half"].value, series["double"].value, rtol=1e-3)
    np.testing.assert_allclose(series["bfloat16"].value, series["double"].value, rtol=1e-2)
    assert series["count"].value.tolist() == [1000.0 * step for step in range(60)]
    with pytest.raises(TypeError):
        _ = tbparse.SummaryReader(str(path), pivot=False).tensors


def test_the_branch_that_a_restart_overwrote_is_kept_where_tbparse_drops_it() -> None:
    tbparse = pytest.importorskip("tbparse")
    (path,) = (DATA / "tensorflow_1").iterdir()
    log = parse(path)
    loss = log.series["loss"]
    assert loss.step.tolist() == [*range(50), *range(30, 60)]
    theirs = tbparse.SummaryReader(str(path), pivot=False).scalars.query("tag == 'loss'")
    assert theirs["step"].tolist() == list(range(60))
    np.testing.assert_array_equal(np.delete(loss.value, range(30, 50)), theirs["value"])
    (restart,) = log.restarts
    assert loss.step[loss.row > restart][0] == 30
    assert [event.kind for event in log.events] == ["checkpoint", "checkpoint", "restart", "checkpoint"]
    assert log.events[1].text == "model.ckpt-25"
    assert log.events[1].step == 25


def test_nan_at_the_end_is_kept() -> None:
    for path in (DATA / "torch").iterdir():
        series = parse(path).series.get("train/loss")
        if series is not None:
            assert np.isnan(series.value[-2:]).all()
            assert np.isfinite(series.value[:-2]).all()


def test_negative_and_far_steps_are_read() -> None:
    (path,) = (DATA / "tensorflow_2").iterdir()
    series = parse(path).series
    assert series["negative_step"].step.tolist() == list(range(-60, 0))
    assert series["far"].step.tolist() == [3_000_000_000_000]


def test_keras_counts_epochs_and_batches() -> None:
    (path,) = (DATA / "keras" / "train").iterdir()
    log = parse(path)
    assert log.trainer == "keras"
    assert log.series["epoch_loss"].axis == "epoch"
    assert log.series["epoch_loss"].step.tolist() == list(range(6))
    assert log.series["batch_loss"].axis == "step"


def test_hyper_parameters_and_text_become_settings() -> None:
    found: dict[str, Any] = {}
    for path in (DATA / "torch").iterdir():
        found |= settings_of(parse(path))
    assert found == {"lr": 0.001, "optimizer": "adam", "batch_size": 32}
    (path,) = (DATA / "tensorflow_2").iterdir()
    assert settings_of(parse(path)) == {"learning_rate": 0.001, "warmup": 10}
    (setting,) = [one for one in parse(path).settings if one.name == "warmup"]
    assert setting == Setting("warmup", 10, f"{path}:warmup")


def test_images_text_and_histograms_are_no_scalars() -> None:
    for path in FILES:
        assert not {"weights", "sample", "hyperparameters/text_summary", "args"} & set(parse(path).series)


def test_a_gzipped_file_reads_the_same(tmp_path: Path) -> None:
    for source in FILES:
        packed = tmp_path / (source.name + ".gz")
        packed.write_bytes(gzip.compress(source.read_bytes()))
        ours, theirs = parse(packed), parse(source)
        assert oracle.points_of(dict(ours.series)) != [] or not theirs.series
        assert repr(oracle.points_of(dict(ours.series))) == repr(oracle.points_of(dict(theirs.series)))
        assert ours.first_time == theirs.first_time


def test_a_gzip_stream_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    source = max(FILES, key=lambda path: path.stat().st_size)
    packed = gzip.compress(source.read_bytes())
    path = tmp_path / "events.out.tfevents.1700000000.host.gz"
    path.write_bytes(packed[: len(packed) // 2])
    log = parse(path)
    assert log.series
    assert any("gzip" in damage.reason for damage in log.damage)


def event(step: int, *values: bytes) -> bytes:
    head = b"\x09" + struct.pack("<d", 1.7e9 + step) + b"\x10" + varint(step)
    return head + field(5, b"".join(field(1, value) for value in values))


def tensor(tag: str, number: float, plugin: str = "") -> bytes:
    metadata = field(9, field(1, field(1, plugin.encode()))) if plugin else b""
    return field(1, tag.encode()) + field(8, b"\x08\x01\x12\x00" + field(4, struct.pack("<f", number))) + metadata


def write(tmp_path: Path, payloads: list[bytes], name: str = "events.out.tfevents.1700000123.host") -> Path:
    path = tmp_path / name
    path.write_bytes(b"".join(map(oracle.record, payloads)))
    return path


def test_metadata_that_only_the_first_event_has_holds_for_the_tag(tmp_path: Path) -> None:
    payloads = [event(0, tensor("loss", 1.0, "scalars"), tensor("curve", 1.0, "pr_curves"))]
    payloads += [event(step, tensor("loss", 1.0 / step), tensor("curve", 0.5)) for step in range(1, 200)]
    log = parse(write(tmp_path, payloads))
    assert set(log.series) == {"loss"}
    assert log.series["loss"].step.tolist() == list(range(200))


def test_rows_are_record_numbers(tmp_path: Path) -> None:
    version = b"\x09" + struct.pack("<d", 1.7e9) + field(3, b"brain.Event:2")
    log = parse(write(tmp_path, [version, event(1, tensor("a", 1)), event(2, tensor("b", 2), tensor("a", 3))]))
    assert log.series["a"].row.tolist() == [1, 2]
    assert log.series["b"].row.tolist() == [2]
    assert log.first_time == 1.7e9
    assert log.restarts == ()


def test_the_name_of_the_file_says_when_it_was_begun_if_nothing_in_it_does(tmp_path: Path) -> None:
    assert parse(write(tmp_path, [event(1, tensor("a", 1))])).first_time == 1700000123.0


def test_steps_that_repeat_and_go_back_stay_in_the_order_of_the_file(tmp_path: Path) -> None:
    steps = [1, 2, 3, 3, 2, 3, 4] * 30
    log = parse(write(tmp_path, [event(step, tensor("loss", i)) for i, step in enumerate(steps)]))
    assert log.series["loss"].step.tolist() == steps
    assert log.series["loss"].value.tolist() == list(range(len(steps)))


def test_a_second_file_header_is_a_restart(tmp_path: Path) -> None:
    version = b"\x09" + struct.pack("<d", 1.7e9) + field(3, b"brain.Event:2")
    log = parse(write(tmp_path, [version, event(1, tensor("a", 1)), version, event(1, tensor("a", 2))]))
    assert log.restarts == (2,)


def test_an_infinite_loss_is_a_point(tmp_path: Path) -> None:
    log = parse(write(tmp_path, [event(i, tensor("loss", math.inf)) for i in range(3)]))
    assert log.series["loss"].value.tolist() == [math.inf] * 3


def test_event_files_are_recognised_by_their_first_record(tmp_path: Path) -> None:
    for path in FILES:
        assert tensorboard.sniff(Path("renamed"), path.read_bytes()[:65_536])
    assert not tensorboard.sniff(Path("metrics.csv"), b"step,loss\n1,2.0\n3,4.0\n")
    assert not tensorboard.sniff(Path("short"), b"step")


def test_a_file_that_only_looks_like_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(bytes(range(256)) * 10)
    with pytest.raises(NotALogError, match="no readable TensorBoard record"):
        tensorboard.parse(path)


def test_an_event_file_without_a_record_is_all_damage(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1700000000.host"
    path.write_bytes(b"\x18\x00\x00\x00")
    log = parse(path)
    assert not log.series
    assert [(one.first_byte, one.last_byte) for one in log.damage] == [(0, 3)]


def test_reading_leaves_the_file_alone(tmp_path: Path) -> None:
    path = Path(shutil.copy(FILES[0], tmp_path / FILES[0].name))
    path.chmod(0o400)
    before = path.read_bytes()
    parse(path)
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_opened_is_one_line_of_error(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match=r"missing\.tfevents\.1: cannot be read: No such file"):
        tensorboard.parse(tmp_path / "missing.tfevents.1")
