"""Which framework a training was written in, so that a report shows the code of that one alone.

One table for what the parsers call a trainer, the words that its settings and printed lines use, and the names of event
files. Where nothing says, or two things disagree, it is unknown, and a report shows both.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable

from losslens.patterns import compiled


class Framework(enum.StrEnum):
    """What code is written for. TensorFlow without Keras is shown the code of Keras, which runs beside it."""

    PYTORCH = "pytorch"
    KERAS = "keras"
    TENSORFLOW = "tensorflow"


_BY_TRAINER = {
    trainer: framework
    for framework, trainers in {
        Framework.PYTORCH: (
            *("d3rlpy", "deepspeed", "detectron2", "fairseq", "fastai", "guided-diffusion", "hf", "lightning"),
            *("llama-factory", "megatron", "mmcv", "mmengine", "nanogpt", "pytorch", "sb3", "timm", "torchrl"),
            *("torchtitan", "torchtune", "ultralytics"),
        ),
        Framework.KERAS: ("keras", "keras-json"),
        Framework.TENSORFLOW: ("tensorflow",),
    }.items()
    for trainer in trainers
}
"""Trainer, or format, to framework. Loggers (wandb, mlflow, …) serve every framework and are not here."""

_NAMED: tuple[tuple[Framework, re.Pattern[str], tuple[str, ...]], ...] = (
    (
        Framework.PYTORCH,
        compiled(
            r"(?<![a-z])(?:py)?torch(?:vision|audio|text|run|tune)?(?![a-z])|pytorch[_-]?lightning"
            r"|(?<![a-z])lightning[/.]|gradscaler|(?<!\w)cudnn\.benchmark|(?<!\w)(?:conv|batchnorm)[123]d\(\d"
            r"|mmcv|mmengine|detectron2|fairseq|ultralytics|deepspeed|stable_baselines3"
        ),
        (
            *("torch", "lightning", "gradscaler", "cudnn", "conv", "batchnorm", "mmcv", "mmengine", "detectron2"),
            *("fairseq", "ultralytics", "deepspeed", "stable_baselines3"),
        ),
    ),
    (Framework.KERAS, compiled(r"(?<![a-z])keras(?![a-z])"), ("keras",)),
    (
        Framework.TENSORFLOW,
        compiled(r"(?<![a-z])tensorflow(?![a-z])|(?<![a-z])tf[._](?:estimator|slim)|(?<![a-z])tfds(?![a-z])"),
        ("tensorflow", "tf.", "tf_", "tfds"),
    ),
)
"""How each is named, in small letters, and what must stand in a text for the pattern to be worth a try: it is slow."""

_TORCH_EVENTS = compiled(r"events\.out\.tfevents\.\d+\.[^/\\]*[a-z][^/\\]*\.\d+\.\d+$", re.IGNORECASE)
"""The event files of the writer that PyTorch's SummaryWriter is built on: time, host, process, count. Those of
TensorFlow (".v2") are written by programs in JAX and PyTorch as well: they say nothing."""


def framework_of(
    trainer: str | None,
    format: str,
    *,
    printed: Framework | None = None,
    said: Iterable[str] = (),
    files: Iterable[str] = (),
) -> Framework | None:
    """The framework of a run; None where nothing says it.

    Who knows most is asked first: the trainer or format, then what the log ``printed`` shows, then the words of its
    settings and messages (``said``), then the names of the event files.
    """
    for name in (trainer or "", format):
        if name.lower() in _BY_TRAINER:
            return _BY_TRAINER[name.lower()]
    return printed or framework_said(said) or _by_files(files)


def framework_said(said: Iterable[str]) -> Framework | None:
    """The framework that these words name.

    TensorFlow prints its own lines wherever it is installed, beside PyTorch as well (through TensorBoard), never the
    other way round.
    """
    found = set()
    for text in said:
        small = text.lower()
        for framework, pattern, words in _NAMED:
            if any(word in small for word in words) and pattern.search(small):
                found.add(framework)
    if Framework.PYTORCH in found and Framework.KERAS in found:
        return None
    return next((framework for framework in Framework if framework in found), None)


def _by_files(files: Iterable[str]) -> Framework | None:
    events = [path for path in files if "tfevents" in path]
    return Framework.PYTORCH if events and all(map(_TORCH_EVENTS.search, events)) else None
