"""Tables that a program draws while it trains: names above, a row of numbers an epoch; or a box of names and numbers.

fastai, skorch, spaCy and Chainer print a header once and rows under it, ultralytics prints the header again each epoch,
stable-baselines and its kin draw a box a rollout with one name and one number a line. Blank cells are told by where
the others stand under their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from losslens.parsers.axes import EPOCHS, NAME_OF_TWO, SPLIT_COLUMNS, STEP_COUNTS, STEP_RANK, is_known_name, normalise
from losslens.parsers.printed.lines import prefix_of, without_terminal
from losslens.parsers.printed.records import Record
from losslens.patterns import compiled

_NUMBER = compiled(r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|nan|inf)%?", re.IGNORECASE)
#: What else a row of numbers holds: durations, sizes, counts of a total, marks of a best value.
_OTHER_CELL = compiled(r"\d+/\d+|(?:\d+:)+\d\d(?:\.\d+)?|[-+]?\d[\d.]*(?:[a-zA-Z]{1,5}|it/s)|[-+*?—]+|N/A|None", re.I)
#: Ultralytics draws its bar behind the row.
_BAR_BEHIND = compiled(r":?\s+\d{1,3}%.*$")
_RULE = compiled(r"[\s|+:=_\u2500-\u257f-]+")
#: xLearn says ahead of each row how much of the training is done: "[   10%      ]     1   0.69".
_DONE = compiled(r"\[\s*\d{1,3}%\s*\]")
#: Sides of cells: a bar, and all that is drawn upright.
_SIDE = compiled(r"[|│┃╎╏╷╻╽╿]")
#: A unit behind the number of a cell: "22.22 %", "00:07 min".
_UNIT = compiled(r"(?<=\d)\s+(?:%|min|h|s|sec|ms)$")
_COMMENT = compiled(r"^\s*#\s+(?=[A-Za-z_]+\s)")
_WIDE_CELL = compiled(r"\S+(?: \S+)*")
_CELL = compiled(r"\S+")
#: What YOLO heads its columns of losses with, beside the memory that the GPU has in use.
_YOLO_LOSSES = {"box": "box_loss", "giou": "giou_loss", "obj": "obj_loss", "cls": "cls_loss", "total": "total_loss"}
_YOLO_MEMORY = "gpu_mem"
#: The kind of a row that is drawn again and again with a bar behind it until its epoch is over.
REDRAWN = "redrawn"
#: Lines between a header and its first row: a rule, a bar.
_MOST_BETWEEN = 40
#: The short names that spaCy and others give an epoch and a step.
_SHORT_PLACES = {"e": "epoch", "#": "step", "ep": "epoch", "epo": "epoch"}
#: The two columns that every table of spaCy begins with.
_SPACY = frozenset(["E", "#"])
_MOST_COLUMNS = 60
#: A header names a place in one of these words; most lines of text have none of them.
_PLACE_WORDS = frozenset(word for name in (*STEP_RANK, *_SHORT_PLACES) for word in name.split("_"))
_WORD = compiled(r"[a-z]+|#")
_DIGIT = compiled(r"\d")


#: What frames a header that is printed by itself: "*****train_loss,train_acc*****".
_STARS = compiled(r"^[\s*=#~-]+|[\s*=#~-]+$")
#: What a cell in a column of phases begins with.
_PHASE = compiled(r"(?P<train>train)|val|test|eval", re.IGNORECASE)
_A_LOSS = compiled(r"(?:^|[^a-z])loss", re.IGNORECASE)
#: Letters of a name that says nothing by itself ("P", "R", "F"), beside a loss; one name more may be cut or strange.
_MOST_LETTERS = 2


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    start: int
    end: int


@dataclass
class Tables:
    """Reads the drawn tables of one output, line after line."""

    _columns: list[_Column] = field(default_factory=list)
    _narrow: list[_Column] = field(default_factory=list)
    """The columns that the header has where single blanks part its names, too."""
    _barred: int = 0
    """How many columns of a table have bars between them and none at its sides, as pasted Markdown has."""
    _since_header: int = 0
    _confirmed: bool = False
    _placed: bool = True
    """Whether one of the columns says where the training is."""
    _box: dict[str, float] = field(default_factory=dict)
    _group: str = ""

    @property
    def begun(self) -> bool:
        """Whether a header or a box has been seen."""
        return bool(self._columns or self._box)

    def take(self, raw: str) -> tuple[bool, Record | None]:
        """Whether a line is part of a table, and the record that it completes."""
        line = without_terminal(raw).expandtabs().rstrip()
        if line.endswith('"') and line.count('"') == 1:
            line = line[:-1]  # the end of a quotation
        if _SIDE.match(line.lstrip()):
            return self._take_bordered(line)
        if self._box and _RULE.fullmatch(line):
            return True, self.finish()
        if self._columns and _RULE.fullmatch(line):
            return True, None
        if " | " in line and (taken := self._take_barred(line)) is not None:
            return taken
        return self._take_columns(line)

    def pass_over(self) -> None:
        """A line that is no part of any table."""
        self._since_header += 1

    def finish(self) -> Record | None:
        """The box that was being drawn, where it holds more than a place."""
        box, self._box, self._group = self._box, {}, ""
        return _record(box, boxed=True) if len(box) > 1 else None

    def _take_bordered(self, line: str) -> tuple[bool, Record | None]:
        cells = [_UNIT.sub("", cell.strip()) for cell in _SIDE.split(line.strip())[1:-1]]
        if len(cells) == 2 and cells[0] and not _NUMBER.fullmatch(cells[0]) and not _is_header(cells):
            return self._take_box_line(*cells)
        if len(cells) < 2 or not any(cells):
            return _RULE.fullmatch(line) is not None, None
        if all(_is_name(cell) for cell in cells if cell):
            self._columns = [_Column(cell, at, at) for at, cell in enumerate(_of_both_splits(cells))]
            self._barred, self._confirmed, self._placed = 0, True, True
            return _is_header([c.name for c in self._columns]), None
        if len(cells) == len(self._columns) and all(_is_cell(cell) for cell in cells if cell):
            return True, _record(dict(_numbers(zip([c.name for c in self._columns], cells, strict=True))))
        if len(cells) == len(self._columns) and (split := _split_of(self._columns[0].name, cells[0])):
            names = [c.name if _place(c.name) else f"{split}{c.name}" for c in self._columns[1:]]
            if all(map(_is_cell, cells[1:])):
                return True, _record(dict(_numbers(zip(names, cells[1:], strict=True))))
        return False, None

    def _take_barred(self, line: str) -> tuple[bool, Record | None] | None:
        """A header or a row of a table with bars between its cells alone; None for any other line."""
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == self._barred and all(_is_cell(cell) for cell in cells if cell):
            return True, _record(dict(_numbers(zip([c.name for c in self._columns], cells, strict=True))))
        if len(cells) < 3 or _DIGIT.search(line) or not _is_header(cells):
            return None
        self._columns = [_Column(cell, at, at) for at, cell in enumerate(cells)]
        self._barred, self._confirmed, self._placed = len(cells), True, True
        return True, None

    def _take_box_line(self, name: str, value: str) -> tuple[bool, Record | None]:
        if not value:
            self._group = name if name.endswith("/") else ""
            return name.endswith("/"), None
        if not _NUMBER.fullmatch(value):
            return bool(self._box), None
        tag = f"{self._group}{name}"
        complete = self._finish_if(tag in self._box)
        self._box[tag] = _float(value)
        return True, complete

    def _finish_if(self, again: bool) -> Record | None:
        """A box without a line under it ends where its first name comes again."""
        if not again:
            return None
        group = self._group
        record = self.finish()
        self._group = group
        return record

    def _take_columns(self, line: str) -> tuple[bool, Record | None]:
        self._since_header += 1
        if line[:1].isdigit() or line[:1] == "[":
            line = _DONE.sub(_blank, line[prefix_of(line)[0] :], count=1)  # a time stamp stands ahead of some rows
        row = _BAR_BEHIND.sub("", line)
        cells = list(_CELL.finditer(row))
        if "oss" in line or "OSS" in line:
            self._see_names_alone(line)
        if len(cells) < 2 or len(cells) > _MOST_COLUMNS:
            return False, None
        if self._confirmed and self._placed:
            cells = self._without_note(cells)
        if self._columns and all(_is_cell(cell[0].rstrip(":,")) for cell in cells):
            if not self._confirmed and self._since_header > (_MOST_BETWEEN if self._placed else 1):
                self._columns = []
                return False, None
            if not self._confirmed and len(cells) == len(self._narrow) != len(self._columns):
                self._columns = self._narrow
            named = self._named(cells)
            if named is None:
                return False, None
            self._confirmed = True
            record = _record(dict(_numbers(named)))
            if record is not None and len(row) < len(line):
                record.kind = REDRAWN
            return True, record
        if _NUMBER.fullmatch(cells[0][0]):
            return False, None
        if "  " not in line.strip() and any(_NUMBER.fullmatch(cell[0]) for cell in cells):
            return False, None  # a number is no name, and nothing else parts the line
        if _PLACE_WORDS.isdisjoint(_WORD.findall(line.lower())):
            return False, None
        # "#  step  rmse_trn": the sign of a comment heads no column
        line = _COMMENT.sub(_blank, line)
        found = [columns for pattern in (_WIDE_CELL, _CELL) if (columns := _header_in(line, pattern))]
        if not found and not _DIGIT.search(line):
            found = [columns for columns in [_header_in(line, NAME_OF_TWO)] if columns]
        if found:
            self._columns, self._narrow, self._since_header = found[0], found[-1], 0
            self._barred, self._confirmed, self._placed = 0, False, True
        return False, None

    def _see_names_alone(self, line: str) -> None:
        """A header that names a loss and no place: spaCy's "LOSS  P  R  F", of which each row is one more."""
        columns = names_alone(line)
        if columns:
            self._columns = self._narrow = [_Column(name, at, at) for at, name in enumerate(columns)]
            self._barred, self._confirmed, self._placed, self._since_header = 0, False, False, 0

    def _without_note(self, cells: list[re.Match[str]]) -> list[re.Match[str]]:
        """The cells of a row ahead of the words in its last column: "1100  -0.036  36.8  1.5   MAY BE DIVERGING"."""
        last = len(self._columns) - 1
        noted = len(cells) > last > 1 and cells[last][0][0].isalpha() and cells[last].start() > self._columns[-2].end
        return cells[:last] if noted else cells

    def _named(self, cells: list[re.Match[str]]) -> list[tuple[str, str]] | None:
        """Each cell with its name: by count, or with blanks among them by where they stand."""
        columns = self._columns
        if len(cells) == len(columns):
            return [(c.name, m[0]) for c, m in zip(columns, cells, strict=True)]
        if not self._placed or len(cells) > len(columns) or len(cells) < max(2, len(columns) // 3):
            return None
        named: list[tuple[str, str]] = []
        taken = -1
        for cell in cells:
            ranked = sorted((_distance(cell, c), at) for at, c in enumerate(columns) if at > taken)
            if not ranked or ranked[0][0] > 2:
                return None
            taken = ranked[0][1]
            named.append((columns[taken].name, cell[0]))
        return named


@lru_cache(maxsize=64)
def _split_of(name: str, cell: str) -> str:
    """What stands ahead of the names in a row of which a column tells the data, as "TrainingPhase" under "Phase" does.

    "" where the column or the cell tells none.
    """
    match = _PHASE.match(cell) if normalise(name) in SPLIT_COLUMNS else None
    return "" if match is None else "train " if match["train"] else "val "


def _distance(cell: re.Match[str], column: _Column) -> int:
    """How far a cell stands from where the name of a column begins or ends; 0 for one within it, as in its middle."""
    if column.start <= cell.start() and cell.end() <= column.end:
        return 0
    return min(abs(cell.start() - column.start), abs(cell.end() - column.end))


def _blank(sign: re.Match[str]) -> str:
    return " " * len(sign[0])


def _of_both_splits(cells: list[str]) -> list[str]:
    """The names of a header that has some of them twice: what is drawn of the training stands left of the rest."""
    seen: set[str] = set()
    out = []
    for cell in cells:
        name = f"val {cell}" if cell in seen and _may_come_twice(cell) else cell
        seen.add(cell)
        out.append(name)
    return out


def _may_come_twice(name: str) -> bool:
    return not _place(name) and is_known_name(name)


def _header_in(line: str, cell: re.Pattern[str]) -> list[_Column]:
    """The columns that a line names, each in a cell of that form; none where it is no header."""
    names = _with_yolo_names(cell.findall(line))
    if len(names) < 2 or not _is_header(names):
        return []
    return [_Column(name, m.start(), m.end()) for name, m in zip(names, cell.finditer(line), strict=True)]


def names_alone(line: str) -> list[str]:
    """The names on a line of nothing but names that trainings use, one of them a loss; they may stand between stars."""
    if _DIGIT.search(line) or ":" in line:
        return []
    names = re.split(r"[\s,;|]+", _STARS.sub("", line))
    known = [name for name in names if is_known_name(name)]
    if len(names) < 2 or len(names) != len(set(names)) or not any(_A_LOSS.search(name) for name in known):
        return []
    strange = [name for name in names if name not in known and len(name) > _MOST_LETTERS]
    return names if all(map(_is_name, names)) and len(strange) <= (len(names) > _MOST_LETTERS) else []


def is_no_row(raw: str) -> bool:
    """Whether a line is no part of a table whatever stands above: it has no side, and a word that no cell holds."""
    line = without_terminal(raw).expandtabs().rstrip()
    if _SIDE.match(line.lstrip()) or _RULE.fullmatch(line):
        return False
    row = _BAR_BEHIND.sub("", line)
    cells = _DONE.sub("", row).replace("|", " ").split()
    if 2 <= len(cells) <= _MOST_COLUMNS and not any(map(_is_word, cells)):
        return False
    tables = Tables()
    return tables.take(raw) == (False, None) and not tables.begun


def _is_word(cell: str) -> bool:
    """Whether this is no cell of numbers, with whatever digits."""
    return (cell[0].isalpha() or not _DIGIT.search(cell)) and not _is_cell(cell.rstrip(":,"))


def _with_yolo_names(names: list[str]) -> list[str]:
    if not any(name.lower() == _YOLO_MEMORY for name in names):
        return names
    return [_YOLO_LOSSES.get(name.lower(), name) for name in names]


def has_names_above(lines: Iterable[str]) -> bool:
    """Whether one of the lines above a table of bare numbers names its columns as a program draws them."""
    return any(_is_header([cell[0] for cell in _WIDE_CELL.finditer(line)]) for line in lines)


def _is_name(cell: str) -> bool:
    return bool(re.search(r"[A-Za-z#]", cell)) and not _is_cell(cell) and len(cell) < 40


def _is_cell(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell) or _OTHER_CELL.fullmatch(cell))


