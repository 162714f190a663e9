"""Text from a log is harmless in every medium, and stays readable."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from losslens.reporter.text import ascii_only, code_lines, for_terminal, markdown, plain, script_data
from tests.reporter.make_analysis import HOSTILE

ACTIVE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
ANY = st.text(st.characters(codec=None), max_size=60)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("train/loss", "train/loss"),
        ("损失 π é", "损失 π é"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\u202eexe", r"\u202eexe"),
        ("\udcff", r"\udcff"),
        ("\x9b31m", r"\x9b31m"),
    ],
)
def test_what_is_invisible_or_active_is_written_out(raw: str, shown: str) -> None:
    assert plain(raw) == shown


@given(ANY)
def test_no_text_at_all_keeps_an_active_character(text: str) -> None:
    assert ACTIVE.search(plain(text)) is None
    plain(text).encode("utf-8")


@given(ANY)
def test_ascii_only_is_ascii_and_one_line(text: str) -> None:
    assert re.fullmatch(r"[\x20-\x7e]*", for_terminal(text, unicode=False))


def test_our_own_signs_have_a_spelling_in_ascii() -> None:
    assert ascii_only("49,900–50,300 × 2 → −1 é") == "49,900-50,300 x 2 -> -1 e"
    assert ascii_only("损") == r"\u635f"


@given(ANY)
def test_script_data_cannot_end_its_element(text: str) -> None:
    import json

    data = script_data(json.dumps(text))
    assert not set(data) & set("<>&")
    assert json.loads(data) == text


@given(ANY)
def test_markdown_keeps_to_one_line_and_opens_no_html(text: str) -> None:
    out = markdown(text)
    assert "\n" not in out
    assert re.search(r"(?<!\\)<(?!!-- -->)", out) is None


def test_code_keeps_its_lines_and_nothing_else_that_is_active() -> None:
    assert code_lines("a\n\tb\x1b[0m") == ["a", r"    b\x1b[0m"]
    assert code_lines("") == [""]
    assert all(ACTIVE.search(line) is None for line in code_lines(HOSTILE))
