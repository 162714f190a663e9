"""Every number of files written by the real loggers, against what the training produced (see data/make_*.py)."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from losslens import parsers
from losslens.model import Log
from tests.parsers import truth
from tests.parsers.truth import DATA


def assert_holds(log: Log, expected: dict[str, list[list[float]]], *, relative: float = 1e-12) -> None:
    """Each expected (step, value) is a point of the log, in order, and the log has no other point of that tag."""
    for tag, points in expected.items():
        series = log.series[tag]
        assert series.step.tolist() == [step for step, _ in points], tag
        for got, (step, value) in zip(series.value, points, strict=True):
            same = math.isnan(got) if math.isnan(value) else got == pytest.approx(value, rel=relative)
            assert same, (tag, step, got, value)


def only(path: Path, format: str) -> Log:
    assert parsers.recognise(path) == format
    (log,) = parsers.parse(path, format)
    assert log.format == format
    return log


@pytest.mark.parametrize("name", ["training.csv", "nan.csv", "resumed.csv"])
def test_keras_csv_logger(name: str) -> None:
    path = DATA / "keras" / name
    log = only(path, "csv")
    assert_holds(log, truth.load(path), relative=1e-6)  # the callback saw float32
    assert log.trainer == "keras"
    assert {series.axis for series in log.series.values()} == {"epoch"}


def test_keras_loss_that_became_nan_keeps_its_nan_points() -> None:
    loss = only(DATA / "keras" / "nan.csv", "csv").series["loss"]
    assert len(loss.value) == 8
    assert math.isnan(loss.value[-1])


@pytest.mark.parametrize("name", ["history.json", "history_of_strings.json"])
def test_keras_history_json(name: str) -> None:
    path = DATA / "keras" / name
    log = only(path, "keras-json")
    assert_holds(log, truth.load(path), relative=1e-6)
    assert set(log.series) == {"loss", "mae", "val_loss", "val_mae"}
    assert log.trainer == "keras"


def test_keras_history_parameters_are_settings() -> None:
    log = only(DATA / "keras" / "history_of_strings.json", "keras-json")
    assert {setting.name: setting.value for setting in log.settings}["params.epochs"] == 5


def test_lightning_rows_are_sparse_and_its_blanks_are_remembered() -> None:
    path = DATA / "lightning" / "lightning_logs" / "version_0" / "metrics.csv"
    log = only(path, "csv")
    assert_holds(log, truth.load(path), relative=1e-6)
    assert log.trainer == "lightning"
    assert log.table is not None
    blank = set(log.table.blank["train_loss_step"].tolist())
    assert blank.isdisjoint(log.series["train_loss_step"].row.tolist())
    assert len(blank) + len(log.series["train_loss_step"].row) == len(log.table.step)


def test_lightning_hparams_are_settings_with_their_source() -> None:
    path = DATA / "lightning" / "lightning_logs" / "version_0" / "hparams.yaml"
    settings = {setting.name: setting for setting in only(path, "settings").settings}
    assert settings["lr"].value == 0.01
    assert settings["lr"].source == f"{path}:lr"


@pytest.mark.parametrize("run", ["healthy", "nan_filtered"])
def test_hf_trainer_state(run: str) -> None:
    path = DATA / "hf" / run / "trainer_state.json"
    log = only(path, "trainer-state")
    assert_holds(log, truth.load(path))
    assert log.trainer == "hf"
    assert {setting.name: setting.value for setting in log.settings}["max_steps"] == 36


def test_hf_run_average_is_an_event_and_neither_a_setting_nor_a_point() -> None:
    log = only(DATA / "hf" / "healthy" / "trainer_state.json", "trainer-state")
    assert "train_loss" not in log.series
    assert not {
        name
        for setting in log.settings
        if "train_" in (name := setting.name) and "batch" not in name and "epochs" not in name
    }
    assert [event.kind for event in log.events] == ["finished"]


def test_hf_nan_filter_zeros_are_kept_as_written() -> None:
    log = only(DATA / "hf" / "nan_filtered" / "trainer_state.json", "trainer-state")
    assert log.series["loss"].value[-1] == 0.0
    assert math.isnan(log.series["grad_norm"].value[-1])


@pytest.mark.parametrize(("name", "format"), [("progress.csv", "csv"), ("progress.json", "jsonl")])
def test_stable_baselines_counts_timesteps_and_keeps_columns_that_came_late(name: str, format: str) -> None:
    log = only(DATA / "sb3" / name, format)
    expected = truth.load(DATA / "sb3" / "progress.csv")
    # Written at the step that the row names: total_timesteps is the logger's own step here.
    expected.pop("time/total_timesteps")
    assert_holds(log, expected, relative=1e-6)
    assert log.trainer == "sb3"
    assert log.series["train/loss"].axis == "timesteps"


def test_timm_rows_without_evaluation_keep_the_learning_rate_in_its_column() -> None:
    path = DATA / "timm" / "summary.csv"
    log = only(path, "csv")
    assert_holds(log, truth.load(path))
    assert log.trainer == "timm"


def test_fastai_appended_history_restarts_at_its_second_header() -> None:
    path = DATA / "fastai" / "history.csv"
    log = only(path, "csv")
    assert_holds(log, truth.load(path))
    assert log.trainer == "fastai"
    assert log.restarts == (4,)
    assert log.series["time"].value.tolist() == [0.0] * 8


def test_mmengine_validation_rows_stand_at_the_training_step_before_them() -> None:
    path = DATA / "mmengine" / "scalars.json"
    log = only(path, "jsonl")
    assert_holds(log, truth.load(path))
    assert log.trainer == "mmengine"
    assert [warning.code for warning in log.warnings] == ["validation-steps"]


@pytest.mark.parametrize(("name", "format"), [("progress.csv", "csv"), ("result.json", "jsonl")])
def test_rllib_reports_by_timesteps(name: str, format: str) -> None:
    log = only(DATA / "rllib" / name, format)
    assert_holds(log, truth.load(DATA / "rllib" / "progress.csv"))
    assert log.trainer == "rllib"
    loss = log.series["info/learner/default_policy/learner_stats/total_loss"]
    assert loss.axis == "timesteps"
    assert loss.wall_time[0] == 1_700_000_001


def test_rllib_config_inside_the_results_is_settings_not_series() -> None:
    log = only(DATA / "rllib" / "result.json", "jsonl")
    assert not [tag for tag in log.series if tag.startswith("config")]
    assert {setting.name: setting.value for setting in log.settings}["config.lr"] == 0.05


def test_rllib_params_json_is_settings() -> None:
    log = only(DATA / "rllib" / "params.json", "settings")
    assert {setting.name: setting.value for setting in log.settings}["train_batch_size"] == 8


def test_deepspeed_folder_is_one_log_counted_in_samples() -> None:
    folder = DATA / "deepspeed" / "job"
    assert parsers.claim_folder(folder, sorted(path.name for path in folder.iterdir())) == "deepspeed-csv"
    (log,) = parsers.parse(folder)
    assert_holds(log, truth.load(folder))
    assert log.series["Train/Samples/train_loss"].axis == "samples"


def test_llama_factory_log() -> None:
    path = DATA / "llama_factory" / "trainer_log.jsonl"
    log = only(path, "jsonl")
    assert_holds(log, truth.load(path))
    assert log.trainer == "llama-factory"


def test_detectron2_metrics_keep_the_branch_a_resume_left_behind() -> None:
    path = DATA / "detectron2" / "metrics.json"
    log = only(path, "jsonl")
    assert_holds(log, truth.load(path))
    assert log.trainer == "detectron2"
    steps = log.series["total_loss"].step.tolist()
    assert steps != sorted(steps)


def test_ultralytics_results_and_arguments() -> None:
    path = DATA / "ultralytics" / "results.csv"
    log = only(path, "csv")
    assert_holds(log, truth.load(path), relative=1e-3)  # it rounds to six digits
    assert log.trainer == "ultralytics"
    assert log.series["train/box_loss"].axis == "epoch"
    settings = {
        setting.name: setting.value for setting in only(DATA / "ultralytics" / "args.yaml", "settings").settings
    }
    assert settings["lr0"] == 0.01
    assert settings["epochs"] == 4


def test_catboost_info_is_one_log_of_both_data_sets() -> None:
    folder = DATA / "printed" / "catboost" / "catboost_info"
    assert parsers.claim_folder(folder, sorted(path.name for path in folder.iterdir())) == "catboost"
    (log,) = parsers.parse(folder)
    expected = truth.load(folder.parent / "train.log")
    assert_holds(log, {"learn/RMSE": expected["learn loss"], "test/RMSE": expected["test loss"]}, relative=1e-6)


def test_d3rlpy_folder_is_one_log_with_the_settings_beside_it() -> None:
    folder = DATA / "printed" / "d3rlpy" / "DQN"
    assert parsers.claim_folder(folder, sorted(path.name for path in folder.iterdir())) == "scalar-csv"
    (log,) = parsers.parse(folder)
    assert_holds(log, truth.load(folder))
    assert log.series["epoch"].value.tolist() == list(range(1, 11))
    assert log.series["q_funcs.0._fc.weight_grad/std"].step.tolist() == list(range(12, 121, 12))
    assert {setting.name: setting.value for setting in log.settings}["config.params.batch_size"] == 16
    assert not log.warnings


def test_torchrl_scalars_have_a_step_and_a_value_a_row(tmp_path: Path) -> None:
    folder = tmp_path / "scalars"
    folder.mkdir()
    (folder / "loss.csv").write_text("10,0.5\n20,nan\nbroken\n30,0.25\n")
    assert parsers.claim_folder(folder, ["loss.csv"]) == "scalar-csv"
    (log,) = parsers.parse(folder)
    assert_holds(log, {"loss": [[10, 0.5], [20, math.nan], [30, 0.25]]})
    assert [warning.code for warning in log.warnings] == ["unread-cells"]
    (folder / "loss.csv").write_text("step,loss\n10,0.5\n")
    assert parsers.claim_folder(folder, ["loss.csv"]) is None
