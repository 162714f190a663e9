"""Settings in Python: the ``config.py`` that mmengine and mmcv leave beside a log, nanoGPT's files of assignments.

Never run and never imported: the file is parsed, and of its assignments those are kept whose values are plain (numbers,
texts, lists, ``dict(…)``, names assigned before, sums of them). What needs code to be run is counted and passed over.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from pathlib import Path

from losslens.errors import ParseError
from losslens.model import Log, Setting, Warning
from losslens.parsers.axes import normalise
from losslens.parsers.json_reading import Json
from losslens.parsers.opening import HEAD_BYTES, LogFile, decode_head
from losslens.parsers.settings import flat_settings, holds_settings, is_called_settings, is_known

NAME = "python-settings"

SUFFIX = ".py"
#: Settings are pages: more is source code. The whole of such a file is its head.
MAX_BYTES = HEAD_BYTES
MAX_DEPTH, MAX_NODES = 24, 20_000
#: A result of more characters or a larger number is no setting.
MAX_TEXT, MAX_NUMBER, MAX_BASE, MAX_EXPONENT = 10_000, 1e18, 1e4, 64
#: Statements that settings may hold; a function, a class or a loop makes a program.
_ASSIGN = (ast.Assign, ast.AnnAssign)
_MAY_STAND = (*_ASSIGN, ast.Import, ast.ImportFrom, ast.Expr, ast.Delete, ast.Pass)
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class _NotPlainError(Exception):
    """A value that only running the file would give."""


def sniff(path: Path, head: bytes) -> bool:
    """Assignments and hardly anything else, with at least two settings everybody knows or under a name of settings."""
    if path.suffix.lower() != SUFFIX or len(head) >= MAX_BYTES:
        return False
    called = is_called_settings(path.stem)
    try:
        body = _parsed(decode_head(head))
    except ParseError:
        return called  # what cannot be read is said of a file that must have been settings
    if not all(isinstance(statement, _MAY_STAND) for statement in body):
        return False
    names = {normalise(name) for statement in body for name in _names(statement)}
    return bool(names) and (holds_settings(names) or (called and len(names) > 1))


def parse(path: Path) -> tuple[Log, ...]:
    """One Log with settings and no series. Raises ParseError for a file that is no Python or is too large."""
    file = LogFile(path)
    if path.stat().st_size >= MAX_BYTES:
        raise ParseError(f"{path}: {path.stat().st_size >> 10} KiB of Python; not read as settings")
    try:
        body = _parsed(file.document())
    except ParseError as error:
        raise ParseError(f"{path}: {error}") from error
    plain, skipped = _plain(body)
    return (Log(str(path), NAME, {}, settings=flat_settings(plain, path), warnings=tuple(_passed_over(skipped))),)


def assigned(source: str, place: Path) -> tuple[Setting, ...]:
    """The plain settings that a piece of a program assigns outside of functions; none where it is no plain Python.

    Lines that only a notebook understands (``%matplotlib``, ``!pip``) are left out. ``place`` is where they are said to
    stand.
    """
    if len(source) > MAX_BYTES:
        return ()
    lines = ("" if line.lstrip()[:1] in ("%", "!", "?") else line for line in source.splitlines())
    try:
        plain, _ = _plain(_parsed("\n".join(lines)))
    except ParseError:
        return ()
    return flat_settings({name: value for name, value in plain.items() if is_known(name)}, place)


def _plain(body: list[ast.stmt]) -> tuple[dict[str, Json], list[str]]:
    """What statements assign plainly, by name, and the names of what only running them would tell."""
    known: dict[str, Json] = {}
    reader = _Reader(known)
    skipped: list[str] = []
    for statement in body:
        if not isinstance(statement, _ASSIGN) or statement.value is None:
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        name = targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""
        try:
            known[name or "?"] = reader.value(statement.value)
        except (_NotPlainError, ArithmeticError):
            skipped.append(name or "?")
            known.pop(name, None)
    return {name: value for name, value in known.items() if name != "?" and not name.startswith("__")}, skipped


def _passed_over(names: list[str]) -> list[Warning]:
    if not names:
        return []
    shown = f" ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
    text = f"{len(names)} of its settings are no plain values{shown}: reading them would run code"
    return [Warning("not-plain-settings", text)]


def _parsed(text: str) -> list[ast.stmt]:
    """The statements of a file. Raises ParseError with the line for one that is no Python or nested too deeply."""
    try:
        return ast.parse(text).body
    except SyntaxError as error:
        raise ParseError(f"not Python at line {error.lineno}: {error.msg}") from error
    except (RecursionError, MemoryError, ValueError) as error:
        raise ParseError("nested too deeply or broken; not read as settings") from error


def _names(statement: ast.stmt) -> list[str]:
    """What a statement assigns, and the names in a mapping that it assigns."""
    if not isinstance(statement, _ASSIGN):
        return []
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    if isinstance(statement.value, ast.Call):
        names += [keyword.arg for keyword in statement.value.keywords if keyword.arg]
    elif isinstance(statement.value, ast.Dict):
        names += [str(key.value) for key in statement.value.keys if isinstance(key, ast.Constant)]
    return names


class _Reader:
    """Plain values out of expressions, within bounds."""

    def __init__(self, known: Mapping[str, Json]) -> None:
        self.known = known
        self.nodes = 0

    def value(self, node: ast.expr, depth: int = 0) -> Json:
        """The value that ``node`` spells. Raises _NotPlainError where only running it would tell."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise _NotPlainError
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as plain):
                return _small(plain)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                number = _number(self.value(operand, depth + 1))
                return -number if isinstance(sign, ast.USub) else number
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return [self.value(item, depth + 1) for item in items]
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return {self._key(key, depth): self.value(item, depth + 1) for key, item in pairs}
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
                return {_told(keyword.arg): self.value(keyword.value, depth + 1) for keyword in keywords}
            case ast.Name(id=name) if name in self.known:
                return self.known[name]
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
                one, other = _number(self.value(left, depth + 1)), _number(self.value(right, depth + 1))
                return _small(_OPERATORS[type(sign)](one, other))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return _power(_number(self.value(left, depth + 1)), _number(self.value(right, depth + 1)))
        raise _NotPlainError

    def _key(self, node: ast.expr | None, depth: int) -> str:
        if node is None:
            raise _NotPlainError
        return str(self.value(node, depth + 1))


def _told(name: str | None) -> str:
    if name is None:
        raise _NotPlainError
    return name


def _number(value: Json) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _NotPlainError
    return value


def _power(base: float, exponent: float) -> Json:
    if base <= 0 or base > MAX_BASE or abs(exponent) > MAX_EXPONENT:
        raise _NotPlainError
    value = float(base) ** float(exponent)
    return _small(int(value) if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0 else value)


def _small(value: Json) -> Json:
    """A constant as it is, when it is of a size that settings have."""
    if isinstance(value, int | float) and abs(value) > MAX_NUMBER and value not in (float("inf"), -float("inf")):
        raise _NotPlainError
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return value[:MAX_TEXT]
    return value
