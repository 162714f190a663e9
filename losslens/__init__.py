"""losslens: the post-mortem of a training run, from its logs alone.

``analyze(paths)`` answers when the loss went wrong, why then, and what to do first; ``load(path)`` gives the runs
with their series as NumPy arrays. Nothing heavy is imported until one of them is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Analysis", "Run", "__version__", "analyze", "load"]

if TYPE_CHECKING:
    from losslens.model import Analysis, Run
    from losslens.pipeline import analyze, load


def __getattr__(name: str) -> Any:
    if name in ("analyze", "load"):
        from losslens import pipeline

        return getattr(pipeline, name)
    if name in ("Analysis", "Run"):
        from losslens import model

        return getattr(model, name)
    raise AttributeError(f"module 'losslens' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), "Analysis", "Run", "analyze", "load"]
