"""What Caffe prints of its solver and its nets before it trains: protocol buffers as text, below a line of the log.

    I0703 14:45:14.745803 30876 solver.cpp:32] Initializing solver from parameters:
    test_iter: 100
    base_lr: 0.01

The fields of the solver are settings of the training, the batch size of its first net is one too; all else that a net
is made of ("lr_mult: 1", "loss_weight: 0.3", a page for each layer) is neither a setting nor a number of the course.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from losslens.model import SettingValue
from losslens.parsers.settings import plain_setting
from losslens.patterns import compiled

_HEADING = compiled(r"\bInitializing (solver|net) from parameters:\s*$")
_FIELD = compiled(r"^\s*(?:(?P<name>[a-z]\w*)\s*(?::\s*(?P<value>\S.*?)|(?P<opens>\{))|(?P<closes>\}))\s*$")
#: How solvers were named before they had types by name, and what is meant where none is named.
_TYPE, _OLD_TYPE, _USUAL = "type", "solver_type", "SGD"


@dataclass
class Prototxt:
    """The blocks of a solver and its nets while lines are read, and the settings they name, each with its line."""

    found: dict[str, tuple[SettingValue, int]] = field(default_factory=dict)
    inside: bool = False
    _solver: bool = False
    _nets: int = 0
    _depth: int = 0

    def take(self, raw: str, number: int) -> bool:
        """Whether a line belongs to such a block."""
        if not self.inside:
            self._begin(raw, number)
            return False
        part = _FIELD.match(raw)
        if part is None:
            self.inside = False
            self._begin(raw, number)
            return False
        self._depth += bool(part["opens"]) - bool(part["closes"])
        name = part["name"]
        if part["value"] is None:
            return True
        if self._solver and not self._depth:
            value = plain_setting(part["value"])
            if name in (_TYPE, _OLD_TYPE):
                self.found[_OLD_TYPE] = value, number
            else:
                self.found.setdefault(name, (value, number))
        elif not self._solver and self._nets == 1 and name == "batch_size":
            self.found.setdefault(name, (plain_setting(part["value"]), number))
        return True

    def _begin(self, raw: str, number: int) -> None:
        heading = _HEADING.search(raw) if "from parameters:" in raw else None
        if heading is None:
            return
        self.inside, self._depth, self._solver = True, 0, heading[1] == "solver"
        if self._solver:
            self.found.setdefault(_OLD_TYPE, (_USUAL, number))
        else:
            self._nets += 1
