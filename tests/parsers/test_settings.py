"""Files of settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from losslens import parsers
from losslens.errors import ParseError
from losslens.model import Log, SettingValue


def read(folder: Path, text: str, name: str) -> Log:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert parsers.recognise(path) == "settings"
    (log,) = parsers.parse(path)
    assert not log.series
    return log


def values(log: Log) -> dict[str, SettingValue]:
    return {setting.name: setting.value for setting in log.settings}


@pytest.mark.parametrize(
    "name", ["hparams.yaml", "args.yaml", "config.yml", ".hydra/config.yaml", "train_config.yaml", "my.run.yaml"]
)
def test_yaml_is_flattened_with_dots(tmp_path: Path, name: str) -> None:
    log = read(
        tmp_path, "lr: 1e-4\noptimizer:\n  name: adam\n  betas: [0.9, 0.999]\nepochs: 3\namp: true\nx: null\n", name
    )
    assert values(log) == {
        "lr": 1e-4,
        "optimizer.name": "adam",
        "optimizer.betas": "[0.9, 0.999]",
        "epochs": 3,
        "amp": True,
        "x": None,
    }
    assert log.settings[0].source == f"{tmp_path / name}:lr"


@pytest.mark.parametrize("name", ["args.json", "config.json", "params.json", "training_args.json", "run.json"])
def test_json_is_flattened_with_dots(tmp_path: Path, name: str) -> None:
    log = read(
        tmp_path, json.dumps({"learning_rate": 5e-5, "optim": {"eps": 1e-8}, "max_grad_norm": 1.0}, indent=1), name
    )
    assert values(log) == {"learning_rate": 5e-5, "optim.eps": 1e-8, "max_grad_norm": 1.0}


def test_settings_on_one_line_are_no_log_of_one_record(tmp_path: Path) -> None:
    log = read(tmp_path, '{"lr": 0.001, "batch_size": 32, "loss": "mse", "epochs": 10}\n', "config.json")
    assert values(log)["batch_size"] == 32


def test_python_objects_in_yaml_are_passed_over_and_never_built(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    text = (
        "lr: 0.1\n"
        f"evil: !!python/object/apply:os.system ['touch {marker}']\n"
        "optimizer: !!python/name:torch.optim.Adam ''\n"
        "betas: !!python/tuple [0.9, 0.99]\n"
        "net: !!python/object:argparse.Namespace\n  hidden: 3\n"
        "batch_size: 4\n"
    )
    log = read(tmp_path, text, "hparams.yaml")
    assert values(log) == {"lr": 0.1, "betas": "[0.9, 0.99]", "batch_size": 4}
    assert [warning.code for warning in log.warnings] == ["yaml-tags"]
    assert not marker.exists()


def test_an_alias_bomb_is_refused_quickly(tmp_path: Path) -> None:
    rows = ["a0: &a0 {x: 1, y: 2}"]
    rows += [f"a{n}: &a{n} {{" + ", ".join(f"k{m}: *a{n - 1}" for m in range(9)) + "}" for n in range(1, 12)]
    path = tmp_path / "config.yaml"
    path.write_text("lr: 0.1\nepochs: 3\n" + "\n".join(rows))
    assert parsers.recognise(path) == "settings"
    with pytest.raises(ParseError, match="aliases"):
        parsers.parse(path)


def test_an_alias_to_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("lr: 0.1\nloop: &a {again: *a}\n")
    with pytest.raises(ParseError):
        parsers.parse(path)


def test_anchors_and_merges_are_followed(tmp_path: Path) -> None:
    log = read(tmp_path, "base: &b {lr: 0.1, wd: 0.01}\nrun:\n  <<: *b\n  lr: 0.2\n", "config.yaml")
    assert values(log)["run.lr"] == 0.2
    assert values(log)["run.wd"] == 0.01


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr: [1, 2\nepochs: 3\n", "not YAML at line"),
        ("lr: " + "[" * 5000 + "\n", "nested too deeply|not YAML"),
        ("lr: 0.1\n" + "x: 1\n" * 200_000, "more than"),
    ],
)
def test_broken_deep_and_huge_yaml_is_an_error_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ParseError, match=words) as caught:
        parsers.parse(path, "settings")
    assert "\n" not in str(caught.value)


def test_many_settings_are_limited_and_said(tmp_path: Path) -> None:
    log = read(
        tmp_path, json.dumps({f"k{n}": n for n in range(900)} | {"d": {f"k{n}": n for n in range(5000)}}), "config.json"
    )
    assert len(log.settings) == 2000
    assert [warning.code for warning in log.warnings] == ["many-settings"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '{"name": "x", "version": "1.0", "config": {"a": 1}}'),
        ("tokenizer_config.json", '{"model_max_length": 512, "do_lower_case": true}'),
        ("vocab.json", '{"the": 0, "of": 1}'),
        ("meta.yaml", "artifact_uri: file:///x\nrun_id: abc\nlr: 1\nseed: 2\n"),
        ("workflow.yaml", "name: ci\non: push\njobs:\n  test:\n    runs-on: ubuntu\n"),
        ("model.safetensors.index.json", '{"metadata": {}, "weight_map": {"model.layer": "a"}}'),
        ("notes.yaml", "- buy milk\n- sleep\n"),
        ("pyproject.toml", "[project]\nname = 'x'\n[tool.x]\nlr = 0.1\nseed = 1\n"),
        ("config.toml", "[server]\nport = 80\n"),
        ("options.txt", "buy milk\nsleep: well\nlearn: toml\n"),
        ("params.txt", "0.1 0.2\n0.3 0.4\n"),
    ],
)
def test_other_files_are_no_settings(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert parsers.recognise(tmp_path / name) is None


def test_the_config_of_a_wandb_run_is_read_without_its_wrapping(tmp_path: Path) -> None:
    text = (
        "wandb_version: 1\n\n_wandb:\n  desc: null\n  value:\n    cli_version: 0.9.7\n"
        "lr:\n  desc: null\n  value: 0.05\noptimizer:\n  desc: null\n  value:\n    momentum: 0.9\n    name: sgd\n"
    )
    log = read(tmp_path, text, "config.yaml")
    assert values(log) == {"lr": 0.05, "optimizer.momentum": 0.9, "optimizer.name": "sgd"}
    assert log.settings[0].source == f"{tmp_path / 'config.yaml'}:lr"


def test_the_command_line_in_a_wandb_runs_metadata_is_settings(tmp_path: Path) -> None:
    metadata = {
        "program": "train.py",
        "args": ["--learning-rate", "0.1", "--amp", "optim.eps=1e-8", "--clip=1.0"],
        "state": "running",
        "heartbeatAt": "2026-11-21T08:38:03",
    }
    log = read(tmp_path, json.dumps(metadata, indent=4), "wandb-metadata.json")
    assert values(log) == {"learning_rate": 0.1, "amp": True, "clip": 1.0, "optim.eps": 1e-8}


def test_toml_is_flattened_with_dots(tmp_path: Path) -> None:
    text = '[optimizer]\nname = "AdamW"\nlr = 8e-4\nbetas = [0.9, 0.95]\n[training]\nsteps = 1000\n'
    log = read(tmp_path, text, "train_config.toml")
    assert values(log) == {
        "optimizer.name": "AdamW",
        "optimizer.lr": 8e-4,
        "optimizer.betas": "[0.9, 0.95]",
        "training.steps": 1000,
    }


def test_broken_toml_is_an_error_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("lr = 0.1\nbatch_size = [1, 2\n")
    with pytest.raises(ParseError, match="not TOML") as caught:
        parsers.parse(path, "settings")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("args.txt", "lr: 0.1\nbatch_size: 32\nname: a b\n"),
        ("config.ini", "lr = 0.1\nbatch_size = 32\nname = a b\n"),
        ("commandline_args.txt", "--lr 0.1 --batch-size 32\n--name 'a b'\n"),
        (
            "train_opt.txt",
            "---------- Options ----------\n"
            "               batch_size: 32            \n"
            "                       lr: 0.1           \t[default: 0.2]\n"
            "                     name: a b           \n"
            "------------ End ------------\n",
        ),
    ],
)
def test_settings_a_line_are_read(tmp_path: Path, name: str, text: str) -> None:
    log = read(tmp_path, text, name)
    assert {k: v for k, v in values(log).items() if k != "End"} == {"lr": 0.1, "batch_size": 32, "name": "a b"}


def test_overrides_of_hydra_are_settings(tmp_path: Path) -> None:
    log = read(tmp_path, "- optim.lr=0.1\n- +trainer.max_epochs=3\n", ".hydra/overrides.yaml")
    assert values(log) == {"optim.lr": 0.1, "trainer.max_epochs": 3}


def test_an_ordered_mapping_of_python_is_read_without_building_it(tmp_path: Path) -> None:
    text = (
        "!!python/object/apply:collections.OrderedDict\n- - - batch_size\n    - 64\n  - - learning_rate\n    - 0.001\n"
    )
    assert values(read(tmp_path, text, "config.yml")) == {"batch_size": 64, "learning_rate": 0.001}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "llama3_lora_sft.yaml",
            "### model\nmodel_name_or_path: llama\n### train\nlearning_rate: 1.0e-4\nnum_train_epochs: 3.0\n",
            {"learning_rate": 1e-4, "num_train_epochs": 3.0},
        ),
        (
            "config.yaml",
            "SOLVER:\n  AMP:\n    ENABLED: false\n  BASE_LR: 0.02\n  STEPS:\n  - 60000\n  - 80000\n",
            {"SOLVER.AMP.ENABLED": False, "SOLVER.BASE_LR": 0.02, "SOLVER.STEPS": "[60000, 80000]"},
        ),
        (
            "ds_config.json",
            '{"train_batch_size": 64, "fp16": {"enabled": true, "initial_scale_power": 16}}',
            {"train_batch_size": 64, "fp16.enabled": True, "fp16.initial_scale_power": 16},
        ),
        (
            "zero2.json",
            '{"gradient_clipping": 1.0, "zero_optimization": {"stage": 2}}',
            {"gradient_clipping": 1.0, "zero_optimization.stage": 2},
        ),
        ("opt.yaml", "weights: yolov5s.pt\nhyp:\n  lr0: 0.01\nepochs: 300\n", {"hyp.lr0": 0.01, "epochs": 300}),
    ],
)
def test_settings_as_trainers_keep_them(
    tmp_path: Path, name: str, text: str, expected: dict[str, SettingValue]
) -> None:
    assert expected.items() <= values(read(tmp_path, text, name)).items()
