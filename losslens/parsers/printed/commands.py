"""Command lines that an output begins with: "+ python train.py -optim adam -learning_rate 1.0", "$ th train.lua -lr 1".

Torch's programs and what was made of them take their options behind one dash.
"""

from __future__ import annotations

from losslens.patterns import compiled

#: What runs a program, and the program.
_COMMAND = compiled(
    r"^(?:[+$>#]\s*|\S{1,40}[$#]\s+|nohup\s+|time\s+|[A-Z_]+=\S*\s+)*"
    r"(?:\S*/)?(?:python[\d.]*|torchrun|th|luajit|accelerate|deepspeed|horovodrun|mpirun)\s+(?:\S+\s+){0,12}?\S+\.(?:py|lua)\b"
)
_OPTION = compiled(r"(?<=\s)--?([A-Za-z][\w.-]*)(?:[ =]([^\s-]\S*|-[\d.]\S*))?")


def is_command(text: str) -> bool:
    """Whether a cleaned line is the command that a program was started with."""
    return " -" in text and _COMMAND.match(text) is not None


def options_of(text: str) -> list[tuple[str, str]]:
    """The options of a command with what was given to them; one that stands alone is true."""
    begin = _COMMAND.match(text)
    rest = text[begin.end() :] if begin is not None else ""
    return [(name.replace("-", "_"), value or "True") for name, value in _OPTION.findall(rest)]
