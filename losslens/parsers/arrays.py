"""Curves saved by name: ``numpy.savez("history.npz", loss=…, val_loss=…)``, and ``save history.mat`` of MATLAB.

What ``trainNetwork`` of MATLAB hands back is a struct of such curves. The names and shapes are looked at first and only
lists of numbers are loaded: both formats hold whole data sets too.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

from losslens.errors import ParseError
from losslens.model import Log
from losslens.parsers.axes import STEP_RANK, is_known_name, normalise
from losslens.parsers.json_reading import Document, Json
from losslens.parsers.keras_json import histories_of

NAME = "arrays"

_ZIP, _MATLAB = b"PK\x03\x04", b"MATLAB 5.0 MAT-file"
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
            return _says_a_loss(_shapes(path))
        return path.suffix == ".mat" and head.startswith(_MATLAB) and bool(_of_matlab(path))
    except ParseError:
        return False


def parse(path: Path) -> tuple[Log, ...]:
    """One Log of the curves that stand side by side. Raises ParseError for a broken file."""
    value = _of_numpy(path) if path.suffix == ".npz" else _of_matlab(path)
    return histories_of(path, Document(value), NAME)


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays of numbers in an ``.npz``, by name. Raises ParseError."""
    from numpy.lib import format as npy

    shapes: dict[str, tuple[int, ...]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".npy")]
            for name in members if len(members) <= MOST_ARRAYS else ():
                with archive.open(name) as member:
                    read = npy.read_array_header_1_0 if npy.read_magic(member) == (1, 0) else npy.read_array_header_2_0
                    shape, _, kind = read(member)
                if kind.kind in "fiu":
                    shapes[name.removesuffix(".npy")] = shape
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise ParseError(f"{path}: not a readable NumPy archive: {str(error).splitlines()[0]}") from error
    return {name: shape for name, shape in shapes.items() if _is_curve(shape)}


def _of_numpy(path: Path) -> dict[str, Json]:
    import numpy as np

    names = _shapes(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: _numbers(arrays[name]) for name in names}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        raise ParseError(f"{path}: not a readable NumPy archive: {str(error).splitlines()[0]}") from error


def _of_matlab(path: Path) -> dict[str, Json]:
    """The curves of a MATLAB file, or of the one struct in it that holds some; none where no name is that of a loss."""
    from scipy.io import loadmat, whosmat

    try:
        held = whosmat(str(path))
        curves = {name: shape for name, shape, _ in held if _is_curve(shape)}
        if len(held) > MOST_ARRAYS:
            return {}
        if _says_a_loss(curves):
            read = loadmat(str(path), variable_names=list(curves), simplify_cells=True)
            return {name: _numbers(read[name]) for name in curves if _is_list(read[name])}
        structs = [name for name, _, kind in held if kind == "struct"]
        if not structs or path.stat().st_size > MOST_STRUCT:
            return {}
        read = loadmat(str(path), variable_names=structs, simplify_cells=True)
    except Exception as error:  # scipy raises what its readers stumble over: TypeError, KeyError, zlib.error, …
        raise ParseError(f"{path}: not a readable MATLAB file: {str(error).splitlines()[0][:200]}") from error
    found: dict[str, Json] = {}
    for name in structs:
        fields = read[name] if isinstance(read[name], dict) else {}
        lists = {field: array for field, array in fields.items() if _is_list(array)}
        if _says_a_loss({field: array.shape for field, array in lists.items()}):
            found[name] = _of_training(lists)
    return found


def _of_training(lists: dict[str, Any]) -> dict[str, Json]:
    """The curves of a struct; of MATLAB's own it is known that they count iterations, few of which are validated."""
    curves = {field: _numbers(array) for field, array in lists.items()}
    if TRAINED in curves:
        curves = {"iteration": list(range(1, len(curves[TRAINED]) + 1)), **curves}
        for field in (field for field in curves if field.startswith(VALIDATED)):
            curves[field] = [None if number != number else number for number in curves[field]]
    return dict(curves)


def _says_a_loss(shapes: dict[str, tuple[int, ...]]) -> bool:
    return any(is_known_name(name) and normalise(name) not in STEP_RANK for name in shapes)


def _is_curve(shape: tuple[int, ...]) -> bool:
    return LEAST <= math.prod(shape) <= MOST and sum(size > 1 for size in shape) == 1


def _is_list(array: Any) -> bool:
    import numpy as np

    return isinstance(array, np.ndarray) and array.dtype.kind in "fiu" and _is_curve(array.shape)


def _numbers(array: Any) -> list[Json]:
    numbers: list[Json] = array.reshape(-1).tolist()
    return numbers
