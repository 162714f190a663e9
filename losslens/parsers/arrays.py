"""Curves saved by name: ``numpy.savez("history.npz", loss=…, val_loss=…)``, and ``save history.mat`` of MATLAB.

What ``trainNetwork`` of MATLAB hands back is a struct of such curves. The names and shapes are looked at first and only
lists of numbers are loaded: both formats hold whole data sets too.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from losslens.errors import ParseError
from losslens.model import Log
from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.parsers.json_reading import Document, Json
from losslens.parsers.keras_json import histories_of

NAME = "arrays"

_ZIP, _MATLAB = b"PK\x03\x04", b"MATLAB 5.0 MAT-file"
_NUMBERS = "fiu"
LEAST, MOST = 3, 10_000_000
"""Numbers of a curve."""
MOST_ARRAYS = 200
"""Arrays of a file that is a log; what holds more is data."""
TRAINED, VALIDATED = "TrainingLoss", "Validation"
"""MATLAB's name of the training loss, and how those of validation begin: NaN in iterations that were not validated."""
MOST_STRUCT = 1 << 22
"""Bytes of a MATLAB file whose structs are looked into."""


def sniff(path: Path, head: bytes) -> bool:
    """Whether a loss or another metric is among the names, as a list of numbers."""
    try:
        if path.suffix == ".npz" and head.startswith(_ZIP):
            return _says_a_loss(_curves_in_zip(path))
        return path.suffix == ".mat" and head.startswith(_MATLAB) and bool(_of_matlab(path))
    except ParseError:
        return False


def parse(path: Path) -> tuple[Log, ...]:
    """One Log of the curves that stand side by side. Raises ParseError for a broken file."""
    value = _of_numpy(path) if path.suffix == ".npz" else _of_matlab(path)
    return histories_of(path, Document(value), NAME)


@contextmanager
def _reading(path: Path, what: str) -> Iterator[None]:
    """ParseError for whatever the readers of a library stumble over: ValueError, KeyError, zlib.error, …"""
    try:
        yield
    except Exception as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ParseError(f"{path}: not a readable {what}: {said}") from error


def _curves_in_zip(path: Path) -> list[str]:
    """The names of the lists of numbers in an ``.npz``, by their headers alone. Raises ParseError."""
    from numpy.lib import format as npy

    curves: list[str] = []
    with _reading(path, "NumPy archive"), zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
        for name in members if len(members) <= MOST_ARRAYS else ():
            with archive.open(name) as member:
                read = npy.read_array_header_1_0 if npy.read_magic(member) == (1, 0) else npy.read_array_header_2_0
                shape, _, kind = read(member)
            if kind.kind in _NUMBERS and _is_curve(shape):
                curves.append(name.removesuffix(".npy"))
    return curves


def _of_numpy(path: Path) -> dict[str, Json]:
    import numpy as np

    names = _curves_in_zip(path)
    with _reading(path, "NumPy archive"), np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name].reshape(-1).tolist() for name in names}


def _of_matlab(path: Path) -> dict[str, Json]:
    """The curves of a MATLAB file, or those of its structs; none where no name is that of a loss."""
    from scipy.io import loadmat, whosmat

    with _reading(path, "MATLAB file"):
        held = whosmat(str(path))
    if len(held) > MOST_ARRAYS:
        return {}
    curves = [name for name, shape, _ in held if _is_curve(shape)]
    if not _says_a_loss(curves):
        return _of_structs(path, [name for name, _, kind in held if kind == "struct"])
    with _reading(path, "MATLAB file"):
        return _lists(loadmat(str(path), variable_names=curves, simplify_cells=True), curves)


def _of_structs(path: Path, names: list[str]) -> dict[str, Json]:
    """By the name of each struct in which a field is named as a loss, its curves."""
    from scipy.io import loadmat

    if not names or path.stat().st_size > MOST_STRUCT:
        return {}
    with _reading(path, "MATLAB file"):
        read = loadmat(str(path), variable_names=names, simplify_cells=True)
    fields = {name: _lists(read[name], read[name]) for name in names if isinstance(read[name], dict)}
    return {name: _of_training(curves) for name, curves in fields.items() if _says_a_loss(curves)}


def _of_training(curves: dict[str, Json]) -> dict[str, Json]:
    """The curves of a struct; of MATLAB's own it is known that they count iterations, few of which are validated."""
    trained = curves.get(TRAINED)
    if not isinstance(trained, list):
        return curves
    out: dict[str, Json] = {"iteration": list(range(1, len(trained) + 1)), **curves}
    for field, numbers in curves.items():
        if field.startswith(VALIDATED) and isinstance(numbers, list):
            out[field] = [None if number != number else number for number in numbers]
    return out


def _says_a_loss(names: Iterable[str]) -> bool:
    return any(is_known_name(name) and normalise(name) not in STEP_RANK for name in names)


def _is_curve(shape: tuple[int, ...]) -> bool:
    return LEAST <= math.prod(shape) <= MOST and sum(size > 1 for size in shape) == 1


def _lists(held: Mapping[str, Any], names: Iterable[str]) -> dict[str, Json]:
    """Those of the named arrays that are lists of numbers."""
    import numpy as np

    arrays = {name: held[name] for name in names if isinstance(held[name], np.ndarray)}
    return {
        name: array.reshape(-1).tolist()
        for name, array in arrays.items()
        if array.dtype.kind in _NUMBERS and _is_curve(array.shape)
    }
