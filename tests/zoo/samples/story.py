"""What every story needs: where its files go, what is true of them, and how the truth is measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

TRUTH = Path(__file__).with_name("truth.json")
WINDOW = 12
"""Points on either side over which the scatter of two healthy seeds is taken."""
MARGIN = 1.25
"""How far beyond the largest scatter a departure must lie: two seeds show only some of what healthy runs do."""
RETURNED, RETURN_OF = 3, 10
"""A run is back with its twin when so many of so many successive points lie within the scatter."""


@dataclass(frozen=True)
class Truth:
    """What is known of one run. Steps are on the axis of its log and closed intervals; ``None``: does not apply."""

    path: str
    """Below ``sample_logs/``: the file or folder that is the run."""
    verdicts: tuple[str, ...]
    """The verdict that is right; a second one where the run lies on the boundary."""
    fault_step: int | None = None
    """First step trained with the fault."""
    onset: int | None = None
    """First logged step at which the run has parted from its twin."""
    causes: tuple[str, ...] = ()
    """True cause first; the others are what its log cannot tell from it, or contributing."""
    note: str = ""


def parting(
    faulty: Sequence[float],
    twin: Sequence[float],
    other_seed: Sequence[float],
    *,
    first: int = 0,
    lasting: bool = True,
) -> int:
    """Position at which a run parts from its twin.

    The three have one value for each logged step. The measure is the difference of the logarithms (of the signed
    logarithms where a loss is not positive); the scatter is the largest difference between the healthy twin and another
    healthy seed within ``WINDOW`` points. A value that is not finite is beyond every scatter.

    first: no position before this one counts (the fault was not there yet).
    lasting: the start of the last departure that goes on to the end; else of the first departure.
    """
    a, b, c = (_log(np.asarray(v, dtype=np.float64)) for v in (faulty, twin, other_seed))
    scatter = np.abs(b - c)
    n = len(a)
    band = np.array([scatter[max(0, i - WINDOW) : i + WINDOW + 1].max() for i in range(n)])
    out = ~(a - b <= MARGIN * band)
    out[:first] = False
    if not out.any():
        raise ValueError("the run never parts from its twin")
    if not lasting:
        return int(np.argmax(out))
    # One or two points that fall back into the scatter by chance do not end a departure; three of ten do.
    inside = np.convolve(~out, np.ones(RETURN_OF), mode="full")[:n]
    back = np.flatnonzero((inside >= RETURNED) & ~out)
    last = int(back[-1]) if back.size else -1
    later = np.flatnonzero(out[last + 1 :])
    if later.size == 0:
        raise ValueError("the run comes back to its twin")
    return last + 1 + int(later[0])


def _log(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return np.sign(value) * np.log1p(np.abs(value) * 1e6)


def fresh(folder: Path, readme: str) -> Path:
    """Empty the story's folder and write its README (two lines)."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(readme.strip() + "\n", encoding="utf-8")
    return folder


def name_event_files(folder: Path) -> None:
    """Give event files a name without the machine that wrote them: ``events.out.tfevents.<time>.<run>``."""
    for path in sorted(folder.rglob("events.out.tfevents.*")):
        time = path.name.split(".")[3]
        tail = ".v2" if path.name.endswith(".v2") else ""
        path.rename(path.with_name(f"events.out.tfevents.{time}.{path.parent.name}{tail}"))


def keep(story: str, truths: Sequence[Truth]) -> None:
    """Replace what ``truth.json`` says of one story."""
    known = json.loads(TRUTH.read_text(encoding="utf-8")) if TRUTH.exists() else {}
    known[story] = [asdict(t) for t in truths]
    TRUTH.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", encoding="utf-8")
