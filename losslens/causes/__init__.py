"""What went wrong: one module a cause, found by walking this folder.

A cause module has a docstring (the page that ``losslens explain`` prints), ``CAUSE`` (its id), ``TITLE``, ``LEVEL``
("setting", "mechanism" or "symptom"), ``SOURCES``, ``look(facts)`` and ``fixes(facts)``. A page module explains a name
that does not compete: ``ALIAS_OF`` names the cause it is reported as, or is "" for a fact that only prevents a false
alarm.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from losslens.causes.facts.nouns import Facts
    from losslens.model import Fix, NotChecked, Sign


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
                CauseModule(module.CAUSE, module.TITLE, module.LEVEL, module.SOURCES, text, module.look, module.fixes)
            )
    return tuple(found), tuple(pages)


def competing() -> tuple[CauseModule, ...]:
    """Every cause that competes, in the order of its file names."""
    return _walk()[0]


def pages() -> tuple[Page, ...]:
    """The names that have a page and do not compete."""
    return _walk()[1]


def titles() -> Mapping[str, str]:
    """Id to title of everything that can be explained, causes first."""
    everything: dict[str, str] = {c.id: c.title for c in competing()}
    everything.update({p.id: p.title for p in pages()})
    return everything


def page(name: str) -> str:
    """The page of a cause. Raises ``UsageError`` for an unknown name, with the nearest ones."""
    wanted = name.strip().lower().replace("_", "-").replace(" ", "-")
    texts = {c.id: c.page for c in competing()} | {p.id: p.page for p in pages()}
    if wanted in texts:
        return f"{wanted}: {texts[wanted]}"
    import difflib

    from losslens.errors import UsageError

    near = difflib.get_close_matches(wanted, titles(), n=3, cutoff=0.4)
    hint = f"nearest: {', '.join(near)}" if near else "`losslens explain` lists them"
    raise UsageError(f"no cause is called '{name}'; {hint}")
