"""What was changed between two runs: settings and words of names, sorted into levers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from losslens.causes.facts.recipe import squeeze
from losslens.patterns import compiled

LEVERS: Mapping[str, tuple[str, ...]] = {
    "clip": ("clip", "maxgradnorm", "gradientclip"),
    "warmup": ("warmup",),
    "learning-rate": ("lr", "learningrate", "lr0", "baselr", "peaklr", "maxlr"),
    "schedule": ("scheduler", "lrscheduler", "schedule", "lrschedulertype"),
    "precision": ("precision", "fp16", "bf16", "amp", "dtype", "fp32", "half", "float32", "float16"),
    "normalisation-layer": ("batchnorm", "layernorm", "groupnorm", "qknorm", "batchnormali", "layernormali"),
    "data-scaling": ("normali", "standardi", "scaler", "scaling", "scaled", "unscaled", "zscore"),
    "batch-size": ("batchsize", "batch", "bs", "accumulation", "accum", "worldsize", "ngpus", "devices"),
    "beta2": ("beta2", "betas", "adambeta2"),
    "eps": ("eps", "epsilon"),
    "weight-decay": ("weightdecay", "wd"),
    "optimizer": ("optimizer", "optim", "sgd", "adam", "adamw"),
    "loss": ("criterion", "lossfn", "lossfunction", "huber", "fromlogits", "focal"),
    "regularisation": ("dropout", "augment", "labelsmoothing"),
    "data": ("dataset", "datapath", "data", "shuffle"),
    "resume": ("resume", "checkpoint", "ckpt"),
}
"""Lever to the words that name it, in the order in which they are asked: "lr_warmup" is a warm-up."""

LAST = frozenset({"half"})
"""Words that name a lever only at the end of a name: HalfCheetah is an environment."""

SEED_WORDS = ("seed", "randomseed", "rng", "seedeverything")


PLAIN_WORDS = frozenset(
    (
        *("raw", "base", "baseline", "default", "original", "plain", "fixed", "fix", "healthy", "twin", "survivor"),
        *("run", "history", "log", "logs", "json", "csv", "metrics", "train", "fit", "v", "version", "trial", "the"),
        *("a", "survives", "exp", "experiment", "test", "iter", "try", "attempt", "job", "id", "no"),
        *("cell", "table", "sheet", "part"),
    )
)
"""Words of a name that change nothing in the numbers; a whole number after one counts the runs."""

QUALIFIERS = frozenset(
    (
        *("no", "with", "without", "off", "on", "use", "using", "add", "added", "plus", "new", "old"),
        *("more", "less", "high", "higher", "low", "lower", "large", "larger", "big", "bigger", "small", "smaller"),
        *("long", "longer", "short", "shorter", "strong", "stronger", "weak", "weaker", "half", "double"),
    )
)
"""Words that only say how much of a lever: "larger-eps", "no_warmup"."""

TOKEN = compiled(
    r"(?P<number>(?<![A-Za-z0-9.])\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![A-Za-z0-9]))|(?P<word>[A-Za-z][A-Za-z0-9]*(?:\.\d+)?(?:(?<=\de)-\d+)?)"
)
GLUED = compiled(r"(?P<word>[A-Za-z]+)(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?)")
COUNTED = compiled(rf"({'|'.join(sorted(PLAIN_WORDS))})\d+")
"""A plain word with its number: "run3"."""

GENERIC = frozenset(
    (
        *("clip", "warmup", "lr", "learningrate", "scheduler", "schedule", "precision", "dtype", "batchsize", "batch"),
        *("bs", "eps", "epsilon", "weightdecay", "wd", "beta2", "betas", "optimizer", "optim", "dropout", "loss"),
        *("criterion", "data", "dataset", "resume", "checkpoint", "ckpt", "augment", "accum"),
    )
)
"""Words that name a lever and say nothing of its value."""

A_NUMBER = "number"
"""A number in a name without a word that says of what."""


def lever_of(name: str) -> str:
    """The lever a setting (or a word of a run's name) belongs to; the setting's own name where it is none of them."""
    short = squeeze(name)
    if short in SEED_WORDS or short.startswith("seed"):
        return "seed"
    for lever, words in LEVERS.items():
        for word in words:
            if (
                short == word
                or (len(word) > 3 and (short.endswith(word) if word in LAST else word in short))
                or (len(word) <= 3 and re.fullmatch(word + r"[0-9e.\-]*", short))
            ):
                return lever
    return short


def named(name: str) -> dict[str, str]:
    """What a run's name says: lever (or the word itself) to its value, "" where only the word stands.

    "lr_0.01-larger-eps-sgd" is ``{"learning-rate": "0.01", "eps": "larger", "optimizer": "sgd"}``. Plain words and
    whole numbers that count the runs are left out.
    """
    found: dict[str, str] = {}
    lever = how_much = ""
    for match in TOKEN.finditer(name.lower()):
        number, word = match["number"], match["word"]
        if number is not None:
            if lever and not found[lever]:
                found[lever] = number
            elif not number.isdigit():
                found.setdefault(A_NUMBER, number)
            lever = how_much = ""
        elif word in QUALIFIERS:
            lever, how_much = "", word
        elif word not in PLAIN_WORDS and not COUNTED.fullmatch(word):
            word, value = _apart(word)
            lever = lever_of(word)
            found.setdefault(lever, value or how_much)
            how_much = ""
        else:
            lever = how_much = ""
    return found


def _apart(word: str) -> tuple[str, str]:
    """ "lr0.01" as its word and its number, "clipnorm" as its own value; what is no lever stays whole."""
    glued = GLUED.fullmatch(word)
    if glued is not None and (glued["word"] in GENERIC or lever_of(glued["word"]) == "seed"):
        return glued["word"], glued["number"]
    return word, word if lever_of(word) in LEVERS and word not in GENERIC else ""


def named_differences(name: str, other: str) -> dict[str, tuple[str, str]]:
    """Lever to its value here and there, by the names of two runs alone."""
    here, there = named(name), named(other)
    return {
        key: (here.get(key, ""), there.get(key, ""))
        for key in [*here, *(k for k in there if k not in here)]
        if here.get(key) != there.get(key)
    }
