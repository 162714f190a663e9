"""Keras histories saved as JSON, in the ways people save them."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import pytest

from losslens import parsers
from losslens.errors import ParseError
from losslens.model import Log

LOSS = [2.5, 1.25, math.nan]


def write(folder: Path, text: str | bytes, name: str = "history.json") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(folder: Path, text: str | bytes) -> Log:
    path = write(folder, text)
    assert parsers.recognise(path) == "keras-json"
    (log,) = parsers.parse(path)
    return log


def values(log: Log, tag: str) -> list[float]:
    return log.series[tag].value.tolist()


@pytest.mark.parametrize(
    "text",
    [
        '{"loss": [2.5, 1.25, NaN], "val_loss": [3, 2, 1]}',
        '{"loss": [2.5, 1.25, nan], "val_loss": [3, 2, 1]}',
        '{"loss": ["2.5", "1.25", "nan"], "val_loss": ["3", "2", "1"]}',
        '{"loss": [[2.5], [1.25], [NaN]], "val_loss": [3, 2, 1]}',
        '{"history": {"loss": [2.5, 1.25, NaN], "val_loss": [3, 2, 1]}}',
        '{"history": {"loss": [2.5, 1.25, NaN], "val_loss": [3, 2, 1]}, "epoch": [0, 1, 2], "params": {"epochs": 3}}',
        '{"model": {"history": {"loss": [2.5, 1.25, NaN], "val_loss": [3, 2, 1]}}}',
        '{"loss": {"0": 2.5, "1": 1.25, "2": "NaN"}, "val_loss": {"0": 3, "1": 2, "2": 1}}',
        "{'loss': [2.5, 1.25, nan], 'val_loss': [3, 2, 1]}",
        '\ufeff{"loss": [2.5, 1.25, NaN], "val_loss": [3, 2, 1]}',
        '{"loss": [2.5, 1.25, NaN], "val_loss": [3, 2, 1]}'.encode("utf-16"),
        gzip.compress(b'{"loss": [2.5, 1.25, NaN], "val_loss": [3, 2, 1]}', mtime=0),
        '{"loss": ["tensor(2.5)", "tensor(1.25)", "tensor(nan)"], "val_loss": [3, 2, 1]}',
    ],
    ids=lambda value: repr(value)[:50],
)
def test_one_history_in_any_spelling(tmp_path: Path, text: str | bytes) -> None:
    log = read(tmp_path, text)
    assert values(log, "loss") == pytest.approx(LOSS, nan_ok=True)
    assert values(log, "val_loss") == [3, 2, 1]
    assert log.series["loss"].step.tolist() == [0, 1, 2]
    assert log.series["loss"].axis == "epoch"
    assert set(log.series) == {"loss", "val_loss"}


def test_null_is_a_blank_and_the_others_keep_their_epoch(tmp_path: Path) -> None:
    log = read(tmp_path, '{"loss": [2.5, null, 1.0], "lr": [0.1, 0.1, 0.1]}')
    assert log.series["loss"].step.tolist() == [0, 2]
    assert log.table is not None
    assert log.table.blank["loss"].tolist() == [1]


def test_infinity_keeps_its_sign(tmp_path: Path) -> None:
    log = read(tmp_path, '{"loss": [Infinity, -Infinity, 1e400, "inf"]}')
    assert values(log, "loss") == [math.inf, -math.inf, math.inf, math.inf]


def test_integers_of_thousands_of_digits_are_infinite(tmp_path: Path) -> None:
    log = read(tmp_path, '{"loss": [1.5, ' + "9" * 6000 + ", -" + "9" * 6000 + "]}")
    assert values(log, "loss") == [1.5, math.inf, -math.inf]


def test_lists_of_different_length_are_kept_and_said(tmp_path: Path) -> None:
    log = read(tmp_path, '{"loss": [3, 2, 1], "val_loss": [3, 2]}')
    assert len(log.series["val_loss"].value) == 2
    assert [warning.code for warning in log.warnings] == ["uneven-lists"]


def test_a_list_filled_each_batch_is_not_counted_in_epochs(tmp_path: Path) -> None:
    log = read(tmp_path, json.dumps({"train_losses": [1.0] * 300, "val_losses": [1.0] * 3}))
    assert log.series["train_losses"].axis == "row"
    assert log.series["val_losses"].axis == "epoch"


def test_an_epoch_list_gives_the_steps(tmp_path: Path) -> None:
    log = read(tmp_path, '{"epoch": [5, 6, 7], "loss": [3, 2, 1]}')
    assert log.series["loss"].step.tolist() == [5, 6, 7]
    assert set(log.series) == {"loss"}


def test_splits_side_by_side_are_one_history(tmp_path: Path) -> None:
    log = read(tmp_path, '{"train": {"loss": [3, 2, 1]}, "val": {"loss": [4, 3, 2]}}')
    assert values(log, "train/loss") == [3, 2, 1]
    assert values(log, "val/loss") == [4, 3, 2]


def test_a_list_that_stands_twice_is_refused_rather_than_guessed(tmp_path: Path) -> None:
    path = write(tmp_path, '{"loss": [3, 2, 1], "loss": [9, 9, 9]}')
    with pytest.raises(ParseError, match="'loss' stands twice"):
        parsers.parse(path)


def test_splits_below_the_metric_are_one_history(tmp_path: Path) -> None:
    log = read(tmp_path, '{"loss": {"train": [3, 2, 1], "val": [4, 3, 2]}, "acc": {"train": [0.1, 0.2, 0.3]}}')
    assert set(log.series) == {"train/loss", "val/loss", "train/acc"}


def test_curves_named_after_their_models_are_read_from_a_file_called_history(tmp_path: Path) -> None:
    path = write(tmp_path, '{"small": [0.9, 0.5, 0.4], "large": [0.8, 0.4, 0.3]}', "training_history.json")
    assert parsers.recognise(path) == "keras-json"
    assert set(parsers.parse(path)[0].series) == {"small", "large"}
    assert parsers.recognise(write(tmp_path, path.read_text(), "prices.json")) is None


def test_several_models_in_one_file_are_several_logs(tmp_path: Path) -> None:
    path = write(tmp_path, '{"small": {"loss": [3, 2, 1]}, "large": {"loss": [4, 3, 2]}, "lr": 0.1}')
    first, second = parsers.parse(path)
    assert (first.group_hint, second.group_hint) == ("small", "large")
    assert [setting.name for setting in first.settings] == ["lr"]


def test_what_stands_beside_the_history_is_settings(tmp_path: Path) -> None:
    log = read(tmp_path, '{"history": {"loss": [3, 2]}, "params": {"epochs": 2, "opt": {"lr": 1e-3}}, "note": "x"}')
    found = {setting.name: setting.value for setting in log.settings}
    assert found == {"params.epochs": 2, "params.opt.lr": 0.001, "note": "x"}


def test_text_among_the_numbers_is_counted(tmp_path: Path) -> None:
    log = read(tmp_path, json.dumps({"loss": [3, "abc", 1, 2, 3, 4]}))
    assert log.series["loss"].step.tolist() == [0, 2, 3, 4, 5]
    assert [warning.code for warning in log.warnings] == ["unread-cells"]


def test_a_long_history_is_recognised_by_its_head(tmp_path: Path) -> None:
    log = read(tmp_path, json.dumps({"loss": [n / 7 for n in range(20_000)], "val_loss": [1.0] * 20_000}))
    assert len(log.series["loss"].value) == 20_000


def test_a_broken_document_names_the_byte(tmp_path: Path) -> None:
    text = '{"loss": [2.5, 1.25], oops "val_loss": [3, 2]}'
    path = write(tmp_path, text)
    with pytest.raises(ParseError, match="not JSON at byte 22 "):
        parsers.parse(path, "keras-json")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"loss": ' + "[" * 100_000,
        "{}",
        "[]",
        '{"loss": []}',
        '{"words": ["a", "b"]}',
        '{"vocab": {"the": 0, "of": 1}}',
        '"loss"',
    ],
    ids=lambda text: text[:20],
)
def test_other_json_is_no_history(tmp_path: Path, text: str) -> None:
    assert parsers.recognise(write(tmp_path, text)) is None


def test_one_record_an_epoch_with_a_list_of_its_layers_is_no_list_of_histories(tmp_path: Path) -> None:
    records = [{"epoch": n, "loss": 2.0 / n, "grad_norms": [0.1, 0.2, 0.3]} for n in range(1, 21)]
    path = write(tmp_path, json.dumps(records), "metrics.json")
    (log,) = parsers.parse(path)
    assert values(log, "loss") == [2.0 / n for n in range(1, 21)]
    assert log.series["loss"].step.tolist() == list(range(1, 21))


def test_a_list_of_folds_with_their_numbers_stays_a_list_of_histories(tmp_path: Path) -> None:
    folds = [{"fold": n, "best_loss": 0.1 * n, "loss": [2.0, 1.0, 0.5], "val_loss": [2.0, 1.5, 1.0]} for n in (1, 2, 3)]
    path = write(tmp_path, json.dumps(folds))
    assert [values(log, "val_loss") for log in parsers.parse(path)] == [[2.0, 1.5, 1.0]] * 3
