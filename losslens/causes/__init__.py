"""What went wrong: one module a cause, found by walking this folder.

A cause module has a docstring (the page that ``losslens explain`` prints), ``CAUSE`` (its id), ``TITLE``, ``LEVEL``
("setting", "mechanism" or "symptom"), ``SOURCES``, ``look(facts)`` and ``fixes(facts)``; ``LATE``, where it has one, is
how it can stay away for most of a run, the end of the sentence that answers "why only now?", and ``remark(facts)``,
where it has one, warns of what it shows in a run that is healthy all the same. A page module explains a name that does
not compete: ``ALIAS_OF`` names the cause it is reported as, or is "" for a fact that only prevents a false alarm.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losslens.causes.facts.nouns import Facts
    from losslens.model import Fix, NotChecked, Sign, Warning


BEHIND_WHY = "\n\nWhat else looks like this\n"
"""Where the section of a page begins that follows why runs do this."""


@dataclass(frozen=True, slots=True)
class CauseModule:
    """One module of this folder, by its parts."""

    id: str
    title: str
    level: str
    sources: tuple[str, ...]
    page: str
    look: Callable[[Facts], tuple[Sign | NotChecked, ...]]
    fixes: Callable[[Facts], tuple[Fix, ...]]
    late: str = ""
    """How it can stay away for most of a run, as the end of a sentence; "" for a cause that has no such way."""
    remark: Callable[[Facts], tuple[Warning, ...]] | None = None
    """What it says of a healthy run; None for a cause that says nothing."""


@dataclass(frozen=True, slots=True)
class Page:
    """A name that is explained and does not compete."""

    id: str
    title: str
    alias_of: str
    sources: tuple[str, ...]
    page: str


@functools.cache
def _walk() -> tuple[tuple[CauseModule, ...], tuple[Page, ...]]:
    found: list[CauseModule] = []
    pages: list[Page] = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        if info.ispkg:
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        if not hasattr(module, "CAUSE"):
            continue
        text = (module.__doc__ or "").strip()
        if hasattr(module, "ALIAS_OF"):
            pages.append(Page(module.CAUSE, module.TITLE, module.ALIAS_OF, module.SOURCES, text))
        else:
            found.append(
                CauseModule(
                    id=module.CAUSE,
                    title=module.TITLE,
                    level=module.LEVEL,
                    sources=module.SOURCES,
                    page=_with_late(text, getattr(module, "LATE", "")),
                    look=module.look,
                    fixes=module.fixes,
                    late=getattr(module, "LATE", ""),
                    remark=getattr(module, "remark", None),
                )
            )
    return tuple(found), tuple(pages)


def _with_late(page: str, late: str) -> str:
    """The page with how the cause can come late, behind why runs do it."""
    if not late:
        return page
    said = textwrap.fill(f"{late[:1].upper()}{late[1:]}.", 118, initial_indent=" " * 4, subsequent_indent=" " * 4)
    return page.replace(BEHIND_WHY, f"\n\nHow it can come late\n{said}{BEHIND_WHY}", 1)


def competing() -> tuple[CauseModule, ...]:
    """Every cause that competes, in the order of its file names."""
    return _walk()[0]


def remarks(facts: Facts) -> tuple[Warning, ...]:
    """What the causes have to say of a run that is healthy all the same."""
    return tuple(warning for cause in competing() if cause.remark for warning in cause.remark(facts))


def pages() -> tuple[Page, ...]:
    """The names that have a page and do not compete."""
    return _walk()[1]


def titles() -> Mapping[str, str]:
    """Id to title of everything that can be explained, causes first."""
    everything: dict[str, str] = {c.id: c.title for c in competing()}
    everything.update({p.id: p.title for p in pages()})
    return everything


NEAR = 0.6
"""Likeness (0 to 1) from which a name may be what was meant; below it, "nope" would mean "label-noise"."""


def _in_code(name: str) -> str:
    """The section of a page that spells the fixes out, for a run of which nothing is known; "" for a page of words."""
    from losslens.causes.facts import nothing_known

    module = next((c for c in competing() if c.id == name), None)
    lines = []
    for fix in module.fixes(nothing_known()) if module is not None else ():
        lines.append(f"- {fix.text}{':' if fix.pytorch or fix.keras else ''}")
        lines += [f"{label:<8}{code}" for label, code in (("PyTorch", fix.pytorch), ("Keras", fix.keras)) if code]
    return "\nIn code\n" + "".join(f"    {line}\n" for line in lines) if lines else ""


def page(name: str) -> str:
    """The page of a cause. Raises ``UsageError`` for an unknown name, with the nearest ones."""
    wanted = name.strip().lower().replace("_", "-").replace(" ", "-")
    texts = {c.id: c.page for c in competing()} | {p.id: p.page for p in pages()}
    if wanted in texts:
        told, heading, sources = f"{wanted}: {texts[wanted]}".partition("\nSources\n")
        return f"{told}{_in_code(wanted)}{heading}{sources}"
    import difflib

    from losslens.errors import UsageError

    near = difflib.get_close_matches(wanted, titles(), n=3, cutoff=NEAR)
    hint = f"nearest: {', '.join(near)}" if near else "`losslens explain` lists them"
    raise UsageError(f"no cause is called '{name}'; {hint}")
