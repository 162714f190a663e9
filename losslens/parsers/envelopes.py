"""What stands around the records in a document that a service answered with: an object in an object in an object.

{"data": {"project": {"run": {"sampledHistory": [[{"_step": 0, "loss": 2.3}, …]]}}}} · {"observation_log":
{"metric_logs": […]}} · what ``dvc plots show --json`` prints, with the points of each file under "datapoints".
"""

from __future__ import annotations

from losslens.parsers.axes import SPLIT_WORDS, STEP_RANK, is_known_name, normalise
from losslens.parsers.json_reading import Json, loads

#: Objects in each other of which each holds nothing but the next.
MOST_ENVELOPES = 12
_POINTS = "datapoints"


def opened(document: Json) -> Json:
    """What is inside of the envelopes; the document as it is where it has none."""
    inner = document
    for _ in range(MOST_ENVELOPES):
        if not isinstance(inner, dict) or len(inner) != 1:
            break
        ((name, item),) = inner.items()
        if name.lower() in SPLIT_WORDS or is_known_name(name):
            break  # no envelope, but what its numbers are
        if isinstance(item, list) and item and (records := _list_in(item)) is not item:
            return records
        if not isinstance(item, dict):
            break
        inner = item
    return _plots(inner) or inner


def _list_in(items: list[Json]) -> Json:
    """The records of a list that holds nothing but their list, or each of them as a text of JSON."""
    if len(items) == 1 and isinstance(items[0], list) and all(isinstance(item, dict) for item in items[0]):
        return items[0]
    if all(isinstance(item, str) and item.startswith("{") for item in items):
        try:
            return [loads(item) for item in items if isinstance(item, str)]
        except ValueError:
            return items
    return items


def _plots(document: Json) -> dict[str, Json]:
    """The points that DVC plots, a list a revision, the columns of all files together."""
    if not isinstance(document, dict):
        return {}
    found: dict[str, Json] = {}
    for path, plots in document.items():
        split = next((part for part in path.split("/") if part.lower() in SPLIT_WORDS), "")
        for plot in plots if isinstance(plots, list) else ():
            points = plot.get(_POINTS) if isinstance(plot, dict) else None
            for revision, records in points.items() if isinstance(points, dict) else ():
                here = found.setdefault(revision, [])
                if isinstance(here, list) and isinstance(records, list):
                    here.extend(_of_split(record, split) for record in records if isinstance(record, dict))
    return found


def _of_split(record: dict[str, Json], split: str) -> Json:
    """A point of dvclive/plots/metrics/train/loss.tsv with the folder in the name of what it is of."""
    named = {name: f"{split}/{name}" if split and normalise(name) not in STEP_RANK else name for name in record}
    return {named[name]: value for name, value in record.items() if name != "rev"}
