"""The one place where text from a log is made harmless, one function a medium.

Tags, run names, paths, settings and log lines are written by strangers: they hold terminal escapes, line breaks,
markup, bidirectional overrides and undecodable bytes. Every reporter sends every string through here.
"""

from __future__ import annotations

import html
import re
import unicodedata

from losslens.patterns import compiled

#: What the ASCII-only terminal shows instead of the signs losslens itself uses, and of common typography.
_ASCII = {
    "–": "-",
    "—": "-",
    "−": "-",
    "‑": "-",
    "×": "x",
    "·": "*",
    "•": "*",
    "…": "...",
    "→": "->",
    "←": "<-",
    "↑": "up",
    "↓": "down",
    "≥": ">=",
    "≤": "<=",
    "≈": "~",
    "≠": "!=",
    "±": "+/-",
    "∞": "Inf",
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": "'",
    "’": "'",
    "\u00a0": " ",
    "\u2009": " ",
    "\u202f": " ",
}
_SPACES = {"\u2028": "\\u2028", "\u2029": "\\u2029"}


def plain(text: str) -> str:
    r"""``text`` on one line with everything invisible or active written out (``\x1b``, ``\n``, ``\u202e``).

    Written out are: control characters (C0, DEL, C1), format characters (bidirectional overrides, zero-width signs,
    tags), line and paragraph separators, and lone surrogates (undecodable bytes of a file name).
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    if char in _SPACES:
        return _SPACES[char]
    if unicodedata.category(char) in ("Cc", "Cf", "Cs"):
        return char.encode("unicode_escape").decode("ascii")
    return char


def ascii_only(text: str) -> str:
    r"""``text`` in plain ASCII: known signs by their spelling, accents dropped, all else as ``\u4e2d``."""
    if text.isascii():
        return text
    spelled = "".join(_ASCII.get(char, char) for char in text)
    plain = "".join(char for char in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(char))
    return plain.encode("ascii", "backslashreplace").decode("ascii")


def for_terminal(text: str, *, unicode: bool) -> str:
    """``text`` for one line of a terminal; never handed to rich as markup (it goes into ``rich.text.Text``)."""
    return plain(text) if unicode else ascii_only(plain(text))


def code_lines(text: str) -> list[str]:
    """The lines of a piece of code, each harmless; its line breaks are meant."""
    return [plain(line.expandtabs(4)) for line in text.splitlines()] or [""]


#: An underscore inside a word is no emphasis in GitHub's Markdown; "$" begins mathematics there.
_MARKDOWN = compiled(r"([\\`*\[\]<>|$]|(?<![^\W_])_|_(?![^\W_])|~|#(?=\d))")
_MENTION = compiled(r"@(?=\w)")
_ISSUE = compiled(r"\\#(?=\d)")
_LINK = compiled(r"(?i)\b(https?|ftp|mailto|www)(?=[:.])")


def markdown(text: str) -> str:
    """``text`` as Markdown prose: no markup, HTML, mention, issue reference or automatic link comes alive."""
    out = _MARKDOWN.sub(r"\\\1", plain(text).replace("&", "&amp;"))
    out = _MENTION.sub("@<!-- -->", out)
    out = _ISSUE.sub(r"\\#<!-- -->", out)
    out = _LINK.sub(r"\1<!-- -->", out)
    return re.sub(r"^(\s*)([-+=]|\d+[.)])(?=\s|$|[-=])", lambda m: f"{m[1]}{_first_escaped(m[2])}", out)


def html_in_markdown(text: str) -> str:
    """``text`` inside an HTML element of a Markdown document, where backslashes do not escape."""
    out = _MENTION.sub("@<!-- -->", html.escape(plain(text), quote=False))
    return _LINK.sub(r"\1<!-- -->", re.sub(r"#(?=\d)", "#<!-- -->", out))


def _first_escaped(mark: str) -> str:
    return f"{mark[:-1]}\\{mark[-1]}"


def markdown_code(text: str, *, cell: bool = False) -> str:
    """``text`` as an inline code span; ``cell`` for inside a table, where a bar ends the cell even in code."""
    shown = plain(text)
    if cell:
        shown = shown.replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if not shown.strip() or shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def script_data(text: str) -> str:
    """JSON ``text`` for inside a ``<script>`` element: nothing in it can end the element or start a comment."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
