"""Documents that services answer with when they are asked for what was logged.

As their clients' own source names the fields: ``APIExperiment.get_metrics`` of comet_ml 3.58,
``Task.get_reported_scalars`` of clearml 2.1, ``TrainingJobAnalytics`` of sagemaker 2.232. Written from their
documentation or from memory, not held against a real answer: the metrics of a chart of Comet, the observation log of
Katib, the GraphQL answers of W&B, ``dvc plots show --json``, CloudWatch's ``GetMetricData``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from losslens import parsers
from losslens.model import Log
from losslens.parsers.envelopes import opened

LOSS = [2.5, 1.25, 0.8, 0.6, math.nan]
N = range(len(LOSS))
STEPS = [10 * n for n in N]
T0 = 1_714_557_600


def null(value: float) -> float | None:
    return None if math.isnan(value) else value


def spelled(value: float) -> str:
    return "NaN" if math.isnan(value) else str(value)


RECORDS = [{"_step": 10 * n, "loss": spelled(x)} for n, x in enumerate(LOSS)]
COMET = [
    {"metricName": name, "metricValue": spelled(x), "timestamp": 1000 * (T0 + n), "step": 10 * n, "epoch": None,
     "runContext": context, "offset": -(2**57) + n}
    for n, x in enumerate(LOSS) for name, context in (("loss", "train"), ("loss", "validate"))
]  # fmt: skip
CHART = {
    "metricName": "loss", "values": [spelled(x) for x in LOSS], "steps": STEPS, "epochs": [None for _ in N],
    "timestamps": [1000 * (T0 + n) for n in N], "durations": [1000 * n for n in N],
}  # fmt: skip
KATIB = [
    {"time_stamp": f"2024-05-01T10:00:0{n}Z", "metric": {"name": "loss", "value": str(x)}} for n, x in enumerate(LOSS)
]
CLOUDWATCH = {
    "Id": "a", "Label": "loss", "Timestamps": [f"2024-05-01T10:0{n}:00+00:00" for n in N][::-1],
    "Values": [null(x) for x in LOSS][::-1], "StatusCode": "Complete",
}  # fmt: skip
DVC = [{"type": "vega", "revisions": ["workspace"], "content": {"mark": "line"}, "datapoints": {
    "workspace": [{"step": str(10 * n), "loss": spelled(x), "rev": "workspace"} for n, x in enumerate(LOSS)]
}}]  # fmt: skip

EVENTS = [{"step": 10 * n, "metric": null(x)} for n, x in enumerate(LOSS)]

ANSWERS: dict[str, tuple[object, str, list[int]]] = {
    "comet": (COMET, "loss", STEPS),
    "comet, a chart": ({"0a1b2c": {"empty": False, "experimentKey": "0a1b2c", "metrics": [CHART]}}, "loss", STEPS),
    "clearml": ({"loss": {"train": {"name": "train", "x": STEPS, "y": LOSS}}}, "train/loss", STEPS),
    "sagemaker": (
        [{"timestamp": 60.0 * n, "metric_name": "train:loss", "value": null(x)} for n, x in enumerate(LOSS)],
        "train:loss",
        list(N),
    ),
    "katib": ({"observation_log": {"metric_logs": KATIB}}, "loss", list(N)),
    "wandb, sampled": ({"data": {"project": {"run": {"sampledHistory": [RECORDS]}}}}, "loss", STEPS),
    "wandb": ({"data": {"project": {"run": {"history": list(map(json.dumps, RECORDS))}}}}, "loss", STEPS),
    "dvc": ({"dvclive/plots/metrics/loss.tsv": DVC}, "loss", STEPS),
    "dvc, by split": ({"data": {"dvclive/plots/metrics/val/loss.tsv": DVC}}, "val/loss", STEPS),
    "polyaxon": (
        [{"name": "loss", "kind": "metric", "events": EVENTS}],
        "loss",
        STEPS,
    ),
    "cloudwatch": ({"MetricDataResults": [CLOUDWATCH], "Messages": []}, "loss", list(N)),
}  # fmt: skip


def read(path: Path, document: object) -> Log:
    path.write_text(json.dumps(document))
    assert parsers.recognise(path) == "json-records"
    (log,) = parsers.parse(path)
    return log


@pytest.mark.parametrize("service", ANSWERS)
def test_what_a_service_answers_is_the_course_that_was_logged(service: str, tmp_path: Path) -> None:
    document, tag, steps = ANSWERS[service]
    course = read(tmp_path / "metrics.json", document).series[tag]
    assert course.step.tolist() == steps
    assert course.value.tolist()[:4] == LOSS[:4]
    assert math.isnan(course.value[4])


def test_the_context_of_comet_tells_validation_from_training(tmp_path: Path) -> None:
    log = read(tmp_path / "metrics.json", COMET)
    assert {"loss", "validate/loss"} <= log.series.keys()


@pytest.mark.parametrize("columns", [True, False])
def test_a_value_without_a_name_is_what_the_file_is_called(columns: bool, tmp_path: Path) -> None:
    records = [{"step": 10.0 * n, "value": null(x), "timestamp": 1000 * (T0 + n)} for n, x in enumerate(LOSS)]
    frame = {key: {str(n): record[key] for n, record in enumerate(records)} for key in records[0]}
    course = read(tmp_path / "train_loss.json", frame if columns else records).series["train_loss"]
    assert course.step.tolist() == STEPS
    assert math.isnan(course.value[4])


@pytest.mark.parametrize(
    "document",
    [
        {"train loss": {"train loss": {"x": STEPS, "y": LOSS}}},
        {"val": [{"step": 1, "loss": 2.0}]},
        {"loss": [2.5, 1.25]},
        [{"step": 1, "loss": 2.0}],
        "text",
        {},
    ],
)
def test_a_name_that_says_what_its_numbers_are_is_no_envelope(document: object) -> None:
    assert opened(document) == document  # type: ignore[arg-type]


def test_envelopes_have_an_end() -> None:
    deep: object = {"loss": 1.0}
    for _ in range(200):
        deep = {"data": deep}
    assert isinstance(opened(deep), dict)  # type: ignore[arg-type]


def test_what_came_of_a_training_is_no_course_of_it(tmp_path: Path) -> None:
    path = tmp_path / "benchmark.json"
    path.write_text(json.dumps([{"name": name, "value": 0.5} for name in ("loss", "accuracy", "f1", "val_loss")]))
    assert parsers.recognise(path) is None