def _is_header(names: list[str]) -> bool:
    """Short names, one of them a place and another a number of a training."""
    places = [name for name in names if _place(name)]
    if not places or len(names) != len(set(names)):
        return False
    return any(is_known_name(name) for name in names if name not in places) and all(_is_name(name) for name in names)


@lru_cache(maxsize=1024)
def _place(name: str) -> str:
    """The name in the step tables, or nothing."""
    key = _SHORT_PLACES.get(name.lower(), normalise(name))
    return key if key in STEP_RANK else ""


def _float(cell: str) -> float:
    return float(cell.rstrip("%"))


def _numbers(cells: Iterable[tuple[str, str]]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, cell in cells:
        text = cell.rstrip(":,")
        if _place(name) and (count := re.match(r"(\d+)/\d+", text)):
            found.append((name, float(count[1])))
        elif _NUMBER.fullmatch(text):
            found.append((name, _float(text)))
    return found


def _record(numbers: dict[str, float], *, boxed: bool = False) -> Record | None:
    """The numbers with the best of their places; None when none of them is known from trainings.

    The first boxes of a run may hold no loss yet: a place will do for them.
    """
    places = sorted((name for name in numbers if _place(name)), key=lambda name: STEP_RANK[_place(name)])
    values = {name: value for name, value in numbers.items() if name not in places}
    if not any(is_known_name(name) for name in values) and not (boxed and places):
        return None
    record = Record("table", values)
    for name in places:
        key, value = _place(name), numbers[name]
        if value != value or value < 0:
            continue
        if key in EPOCHS:
            record.epoch = value if record.epoch is None else record.epoch
        elif record.step is None:
            record.step = int(value)
            if STEP_COUNTS[key] in ("timesteps", "tokens", "episode"):
                record.kind = STEP_COUNTS[key]
        else:
            values[name] = value
    if numbers.keys() >= _SPACY and record.step == 0:
        # spaCy sums up what it lost since the row before: its first row is the loss of one batch, the others of many.
        record.values = {name: value for name, value in values.items() if not name.startswith("LOSS ")}
    return record
