"""``trainer_state.json`` of the Hugging Face Trainer, and of the trainers built on it (TRL, axolotl, LLaMA-Factory)."""

from __future__ import annotations

from pathlib import Path

from losslens.errors import NotALogError
from losslens.model import Log, LogEvent, Setting, Warning
from losslens.parsers.assemble import Assembly
from losslens.parsers.columns import Columns
from losslens.parsers.json_reading import Json, flatten, peek, read_document
from losslens.parsers.settings import flat_settings

NAME = "trainer-state"

_SETTINGS = (
    "global_step",
    "max_steps",
    "num_train_epochs",
    "logging_steps",
    "eval_steps",
    "save_steps",
    "train_batch_size",
    "trial_name",
)


def sniff(path: Path, head: bytes) -> bool:
    value = peek(head)
    return isinstance(value, dict) and isinstance(value.get("log_history"), list)


def parse(path: Path) -> tuple[Log, ...]:
    """The one Log of a trainer state; the checkpoints' copies of a run hold the same records up to their step.

    The record that closes a training ("train_runtime") gives the *average* loss of the run under the name
    ``train_loss``: it becomes part of an event, never a point of a curve, and none of it is a setting.
    """
    read = read_document(path)
    document = read.value
    history = document.get("log_history") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(history, list):
        raise NotALogError(f"{path}: no 'log_history' in it")
    columns = Columns()
    settings = _state_settings(document, path)
    events: list[LogEvent] = []
    odd = 0
    for record in history:
        if not isinstance(record, dict):
            odd += 1
        elif "train_runtime" in record:
            events.append(_closing(record, path))
        else:
            columns.add_record(dict(flatten(record)))
    warnings = [Warning("unread-cells", f"{odd} entries of log_history were no records and left out")] if odd else []
    if not columns.n_rows:
        warnings.append(Warning("no-rows", "log_history is empty"))
    assembly = Assembly(path, NAME, columns, wanted_axis="step", trainer="hf")
    return assembly.logs(settings=settings, events=events, damage=read.damage, warnings=warnings)


def _state_settings(document: dict[str, Json], path: Path) -> tuple[Setting, ...]:
    chosen: dict[str, Json] = {key: document[key] for key in _SETTINGS if document.get(key) is not None}
    trial = document.get("trial_params")
    if isinstance(trial, dict):
        chosen["trial_params"] = trial
    return flat_settings(chosen, path)


def _closing(record: dict[str, Json], path: Path) -> LogEvent:
    """The summary of a finished training as an event."""
    step = record.get("step")
    average = record.get("train_loss")
    words = [f"training ended after {record.get('train_runtime')} s"]
    if isinstance(average, int | float):
        words.append(f"average train_loss over the whole run {average:.6g}")
    return LogEvent("finished", "; ".join(words), str(path), step=int(step) if isinstance(step, int | float) else None)
