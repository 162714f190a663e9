"""Regular expressions that are compiled when they are first asked for.

losslens knows some six hundred, for what dozens of programs print and how they name it; one log needs a few dozens of
them. To compile them all took a third of the time in which a small log is analysed.
"""

from __future__ import annotations

import re
from typing import Any, cast

#: What is asked of a pattern again and again: found on the pattern itself, once it is compiled.
_METHODS = ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")


class _Pattern:
    """Stands for a compiled pattern, and becomes one at the first look at any of its attributes."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source, self._flags = source, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)  # copying and pickling ask for what no pattern has
        compiled = re.compile(self._source, self._flags)
        self.__dict__ |= {method: getattr(compiled, method) for method in _METHODS}
        return getattr(compiled, name)


def compiled(source: str, flags: int = 0) -> re.Pattern[str]:
    """What ``re.compile`` gives, but compiled at its first use; a mistake in ``source`` shows only then.

    The ``re`` of a match is the pattern within and not what is returned here.
    """
    return cast("re.Pattern[str]", _Pattern(source, flags))


def compiled_bytes(source: bytes, flags: int = 0) -> re.Pattern[bytes]:
    """The same for bytes."""
    return cast("re.Pattern[bytes]", _Pattern(source, flags))
