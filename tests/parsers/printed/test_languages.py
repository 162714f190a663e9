"""Logs whose words are not English: the names stay as written, and are understood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from losslens.model import Log, Role
from losslens.parsers import parse, recognise
from losslens.roles import assign

LINES = 12


def loss(n: int) -> float:
    return round(0.4 + 2.5 * 0.8**n, 4)


def read(tmp_path: Path, line: Callable[[int], str]) -> Log:
    path = tmp_path / "train.log"
    path.write_text("".join(f"{line(n)}\n" for n in range(LINES)), encoding="utf-8")
    assert recognise(path) == "text"
    (log,) = parse(path)
    return log


#: A line of each language, the name of its loss and what it counts.
SPOKEN: dict[str, tuple[Callable[[int], str], str, str]] = {
    "German": (lambda n: f"Schritt {n}: Verlust = {loss(n)}", "Verlust", "step"),
    "German, compounds": (lambda n: f"Epoche {n} Trainingsverlust {loss(n)}", "Trainingsverlust", "epoch"),
    "French": (lambda n: f"Époque {n}/12 - perte : {loss(n)}", "perte", "epoch"),
    "French, steps": (lambda n: f"étape {n} | perte {loss(n)}", "perte", "step"),
    "Spanish": (lambda n: f"Época {n}: pérdida {loss(n)}", "pérdida", "epoch"),
    "Spanish, steps": (lambda n: f"paso {n}, perdida={loss(n)}", "perdida", "step"),
    "Portuguese": (lambda n: f"passo {n} perda: {loss(n)}", "perda", "step"),
    "Russian": (lambda n: f"Эпоха {n}, потери: {loss(n)}", "потери", "epoch"),
    "Russian, steps": (lambda n: f"шаг {n} потери={loss(n)}", "потери", "step"),
    "Portuguese, a cost": (lambda n: f"Iteração {n} - Custo: {loss(n)}", "Custo", "step"),
    "Portuguese, rounds": (lambda n: f"Rodada {n}: perda global = {loss(n)}", "perda global", "episode"),
    "Spanish, rounds": (lambda n: f"Ronda {n}: pérdida = {loss(n)}", "pérdida", "episode"),
    "French, a cost": (lambda n: f"Itération {n}, coût = {loss(n)}", "coût", "step"),
    "French, rounds": (lambda n: f"Tour {n} : perte = {loss(n)}", "perte", "episode"),
    "German, rounds": (lambda n: f"Runde {n}: Verlust = {loss(n)}", "Verlust", "episode"),
    "Dutch": (lambda n: f"Epoche {n}: verlies {loss(n)}", "verlies", "epoch"),
    "Turkish": (lambda n: f"Dönem {n}/12 - kayıp: {loss(n)}", "kayıp", "epoch"),
    "Korean": (lambda n: f"에폭 {n}/12 - 손실: {loss(n)}", "손실", "epoch"),
    "Korean, brackets": (lambda n: f"[에포크 {n}] 훈련 손실: {loss(n)}, 정확도: 0.5", "훈련 손실", "epoch"),
    "Korean, steps": (lambda n: f"스텝 {n} 손실 {loss(n)} 학습률 0.001", "손실", "step"),
    "Korean, rounds": (lambda n: f"라운드 {n}: 손실 = {loss(n)}", "손실", "episode"),
    "Chinese of Taiwan": (lambda n: f"第 {n} 回合 訓練損失: {loss(n)}", "訓練損失", "epoch"),
    "Japanese, rounds": (lambda n: f"ラウンド {n} 損失: {loss(n)}", "損失", "episode"),
    "Japanese": (lambda n: f"エポック {n} 損失: {loss(n)}", "損失", "epoch"),
}


@pytest.mark.parametrize("language", SPOKEN)
def test_the_loss_and_its_place_are_understood_and_the_name_stays_as_written(language: str, tmp_path: Path) -> None:
    line, name, axis = SPOKEN[language]
    log = read(tmp_path, line)
    course = log.series[name]
    assert course.axis == axis
    assert course.step.tolist() == list(range(LINES))
    assert course.value.tolist() == [loss(n) for n in range(LINES)]
    assert [c.role for c in assign(log.series) if c.tag == name] == [Role.TRAIN_LOSS]


@pytest.mark.parametrize(
    ("train", "val"),
    [
        *(("Verlust", "Validierungsverlust"), ("perte", "perte de validation"), ("pérdida", "pérdida_val")),
        *(
            ("학습 손실", "검증 손실"),
            ("訓練損失", "驗證損失"),
            ("verlies", "validatieverlies"),
            ("kayıp", "doğrulama kaybı"),
        ),
    ],
)
def test_the_loss_on_held_back_data_is_told_from_that_of_the_training(train: str, val: str, tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"Epoch {n}: {train}={loss(n)}, {val}={loss(n) + 0.1:.4f}")
    roles = {c.tag: c.role for c in assign(log.series)}
    assert roles[train] is Role.TRAIN_LOSS
    assert roles[val] is Role.VAL_LOSS


@pytest.mark.parametrize("name", ["Verlust = {}", "loss: {}", "perte {}"])
def test_numbers_with_a_decimal_comma_are_whole(name: str, tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"Epoch {n} | {name.format(str(loss(n)).replace('.', ','))}")
    (course,) = [s for tag, s in log.series.items() if tag != "epoch"]
    assert course.value.tolist() == [loss(n) for n in range(LINES)]


def test_thousands_and_lists_keep_their_commas(tmp_path: Path) -> None:
    log = read(tmp_path, lambda n: f"step {n} loss {loss(n)} shape=3,20 tokens=1,204,{n:03d}")
    assert log.series["loss"].value.tolist() == [loss(n) for n in range(LINES)]
    (tokens,) = [s for tag, s in log.series.items() if tag == "tokens"]
    assert np.all(tokens.value > 1_000_000)


def test_columns_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "verlauf.csv"
    path.write_text("Schritt;Verlust;Lernrate\n" + "".join(f"{n};{loss(n)};0.1\n" for n in range(LINES)))
    (log,) = parse(path)
    assert log.series["Verlust"].axis == "step"
    roles = {c.tag: c.role for c in assign(log.series)}
    assert roles["Verlust"] is Role.TRAIN_LOSS
    assert roles["Lernrate"] is Role.LEARNING_RATE


def test_prose_of_another_language_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    text = (
        "Der Verlust von 3 Spielen war ein harter Schritt. Une perte de 20 points, 4 étapes. La pérdida fue grande.\n"
    )
    path.write_text(text * 8, encoding="utf-8")
    assert recognise(path) is None


@pytest.mark.parametrize(
    ("encoding", "line", "loss"),
    [
        ("gb18030", "第{}轮 训练损失：{:.4f} 验证损失：0.5", "训练损失"),
        ("gb18030", "轮次 {}: loss={:.4f}", "loss"),
        ("cp932", "エポック {}: 損失 {:.4f}", "損失"),
        ("euc_jp", "エポック {}: 損失 {:.4f}", "損失"),
        ("big5", "epoch {} 損失: {:.4f}", "損失"),
        ("cp1251", "Эпоха {}: потери {:.4f}", "потери"),
        ("cp866", "Эпоха {}: потери {:.4f}", "потери"),
        ("cp1252", "Époque {} : perte {:.4f}", "perte"),
        ("cp949", "에폭 {}: 훈련 손실 {:.4f}", "훈련 손실"),
    ],
)
def test_what_a_console_writes_in_its_own_encoding_is_read(tmp_path: Path, encoding: str, line: str, loss: str) -> None:
    values = [round(2 / n, 4) for n in range(1, 40)]
    path = tmp_path / "train.log"
    path.write_bytes("".join(line.format(n, x) + "\n" for n, x in enumerate(values, 1)).encode(encoding))
    (log,) = parse(path)
    assert log.series[loss].value.tolist() == values
    assert log.series[loss].axis == "epoch"
    assert log.series[loss].step.tolist() == list(range(1, 40))


def test_a_table_whose_header_a_console_wrote_keeps_its_names(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(("轮次,训练损失\n" + "".join(f"{n},{2 / n:.4f}\n" for n in range(1, 40))).encode("gb18030"))
    (log,) = parse(path)
    assert log.series["训练损失"].value.size == 39


@pytest.mark.parametrize(
    ("heading", "client", "loss"),
    [
        ("--- Round {} ---", "Client {} - {}: ", "loss"),
        ("--- Rodada {} ---", "Cliente {} - {}: ", "perda"),
        ("--- Ronda {} ---", "Cliente {} - {}: ", "pérdida"),
        ("--- Tour {} ---", "Client {} - {} : ", "perte"),
        ("--- Runde {} ---", "Client {} - {}: ", "Verlust"),
        ("--- ラウンド {} ---", "クライアント {} - {}: ", "損失"),
        ("--- 라운드 {} ---", "클라이언트 {} - {}: ", "손실"),
    ],
)
def test_clients_of_a_round_are_one_training(heading: str, client: str, loss: str, tmp_path: Path) -> None:
    lines = []
    for n in range(1, LINES):
        lines += [heading.format(n), *(client.format(k, loss) + f"{2.5 * 0.8**n + k / 100:.4f}" for k in range(1, 4))]
    (tmp_path / "federated.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (log,) = parse(tmp_path / "federated.log")
    assert log.series[loss].value.size == 3 * (LINES - 1)
    assert log.group_hint is None
