"""What Grafana shows comes from Loki and Prometheus: their answers, and what its own buttons download.

Written as Loki's HTTP API gives streams (the latest line first), Prometheus a matrix, logcli its lines, and as
Grafana's ``downloadLogsModelAsTxt``, ``logRowsToReadableJson`` and CSV export write theirs, in old and new versions.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from losslens import load, parsers

VALUES = [round(2 / (i + 1), 4) for i in range(40)]
LINES = [f"step {10 * i} loss {value:.4f} lr 0.001" for i, value in enumerate(VALUES)]
T0 = 1_714_557_600


def iso(i: int) -> str:
    return f"2024-05-01T10:00:{i:02d}.000Z"


def answer(kind: str, result: list[dict[str, Any]]) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result, "stats": {}}})


def stream(lines: list[str], *, back: bool = True, **labels: str) -> dict[str, Any]:
    values = [[str((T0 + i) * 10**9), line] for i, line in enumerate(lines)]
    return {"stream": labels, "values": values[::-1] if back else values}


LATEST_FIRST = list(reversed(list(enumerate(LINES))))
DOWNLOADS = {
    "loki.json": answer("streams", [stream(LINES, pod="a")]),
    "forward.json": answer("streams", [stream(LINES, back=False, pod="a")]),
    "two_streams.json": answer(
        "streams",
        [stream([f"warning {i}" for i in range(9)], pod="a", stream="stderr"), stream(LINES, pod="a", stream="stdout")],
    ),
    "old_loki.json": json.dumps(
        {"streams": [{"labels": '{pod="a"}', "entries": [{"ts": iso(i), "line": t} for i, t in LATEST_FIRST]}]}
    ),
    "logcli.jsonl": "".join(json.dumps({"labels": {}, "line": t, "timestamp": iso(i)}) + "\n" for i, t in LATEST_FIRST),
    "logcli.txt": "".join(f'{iso(i)} {{app="train", pod="a"}} {line}\n' for i, line in LATEST_FIRST),
    "explore.json": json.dumps([{"line": t, "timestamp": str((T0 + i) * 10**9), "date": iso(i), "fields": {"pod": "a"}}
                                for i, t in LATEST_FIRST]),
    "explore_old.txt": 'Common labels: {"pod":"a"}\n\n\n'
    + "".join(f"{iso(i)[:19].replace('T', ' ')}.000\t{line}\n" for i, line in LATEST_FIRST),
    "explore.txt": 'Common labels: {"pod":"a"}\nLine limit: "1000 (40 returned)"\n\n\n'
    + "".join(f"{(T0 + i) * 1000}\t{iso(i)}\t{line}\n" for i, line in LATEST_FIRST),
    "explore.csv": '"Date","Time","Line","tsNs","id"\n'
    + "".join(f'"{iso(i)}","{iso(i)}","{line}","{(T0 + i) * 10**9}","{i}"\n' for i, line in LATEST_FIRST),
}  # fmt: skip


@pytest.mark.parametrize("name", DOWNLOADS)
def test_the_lines_of_a_job_come_back_in_the_order_in_which_it_printed_them(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(DOWNLOADS[name])
    (log,) = parsers.parse(path)
    assert log.series["loss"].step.tolist() == [10 * i for i in range(40)]
    assert log.series["loss"].value.tolist() == VALUES


def test_each_pod_of_an_answer_is_read_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "loki.json"
    path.write_text(answer("streams", [stream(LINES, pod="a"), stream(LINES[:20], pod="b"), stream(["hi"], pod="c")]))
    assert [(log.group_hint, len(log.series["loss"].step)) for log in parsers.parse(path)] == [("a", 40), ("b", 20)]


def test_lines_of_a_service_are_no_training(tmp_path: Path) -> None:
    path = tmp_path / "loki.json"
    path.write_text(answer("streams", [stream([f"GET /login 200 {i} ms" for i in range(50)], app="web")]))
    assert parsers.recognise(path) is None


def gauge(name: str, values: list[float], **labels: str) -> dict[str, Any]:
    points = [[T0 + 15 * i + 0.781, "NaN" if math.isnan(x) else str(x)] for i, x in enumerate(values)]
    return {"metric": {"__name__": name, **labels}, "values": points}


def test_gauges_that_were_scraped_are_a_run(tmp_path: Path) -> None:
    path = tmp_path / "query_range.json"
    lost = [*VALUES[:-1], math.nan]
    path.write_text(
        answer("matrix", [gauge("train_loss", lost, job="a"), gauge("loss", VALUES, split="val", job="a"),
                          gauge("train_loss_sum", VALUES, job="a")])
    )  # fmt: skip
    assert parsers.recognise(path) == "prometheus"
    (log,) = parsers.parse(path)
    assert log.series.keys() == {"train_loss", "val/loss"}
    course = log.series["train_loss"]
    assert (course.axis, course.wall_time[0]) == ("row", T0 + 0.781)
    assert course.value.tolist()[:-1] == VALUES[:-1]
    assert math.isnan(course.value[-1])


def test_a_gauge_that_counts_the_steps_places_the_others(tmp_path: Path) -> None:
    path = tmp_path / "query_range.json"
    path.write_text(answer("matrix", [gauge("loss", VALUES), gauge("global_step", [50.0 * i for i in range(40)])]))
    (log,) = parsers.parse(path)
    assert log.series["loss"].step.tolist() == [50 * i for i in range(40)]


def test_labels_in_which_gauges_of_one_name_differ_tell_the_runs(tmp_path: Path) -> None:
    path = tmp_path / "query_range.json"
    path.write_text(answer("matrix", [gauge("loss", VALUES, run=run, job="a") for run in ("x", "y")]))
    assert [log.group_hint for log in parsers.parse(path)] == ["x", "y"]
    assert [run.name for run in load(tmp_path)] == ["x", "y"]


def test_gauges_of_a_service_are_no_training(tmp_path: Path) -> None:
    path = tmp_path / "query_range.json"
    path.write_text(answer("matrix", [gauge("up", VALUES), gauge("node_load1", VALUES)]))
    assert parsers.recognise(path) is None


def test_a_panel_names_its_columns_by_their_labels(tmp_path: Path) -> None:
    path = tmp_path / "Train loss-data-2024-05-01.csv"
    name = '"{__name__=""train_loss"", job=""a""}"'
    path.write_text(f'"Time",{name}\n' + "".join(f"{(T0 + i) * 1000},{x}\n" for i, x in enumerate(VALUES)))
    (log,) = parsers.parse(path)
    (course,) = log.series.values()
    assert course.value.tolist() == VALUES
