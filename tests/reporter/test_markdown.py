"""Markdown for an issue: nothing in a name comes alive, tables keep their columns."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from losslens.model import Analysis
from losslens.reporter.markdown import render_markdown
from losslens.reporter.text import markdown, markdown_code
from tests.reporter import make_analysis as make


def without_code(text: str) -> str:
    text = re.sub(r"^( *)(```+)python$.*?^\1\2$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


@pytest.mark.parametrize("made", make.ALL.values(), ids=make.ALL.keys())
def test_every_table_row_has_as_many_cells_as_its_head(made: Callable[[], Analysis]) -> None:
    cells = None
    for line in render_markdown(made()).split("\n"):
        if not line.startswith("|"):
            cells = None
            continue
        found = len(re.findall(r"(?<!\\)\|", line))
        cells = cells or found
        assert found == cells, line


def test_hostile_names_are_neither_html_nor_links_nor_mentions() -> None:
    text = without_code(render_markdown(make.ALL["hostile"]()))
    own = re.sub(r"</?(details|summary|sub)>|<!-- -->", "", text)
    assert re.search(r"(?<!\\)<[a-z!/]", own) is None
    assert re.search(r"@\w", text) is None
    assert re.search(r"(?<!\\)#\d", text) is None
    assert re.search(r"https?:", text) is None
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\ud800-\udfff]", text) is None


@pytest.mark.parametrize(
    ("raw", "escaped"),
    [
        ("train/loss_total", "train/loss_total"),
        ("_a_", r"\_a\_"),
        ("a*b*", r"a\*b\*"),
        ("<b>", r"\<b\>"),
        ("$x$", r"\$x\$"),
        ("fix #12 by @me", r"fix \#<!-- -->12 by @<!-- -->me"),
        ("1. not a list", r"1\. not a list"),
        ("- not a list", r"\- not a list"),
        ("![x](y)", r"!\[x\](y)"),
        ("a|b", r"a\|b"),
        ("www.evil.example", "www<!-- -->.evil.example"),
    ],
)
def test_prose_is_escaped_and_still_readable(raw: str, escaped: str) -> None:
    assert markdown(raw) == escaped


@pytest.mark.parametrize(
    ("raw", "span"), [("a", "`a`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("", "`  `"), ("a\nb", "`a\\nb`")]
)
def test_code_spans_hold_whatever_backticks_a_name_has(raw: str, span: str) -> None:
    assert markdown_code(raw) == span


def test_one_run_has_its_verdict_as_the_heading() -> None:
    assert render_markdown(make.analysis(make.exploded())).startswith("## `deeplab`: exploded\n")


def test_several_runs_have_a_table_worst_first() -> None:
    text = render_markdown(make.several())
    rows = [line for line in text.split("\n") if line.startswith("| **")]
    assert [re.findall(r"\*\*(.+?)\*\*", row)[0] for row in rows] == [
        "nan", "nan", "exploded", "exploded", "val-diverged", "inconclusive", "healthy", "healthy",
    ]  # fmt: skip


def rendered(text: str) -> str:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)


def test_a_markdown_reader_sees_the_same_elements_whatever_the_names_are() -> None:
    def elements(text: str) -> set[str]:
        return set(re.findall(r"<(/?[a-z][a-z0-9]*)", rendered(text)))

    calm = elements(render_markdown(make.analysis(make.exploded(), skipped=make.SKIPPED)))
    odd = elements(render_markdown(make.ALL["hostile"]()))
    assert odd <= calm | {"pre", "/pre"}


def test_a_markdown_reader_sees_tables_lists_and_folded_details() -> None:
    html = rendered(render_markdown(make.analysis(make.exploded())))
    assert html.count("<table>") == 2
    assert "<td>step 50,100 (90 % interval 49,900–50,300)</td>" in html
    assert "<details>" in html
    assert "<strong>Not checked</strong>" in html
    assert "<code>torch.nn.utils.clip_grad_norm_(model.parameters(), 2.4)</code>" in html
