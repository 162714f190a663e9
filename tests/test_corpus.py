"""Logs written by real loggers of real small trainings get, without a flag, the verdict that their numbers deserve."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import losslens
from losslens import pipeline

DATA = Path(__file__).parent / "parsers" / "data"

#: The trainings that went NaN did so on purpose (a rate far too high, a zero division); the others learned.
VERDICTS = {
    "deepspeed": "healthy",
    "detectron2": "healthy",
    "fastai": "healthy",
    "hf/healthy": "healthy",
    "hf/nan_filtered": "nan",
    "keras/history.json": "nan",
    "keras/history_of_strings.json": "healthy",
    "keras/nan.csv": "nan",
    "keras/resumed.csv": "healthy",
    "keras/training.csv": "healthy",
    "lightning": "nan",
    "llama_factory": "healthy",
    "mmengine": "healthy",
    "offline_trackers/clearml": "nan",
    "offline_trackers/comet": "nan",
    "offline_trackers/neptune": "nan",
    "offline_trackers/neptune_scale": "nan",
    "offline_trackers/swanlab": "nan",
    "offline_trackers/swanlab_local": "nan",
    "offline_trackers/swanlab_older": "nan",
    "printed/accelerate": "healthy",
    "printed/catboost": "healthy",
    "printed/cleanrl": "healthy",
    "printed/coqui": "healthy",
    "printed/d3rlpy": "healthy",
    "printed/deepxde": "healthy",
    "printed/detectron2": "healthy",
    "printed/detectron2_nan": "nan",
    "printed/fairseq": "healthy",
    "printed/fastai": "healthy",
    "printed/hf/healthy": "healthy",
    "printed/hf/nan": "nan",
    "printed/hf/resumed": "healthy",
    "printed/ignite": "healthy",
    "printed/keras/many_bars.log": "healthy",
    "printed/keras/nan.log": "nan",
    "printed/keras/nan_stopped.log": "nan",
    "printed/keras/one_epoch.log": "healthy",
    "printed/keras/piped.log": "healthy",
    "printed/keras/rate_halved.log": "healthy",
    "printed/keras/terminal.log": "healthy",
    "printed/lightgbm": "healthy",
    "printed/lightning/out_of_memory": "healthy",
    "printed/lightning/rich": "healthy",
    "printed/lightning/terminal": "healthy",
    "printed/mmengine": "healthy",
    "printed/mlperf": "healthy",
    "printed/nanogpt": "healthy",
    "printed/nanogpt_nan": "nan",
    "printed/opennmt": "healthy",
    "printed/paddle": "healthy",
    "printed/paddle_lines": "healthy",
    "printed/pfn_extras": "healthy",
    "printed/reinforce": "inconclusive",
    "printed/sb3/dqn": "healthy",
    "printed/sb3/ppo": "healthy",
    "printed/sb3/sac": "healthy",
    "printed/sklearn_boosting": "healthy",
    "printed/sklearn_mlp": "healthy",
    "printed/skorch": "healthy",
    "printed/spacy": "healthy",
    "printed/speechbrain": "healthy",
    "printed/tabnet": "healthy",
    "printed/tensorflow/nan": "nan",
    "printed/tensorflow/resumed": "healthy",
    "printed/torchtitan": "healthy",
    "printed/torchtune": "healthy",
    "printed/visualdl": "healthy",
    "printed/word_language_model": "healthy",
    "printed/xgboost": "healthy",
    "processes/ranks": "nan",
    "rllib": "nan",
    "sb3": "healthy",
    "tensorboard/keras": "healthy",
    "tensorboard/tensorboardx": "nan",
    "tensorboard/tensorflow_1": "nan",
    "tensorboard/tensorflow_2": "nan",
    "tensorboard/torch": "nan",
    "tensorboard/torch_new_style": "nan",
    "tables/history.parquet": "nan",
    "tables/history.xlsx": "nan",
    "timm": "healthy",
    "trackers/dvclive": "nan",
    "trackers/mlflow.db": "nan",
    "trackers/mlruns": "nan",
    "trackers/wandb": "nan",
    "ultralytics": "healthy",
}


@pytest.mark.parametrize("name", VERDICTS)
def test_a_real_log_gets_its_verdict_without_a_flag(name: str) -> None:
    (run,) = losslens.analyze(DATA / name).runs
    assert run.verdict == VERDICTS[name]


#: Five folders, or five files, of different trainers each: what a shared disk holds.
FOLDERS = (
    ("printed/hf/resumed", "printed/sb3/ppo", "printed/catboost", "tensorboard/keras", "ultralytics"),
    ("printed/ignite", "printed/detectron2", "printed/coqui", "rllib", "trackers/wandb"),
    ("printed/mmengine", "printed/d3rlpy", "printed/lightning/out_of_memory", "printed/skorch", "deepspeed"),
)
FILES: tuple[tuple[str, ...], ...] = (
    (
        "keras/training.csv",
        "printed/nanogpt/train.log",
        "timm/summary.csv",
        "detectron2/metrics.json",
        "printed/lightgbm/train.log",
    ),
    (
        "printed/keras/nan.log",
        "printed/fairseq/train.log",
        "fastai/history.csv",
        "sb3/progress.csv",
        "printed/xgboost/train.log",
    ),
    (
        "llama_factory/trainer_log.jsonl",
        "printed/spacy/train.log",
        "printed/tabnet/train.log",
        "keras/nan.csv",
        "printed/torchtune",
    ),
)


@pytest.mark.parametrize("picked", FOLDERS)
def test_five_folders_of_different_trainers_side_by_side_are_five_runs(picked: tuple[str, ...], tmp_path: Path) -> None:
    for name in picked:
        shutil.copytree(DATA / name, tmp_path / name.replace("/", "_"))
    analysis = losslens.analyze(tmp_path)
    assert len(analysis.runs) == 5
    folders = sorted(Path(run.path).relative_to(tmp_path).parts[0] for run in analysis.runs)
    assert folders == sorted(name.replace("/", "_") for name in picked)
    assert sorted(run.verdict for run in analysis.runs) == sorted(VERDICTS[name] for name in picked)


@pytest.mark.parametrize("picked", FILES)
def test_five_files_of_different_trainers_in_one_folder_are_five_runs(picked: tuple[str, ...], tmp_path: Path) -> None:
    for name in picked:
        source = DATA / name
        source = next(source.iterdir()) if source.is_dir() else source
        shutil.copy(source, tmp_path / f"{name.replace('/', '_').partition('.')[0]}{source.suffix}")
    analysis = losslens.analyze(tmp_path)
    assert len(analysis.runs) == 5
    assert all(len(run.files) == 1 for run in analysis.runs)
    assert not any("one job" in found.why for found in pipeline.survey(tmp_path).runs)


def test_junk_beside_a_run_is_skipped_with_a_reason_or_counted(tmp_path: Path) -> None:
    shutil.copy(DATA / "printed" / "nanogpt" / "train.log", tmp_path)
    (tmp_path / "notes.txt").write_text("The loss looked fine to me.\nWe should try a lower rate.\n" * 50)
    (tmp_path / "weights.bin").write_bytes(bytes(range(256)) * 64)
    (tmp_path / "history.pkl").write_bytes(b"\x80\x04\x95" + bytes(100))
    (tmp_path / "empty.csv").write_text("")
    listing = pipeline.survey(tmp_path)
    assert len(listing.runs) == 1
    named = {Path(skipped.path).name: skipped.reason for skipped in listing.skipped}
    assert "pickle" in named["history.pkl"]
    assert all(reason for reason in named.values())
    assert len(listing.skipped) + sum(count for _, count in listing.passed_over) == 4


def test_files_of_which_one_holds_all_of_another_are_not_lost_beside_another_trainers_file(tmp_path: Path) -> None:
    job = DATA / "printed" / "hf" / "healthy"
    (events,) = job.glob("runs/*/events.*")
    for source in (job / "trainer_state.json", events, DATA / "ultralytics" / "results.csv"):
        shutil.copy(source, tmp_path)
    analysis = losslens.analyze(tmp_path)
    assert not analysis.skipped
    assert sorted(run.name for run in analysis.runs) == ["events", "results"]
    assert sorted(tuple(Path(name).name for name in run.files) for run in analysis.runs) == [
        (events.name, "trainer_state.json"),
        ("results.csv",),
    ]
