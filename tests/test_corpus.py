"""Logs written by real loggers of real small trainings get, without a flag, the verdict that their numbers deserve."""

from __future__ import annotations

from pathlib import Path

import pytest

import losslens

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
    "printed/catboost": "healthy",
    "printed/cleanrl": "healthy",
    "printed/coqui": "healthy",
    "printed/d3rlpy": "healthy",
    "printed/detectron2": "healthy",
    "printed/detectron2_nan": "nan",
    "printed/fairseq": "healthy",
    "printed/fastai": "healthy",
    "printed/hf/healthy": "healthy",
    "printed/hf/nan": "nan",
    "printed/hf/resumed": "healthy",
    "printed/ignite": "healthy",
    "printed/keras/nan.log": "nan",
    "printed/keras/nan_stopped.log": "nan",
    "printed/keras/piped.log": "healthy",
    "printed/keras/rate_halved.log": "healthy",
    "printed/keras/terminal.log": "healthy",
    "printed/lightgbm": "healthy",
    "printed/lightning/out_of_memory": "healthy",
    "printed/lightning/rich": "healthy",
    "printed/lightning/terminal": "healthy",
    "printed/mmengine": "healthy",
    "printed/nanogpt": "healthy",
    "printed/nanogpt_nan": "nan",
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
    "printed/torchtune": "healthy",
    "printed/word_language_model": "healthy",
    "printed/xgboost": "healthy",
    "rllib": "nan",
    "sb3": "healthy",
    "tensorboard/keras": "healthy",
    "tensorboard/tensorboardx": "nan",
    "tensorboard/tensorflow_1": "nan",
    "tensorboard/tensorflow_2": "nan",
    "tensorboard/torch": "nan",
    "tensorboard/torch_new_style": "nan",
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
