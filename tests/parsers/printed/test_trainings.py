"""Several trainings in one output, told by the names on their lines or by the headings above them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from losslens.model import Log
from losslens.parsers import text
from losslens.runs import find, load
from tests.parsers import truth


def _epochs(n: int = 6, *, before: str = "", start: float = 3.0, first: int = 1) -> str:
    return "".join(f"{before}Epoch {first + i}/9 loss: {start * 0.9**i + 0.3:.4f}\n" for i in range(n))


def _logs(path: Path, output: str) -> tuple[Log, ...]:
    (path / "train.log").write_text(output)
    return text.parse(path / "train.log")


def _names(path: Path, output: str) -> list[str | None]:
    return [log.group_hint for log in _logs(path, output)]


@pytest.mark.parametrize(
    ("before", "names"),
    [
        (("LSTM_e1 ", "LSTM_e2 ", "TF_e1 "), ["LSTM_e1", "LSTM_e2", "TF_e1"]),
        (("[fold 0] ", "[fold 1] "), ["fold 0", "fold 1"]),
        (("lr=0.1 | ", "lr=0.01 | "), ["lr=0.1", "lr=0.01"]),
        (("resnet18: ", "vgg16: "), ["resnet18", "vgg16"]),
    ],
)
def test_names_on_the_lines_tell_trainings_apart(before: Sequence[str], names: Sequence[str], tmp_path: Path) -> None:
    # The second begins at a level where the first might have gone on.
    output = "".join(_epochs(before=name, start=3.0 / (k + 1)) for k, name in enumerate(before))
    assert _names(tmp_path, output) == names


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("[fold_{}] {:03d}/012 loss={}", ["fold_0", "fold_1"]),
        ("[fold {}] {}/12: loss {}", ["fold 0", "fold 1"]),
        ("[fold{}][{}/12] loss {}", ["fold0", "fold1"]),
        ("fold_{}: {}/12 loss {}", ["fold_0", "fold_1"]),
        ("fold {} | {}/12 | loss {}", ["fold 0", "fold 1"]),
        ("[seed {}] [{}/12] loss {}", ["seed 0", "seed 1"]),
        ("fold{} - {}/12 - loss: {}", ["fold0", "fold1"]),
        ("[fold_{}] {} loss={}", ["fold_0", "fold_1"]),
    ],
)
def test_folds_whose_lines_count_without_a_word_are_told_apart(line: str, names: Sequence[str], tmp_path: Path) -> None:
    values = [round(2 / n, 4) for n in range(1, 13)]
    output = "".join(line.format(k, n, values[n - 1]) + "\n" for k in range(2) for n in range(1, 13))
    logs = _logs(tmp_path, output)
    assert [log.group_hint for log in logs] == names
    assert all(log.series["loss"].value.tolist() == values for log in logs)
    assert all(log.series["loss"].step.tolist() == list(range(1, 13)) for log in logs)


def test_a_split_in_brackets_ahead_of_a_count_names_no_training(tmp_path: Path) -> None:
    output = "".join(f"[Train {n * 10}/200] loss: {2 / (n + 1):.4f}\n" for n in range(20))
    (log,) = _logs(tmp_path, output)
    assert log.series["loss"].step.tolist() == list(range(0, 200, 10))


def test_the_training_that_all_folds_begin_from_needs_no_heading(tmp_path: Path) -> None:
    output = _epochs(start=2.0) + "".join(f"Fold {k}\n" + _epochs(start=3.0 / k) for k in (1, 2, 3))
    assert _names(tmp_path, output) == [None, "Fold 1", "Fold 2", "Fold 3"]


def _begun(said: str, *parts: tuple[int, int], gap: int = 10) -> str:
    """Starts in one output, each with the epoch and the number of its records."""
    return "".join(
        f"9.5 M weights\n{said}\nEpoch {epoch}/2\n"
        + "".join(f"  Batch {gap * (i + 1)}/900 | Batch Loss: {3 / (i + k + 1):.4f}\n" for i in range(records))
        for k, (epoch, records) in enumerate(parts)
    )


@pytest.mark.parametrize(
    "said",
    ["===== Training started =====", "Starting training for 2 epochs...", "2024-01-02 10:00:00 INFO: Start training"],
)
def test_what_a_program_says_when_it_begins_tells_starts_apart(said: str, tmp_path: Path) -> None:
    first, second, third = _logs(tmp_path, _begun(said, (1, 20), (1, 3), (1, 30), (1, 12)))
    assert [len(log.series["Batch Loss"].step) for log in (first, second, third)] == [20, 33, 12]
    assert third.series["Batch Loss"].step.tolist() == list(range(10, 130, 10))


def test_a_start_given_up_after_a_few_epochs_is_told_apart_where_the_loss_is_back_at_its_first_level(
    tmp_path: Path,
) -> None:
    def epochs(level: float, count: int) -> str:
        return "".join(f"Epoch {e}/50 train_loss: {level / (e + 1):.4f}\n" for e in range(1, count + 1))

    again = "Start training...\n" + epochs(4.0, 3) + "Start training...\n"
    assert [len(log.series["train_loss"].step) for log in _logs(tmp_path, again + epochs(3.9, 20))] == [3, 20]
    assert [len(log.series["train_loss"].step) for log in _logs(tmp_path, again + epochs(1.9, 20))] == [23]


@pytest.mark.parametrize(
    "output",
    [
        _begun("Training started", (1, 20), (2, 20)),  # each epoch is begun
        _begun("Start training epoch 1", (1, 20), (1, 19)),
        _begun("Start training the first stage", (1, 20)) + _begun("Start training all of it", (1, 19)),
        _begun("Training started", (1, 20)) + "Resuming from ckpt.pt\n" + _begun("Training started", (1, 20)),
        "".join(
            f"Start training\n{''.join(f'[{10 * i}/90] loss: {i}.5{k}' + chr(10) for i in range(1, 10))}"
            for k in range(9)
        ),
    ],
)
def test_epochs_that_are_begun_and_a_job_that_is_resumed_are_one_training(output: str, tmp_path: Path) -> None:
    assert _names(tmp_path, output) == [None]


@pytest.mark.parametrize(
    ("headings", "names"),
    [
        (("Fold 1", "Fold 2", "Fold 3"), ["Fold 1", "Fold 2", "Fold 3"]),
        (("-------- FOLD 1/2 --------", "-------- FOLD 2/2 --------"), ["FOLD 1 of 2", "FOLD 2 of 2"]),
        (("=== resnet18 ===", "=== vgg16 ==="), ["resnet18", "vgg16"]),
        (("[Stage 2] S2DS 第 1 折微调启动...", "[Stage 2] S2DS 第 2 折微调启动..."), ["第 1 折", "第 2 折"]),
        (("======\n resnet18\n======", "======\n vgg16\n======"), ["resnet18", "vgg16"]),
        (("Training model a", "Training model b"), ["model a", "model b"]),
        (("Training resnet18...", "Training vgg16..."), ["resnet18", "vgg16"]),
        (
            ("Training Mamba-ISAC Model on cuda...", "Training BERT Model on cuda..."),
            ["Mamba-ISAC Model", "BERT Model"],
        ),
        (("seed 3", "seed 4"), ["seed 3", "seed 4"]),
        (("lr=0.1", "lr=0.01"), ["lr=0.1", "lr=0.01"]),
        (("Training with lr=0.1, bs=8", "Training with lr=0.1, bs=16"), ["lr=0.1, bs=8", "lr=0.1, bs=16"]),
        (("Model: a\nFold 1", "Fold 2", "Model: b\nFold 1"), ["Model a, Fold 1", "Model a, Fold 2", "Model b, Fold 1"]),
    ],
)
def test_headings_tell_trainings_apart(headings: Sequence[str], names: Sequence[str], tmp_path: Path) -> None:
    output = "".join(f"{name}\n{_epochs(start=3.0 / (k + 1))}Saving it\n" for k, name in enumerate(headings))
    assert _names(tmp_path, output) == names


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(
            f"Seed: 1\nModel: a\n{_epochs(20)}Seed: 1\nModel: a\nResuming from ckpt_15.pt\n{_epochs(9, first=16)}",
            id="resumed",
        ),
        pytest.param(f"Model: a\n{_epochs(20)}Model: a\n{_epochs(20, start=0.4)}", id="named the same again"),
        pytest.param(
            f"Seed: 1\n{_epochs(20)}Seed: 2\nResuming from ckpt_20.pt\n{_epochs(20, start=0.4)}",
            id="resumed with another seed and a new count",
        ),
        pytest.param("".join(f"lr: {0.1 * 0.9**i:.4f}\n{_epochs(1, first=i)}" for i in range(9)), id="a rate an epoch"),
        pytest.param(_epochs(9, before="Pretrain ") + _epochs(9, before="Finetune "), id="phases"),
        pytest.param(
            "".join(_epochs(3, before=f"Client {c} ") for _ in range(4) for c in (0, 1)), id="clients in many rounds"
        ),
        pytest.param(f"=== Config ===\nFold 1\n{_epochs(20)}=== Results ===\nFold 1\n", id="one fold"),
        pytest.param("".join(f"=== Task {i} ===\n{_epochs(8)}" for i in range(3)), id="tasks of one model"),
        pytest.param("".join(f"==== Epoch {i} ====\ntrain loss: 0.{9 - i}\n" for i in range(1, 9)), id="an epoch each"),
    ],
)
def test_what_may_be_one_training_is_left_to_the_numbers(output: str, tmp_path: Path) -> None:
    assert _names(tmp_path, output) == [None]


def _bars(start: float, size: int = 40) -> str:
    """One epoch as Keras draws it where it is the only one: without its number."""
    drawn = ((n, "=" * (n * 20 // size) + ">" + "." * (20 - n * 20 // size)) for n in range(1, size + 1))
    return "".join(f"{n}/{size} [{bar}] - ETA: 1s - loss: {start * 0.99**n:.4f}\n" for n, bar in drawn)


def test_headings_tell_trainings_of_one_epoch_apart_whose_bars_do_not_say_it(tmp_path: Path) -> None:
    logs = _logs(tmp_path, "".join(f"Fold {k}\n{_bars(3.0 - k / 2)}" for k in (1, 2, 3)))
    assert [log.group_hint for log in logs] == ["Fold 1", "Fold 2", "Fold 3"]
    assert all(log.series["loss"].step.tolist() == list(range(1, 41)) for log in logs)
    # Without headings, or with one that comes again, bars that begin again are epochs.
    assert _names(tmp_path, "".join(_bars(3.0 - k / 2) for k in (1, 2, 3))) == [None]
    assert _names(tmp_path, "".join(f"Fold 1\n{_bars(3.0 - k / 2)}" for k in (1, 2, 3))) == [None]


def test_the_trials_of_a_search_are_trainings_with_the_settings_that_were_tried() -> None:
    path = truth.DATA / "printed" / "keras_tuner" / "train.log"
    logs = text.parse(path)
    produced = truth.load(path)
    assert len(logs) == 4
    for trial, log in enumerate(logs, 1):
        settings = {setting.name: setting.value for setting in log.settings}
        assert (log.group_hint or "").startswith(f"Trial {trial}, ")
        assert settings.keys() >= {"units", "lr"}
        for tag in ("loss", "val_loss"):
            points = produced[f"{trial}/{tag}"]
            assert log.series[tag].step.tolist() == [step for step, _ in points]
            assert log.series[tag].value.tolist() == pytest.approx([value for _, value in points], abs=6e-5)
    assert len({(s.name, s.value) for log in logs for s in log.settings if s.name == "lr"}) > 1


def test_each_training_has_its_own_settings_and_events(tmp_path: Path) -> None:
    boom = "Traceback (most recent call last):\n  File 'a.py'\nValueError: boom\n"
    first, second = _logs(tmp_path, f"lr=0.1\n{_epochs()}{boom}lr=0.01\n{_epochs(5)}")
    assert [{s.name: s.value for s in log.settings}["lr"] for log in (first, second)] == [0.1, 0.01]
    assert [e.kind for e in first.events] == ["traceback"]
    assert first.events[0].step == 6
    assert not second.events
    assert second.series["loss"].step.tolist() == [1, 2, 3, 4, 5]


def test_more_trainings_than_are_compared_each_with_each_are_all_runs(tmp_path: Path) -> None:
    (tmp_path / "sweep.log").write_text("".join(f"Run {i}\n{_epochs()}" for i in range(100)))
    (job,) = find([tmp_path]).jobs
    runs = load(job)
    assert len(runs) == 100
    assert runs[7].name.endswith("Run 7")
    assert "one of 100 that sweep.log holds" in runs[7].why


def test_epochs_that_begin_again_with_another_number_of_batches_are_another_training(tmp_path: Path) -> None:
    def job(size: int, first: int, last: int, level: float) -> str:
        lines = [(e, b) for e in range(first, last) for b in range(6, size, 12)]
        return "".join(f"Epoch [{e}/50], Step [{b}/{size}], Loss: {level:.4f}\n" for e, b in lines)

    first, second = _logs(tmp_path, job(48, 1, 9, float("nan")) + job(37, 1, 7, 0.2))
    assert [log.series["Loss"].step.size for log in (first, second)] == [32, 18]
    assert second.series["Loss"].step[:4].tolist() == [6, 18, 30, 43]
    assert _names(tmp_path, job(48, 1, 9, 0.5) + job(37, 8, 12, 0.4)) == [None]  # resumed with other batches
    assert _names(tmp_path, job(48, 1, 9, 0.5) + "Resuming from last.pt\n" + job(37, 1, 4, 0.4)) == [None]


def test_settings_that_read_like_headings_tear_no_training(tmp_path: Path) -> None:
    # As Marian prints them: some are numbers under names of trainings, and the first epoch has many lines.
    stamp = "[2024-05-01 10:00:00]"
    command = "marian --mini-batch-fit -w 9000 --maxi-batch 1000 --learn-rate 0.0003 --lr-warmup 16000"
    config = ["after-epochs: 0", "lr-decay: 0", "lr-decay-freq: 50000", "lr-decay-inv-sqrt: 16000", "lr-warmup: 16000"]
    lines = [f"[marian] {command}", *(f"{stamp} [config] {line}" for line in config)]
    for u in range(1, 25):
        place = f"Ep. {1 + u // 8} : Up. {1000 * u} : Sen. {900 * u:,}"
        lines.append(f"{stamp} {place} : Cost {9 / u + 1:.4f} : Time 60.15s : 845.70 words/s : L.r. 3.0000e-04")
    (log,) = _logs(tmp_path, "\n".join(lines) + "\n")
    assert log.series["Cost"].step.tolist() == [1000 * u for u in range(1, 25)]
    assert {s.name for s in log.settings} >= {"lr-decay", "lr-warmup"}


def _in_turn(*names: str, epochs: int = 8) -> str:
    return "".join(
        f"{name} epoch {e} loss {3 * 0.8**e + k:.4f}\n" for e in range(epochs) for k, name in enumerate(names)
    )


@pytest.mark.parametrize(
    "names",
    [("[job 0]", "[job 1]", "[job 2]"), ("model_3:", "model_10:"), ("lr=0.1", "lr=0.01"), ("[seed 1]", "[seed 2]")],
)
def test_trainings_that_ran_at_once_and_printed_in_turn_are_told_apart(names: Sequence[str], tmp_path: Path) -> None:
    logs = _logs(tmp_path, _in_turn(*names))
    assert len(logs) == len(names)
    for k, log in enumerate(logs):
        assert log.series["loss"].step.tolist() == list(range(8))
        assert log.series["loss"].value[0] == 3.0 + k


def test_what_died_of_several_that_ran_at_once_is_the_one_that_printed_last(tmp_path: Path) -> None:
    said = _in_turn("[job 0]", "[job 1]") + "[job 0] epoch 8 loss 0.5\nRuntimeError: CUDA out of memory\n"
    first, second = _logs(tmp_path, said)
    assert [event.kind for event in first.events] == ["out-of-memory"]
    assert not second.events


@pytest.mark.parametrize("names", [("layer 1", "layer 2"), ("[agent 0]", "[agent 1]"), ("head_1:", "head_2:")])
def test_parts_of_one_training_that_print_in_turn_are_no_trainings(names: Sequence[str], tmp_path: Path) -> None:
    assert len(_logs(tmp_path, _in_turn(*names))) == 1


def test_jobs_of_which_one_begins_later_are_left_to_the_numbers(tmp_path: Path) -> None:
    said = _in_turn("[job 0]", "[job 1]").splitlines(keepends=True)
    assert len(_logs(tmp_path, "".join(line for line in said if not line.startswith("[job 1] epoch 0")))) == 1


def _swept(name: str, values: Sequence[float], *, goes_on: bool = False) -> str:
    return "".join(
        f"Epoch {e + 10 * k * goes_on}/10, Gamma: 0.5, {name}: {value}, Loss: {2 / e + value:.4f}, Top: {e}%\n"
        for k, value in enumerate(values)
        for e in range(1, 11)
    )


def test_a_sweep_that_says_on_each_line_what_it_tries_is_as_many_trainings(tmp_path: Path) -> None:
    names = _names(tmp_path, _swept("Decay Rate", [0.1, 0.2, 0.4]))
    assert names == ["Decay_Rate=0.1", "Decay_Rate=0.2", "Decay_Rate=0.4"]


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(_swept("lr", [0.1, 0.01, 0.001]), id="stages of one training"),
        pytest.param(_swept("Decay Rate", [0.1, 0.2, 0.4], goes_on=True), id="a count that goes on"),
        pytest.param(_swept("Decay Rate", [0.1, 0.2, 0.1]), id="a setting that comes again"),
        pytest.param(_swept("Grad", [0.1, 0.2, 0.4]), id="no setting"),
    ],
)
def test_settings_on_the_lines_of_one_training_tell_none_apart(output: str, tmp_path: Path) -> None:
    assert _names(tmp_path, output) == [None]


def test_a_message_of_saved_weights_among_lines_that_count_nothing_known_is_no_error(tmp_path: Path) -> None:
    rows = [f"[{4 * i:4d}/500] silog {0.7 * 0.98**i:.4f} lr 3.0e-03\n" for i in range(40)]
    (log,) = _logs(tmp_path, "".join([*rows[:20], "=> loaded checkpoint 'model_best.pth' (iter 80)\n", *rows[20:]]))
    assert log.series["silog"].value.size == 40


def test_jobs_that_name_themselves_ahead_of_each_line_are_told_apart(tmp_path: Path) -> None:
    # Several jobs share one output: name, what was run, epoch, step, numbers.
    output = ""
    for n in range(20):
        for shots, factor in ((2, 1.0), (4, 2.0)):
            place = f"epoch={n / 5:.2f},step={n},loss={factor * 0.9**n + 0.3:.4f}"
            output += f"{shots}shot_e5,TRAIN,{place},lr=0.0010\n"
            if n % 5 == 4:
                output += f"{shots}shot_e5,EVAL,{place},acc=0.5000\n"
    first, second = _logs(tmp_path, output)
    assert (first.group_hint, second.group_hint) == ("2shot_e5", "4shot_e5")
    assert first.series["loss"].step.tolist() == list(range(20))
    assert second.series["eval/loss"].step.tolist() == [4, 9, 14, 19]
