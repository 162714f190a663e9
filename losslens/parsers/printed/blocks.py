"""Ray Tune's console: under "Result for NAME:" an indented block of names and values, a block a report of a trial."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from losslens.parsers.printed.records import Record
from losslens.patterns import compiled

KIND = "result"
_HEADING = compiled(r"Result for (?P<name>[^\s:]+):\s*$")
_LINE = compiled(r"(?P<indent> +)(?P<key>[\w./@ +-]+?):(?:\s+(?P<value>\S.*?))?\s*$")
_NUMBER = compiled(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?\.?(?:nan|inf)", re.IGNORECASE)
#: What a report counts, the first that it has; its other counts are numbers like any.
_PLACE = "training_iteration"


@dataclass
class Blocks:
    """Reads the blocks of one output, line after line."""

    _name: str = ""
    _values: dict[str, float] = field(default_factory=dict)
    _path: list[tuple[int, str]] = field(default_factory=list)

    @property
    def inside(self) -> bool:
        """Whether a block is being read."""
        return bool(self._name)

    def take(self, raw: str) -> tuple[bool, Record | None]:
        """Whether a line is part of a block, and the record of a block that it ends."""
        if self._name and (raw.startswith(" ") or not raw.strip()):
            self._take_line(raw)
            return True, None
        record = self.finish() if self._name else None
        if raw.startswith("Result for ") and (heading := _HEADING.match(raw)):
            self._name = heading["name"]
            return True, record
        return False, record

    def finish(self) -> Record | None:
        """The block that was being read, where it says its place."""
        name, values = self._name, self._values
        self._name, self._values, self._path = "", {}, []
        place = values.pop(_PLACE, None)
        if place is None or place != place or not values:
            return None
        return Record(KIND, values, step=int(place), name=name)

    def _take_line(self, raw: str) -> None:
        match = _LINE.match(raw)
        if match is None:
            return
        indent = len(match["indent"])
        while self._path and self._path[-1][0] >= indent:
            self._path.pop()
        if match["value"] is None:
            self._path.append((indent, match["key"]))
        elif _NUMBER.fullmatch(match["value"]):
            tag = "/".join([*(key for _, key in self._path), match["key"]])
            self._values[tag] = float(match["value"].replace(".nan", "nan").replace(".inf", "inf"))
