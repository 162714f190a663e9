"""The picture: it is written, always the same, and tags are never mathematics or markup."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from losslens.model import RunReport
from losslens.reporter.png import wrapped, write_picture
from tests.reporter import make_analysis as make

RUNS: dict[str, Callable[[], RunReport]] = {
    "exploded": make.exploded,
    "nan_from_start": make.nan_from_start,
    "climb_to_nan": make.climb_to_nan,
    "healthy": make.healthy,
    "crossing_zero": make.crossing_zero,
    "inconclusive": make.inconclusive,
    "hostile": make.hostile,
    "long_names": make.long_names,
    "without_curves": make.without_curves,
}


def size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


@pytest.mark.parametrize("made", RUNS.values(), ids=RUNS.keys())
def test_every_story_becomes_a_picture_without_a_warning(made: Callable[[], RunReport], tmp_path: Path) -> None:
    path = tmp_path / "run.png"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_picture(made(), path)
    width, height = size(path)
    assert width == 2400
    assert 800 <= height <= 2800


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_report_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"]
    for path in paths:
        write_picture(make.climb_to_nan(), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_user_s_matplotlib_settings_neither_change_it_nor_are_changed(tmp_path: Path) -> None:
    import matplotlib as mpl

    write_picture(make.healthy(), tmp_path / "a.png")
    before = mpl.rcParams["lines.linewidth"]
    mpl.rcParams["lines.linewidth"] = 9.0
    mpl.rcParams["font.size"] = 30.0
    try:
        write_picture(make.healthy(), tmp_path / "b.png")
        assert mpl.rcParams["lines.linewidth"] == 9.0
    finally:
        mpl.rcParams["lines.linewidth"] = before
        mpl.rcParams["font.size"] = 10.0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_pyplot_stays_out(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from tests.reporter.make_analysis import healthy;"
        f"from losslens.reporter.png import write_picture; write_picture(healthy(), Path({str(tmp_path / 'x.png')!r}));"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stderr


def test_text_is_wrapped_by_its_width_and_long_words_are_cut() -> None:
    lines = wrapped("a short text " + "x" * 200, 2.0, 9.0)
    assert lines[0] == "a short text"
    assert "".join(lines[1:]) == "x" * 200
    assert wrapped("", 2.0, 9.0) == []


def test_hostile_names_leave_an_svg_that_is_well_formed_and_has_no_script(tmp_path: Path) -> None:
    import xml.etree.ElementTree as ET

    path = tmp_path / "run.svg"
    write_picture(make.hostile(), path)
    names = {element.tag.rpartition("}")[2] for element in ET.parse(path).iter()}
    assert "script" not in names
    assert "foreignObject" not in names
    assert "a" not in names
