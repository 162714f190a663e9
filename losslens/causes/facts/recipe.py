"""The settings of a run under one name each, whatever the trainer calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from losslens.causes.facts.signals import PLAIN, Recipe
from losslens.model import Setting, SettingValue
from losslens.patterns import compiled

NAMES: Mapping[str, tuple[str, ...]] = {
    "optimizer": (
        "optimizer",
        "optim",
        "opt",
        "optimizername",
        "optimizertype",
        "optimizerclass",
        "optimizerclassname",
        "solver",
        "solvertype",
    ),
    "lr": ("lr", "learningrate", "lr0", "baselr", "initlr", "initiallr", "maxlr", "learningratestart", "stepsize"),
    "beta1": ("beta1", "adambeta1", "beta_1", "b1"),
    "beta2": ("beta2", "adambeta2", "beta_2", "b2"),
    "eps": ("eps", "epsilon", "adamepsilon", "adameps", "adam_epsilon"),
    "momentum": ("momentum", "sgdmomentum"),
    "weight_decay": ("weightdecay", "wd", "l2", "decoupledweightdecay"),
    "clip": (
        "clip",
        "clipnorm",
        "globalclipnorm",
        "gradclip",
        "gradientclip",
        "maxgradnorm",
        "gradientclipval",
        "clipgradnorm",
        "clipgrad",
        "gradclipnorm",
        "clippingnorm",
        "gradnormclip",
        "maxnorm",
        "gradclipval",
        "clipgradients",
    ),
    "clip_by_value": ("clipvalue", "gradclipvalue", "clipgradvalue"),
    "batch_size": (
        "batchsize",
        "batch",
        "bs",
        "perdevicetrainbatchsize",
        "trainbatchsize",
        "imsperbatch",
        "globalbatchsize",
        "samplespergpu",
        "trainmicrobatchsizepergpu",
        "perdevicebatchsize",
        "batchsizepergpu",
    ),
    "accumulation": (
        "accumulation",
        "gradientaccumulationsteps",
        "accumulategradbatches",
        "gradaccum",
        "accumsteps",
        "accum",
        "itersize",
    ),
    "warmup_steps": (
        "warmup",
        "warmupsteps",
        "numwarmupsteps",
        "warmupepochs",
        "warmupiters",
        "warmupratio",
        "lrwarmup",
    ),
    "loss_name": ("loss", "lossfn", "lossfunction", "criterion", "objective", "lossname", "losstype"),
    "normalisation": (
        "normalize",
        "normalise",
        "normalization",
        "normalisation",
        "standardize",
        "standardise",
        "scaler",
        "scaling",
        "normalizeinputs",
        "scaleinputs",
        "scaledata",
        "standardized",
    ),
    "world_size": ("worldsize", "ngpus", "numgpus", "devices", "numdevices", "gpus", "numprocesses"),
    "architecture": ("architecture", "arch", "model", "modelname", "modeltype", "net", "network", "backbone"),
    "batch_norm": ("batchnorm", "usebatchnorm", "bn", "norm", "normlayer", "batchnormalization"),
    "steps": (
        "maxsteps",
        "totalsteps",
        "numtrainsteps",
        "trainsteps",
        "maxiters",
        "maxiter",
        "numsteps",
        "totaliterations",
    ),
    "epochs": ("epochs", "maxepochs", "numepochs", "numtrainepochs", "nepochs"),
    "scheduler": ("scheduler", "lrscheduler", "lrschedulertype", "schedule", "lrschedule", "schedulername", "lrpolicy"),
    "restarts_every": ("t0", "t0epochs", "restartperiod", "cyclelength", "cycleepochs", "firstcycleepochs"),
    "cycle_factor": ("tmult", "cyclemult", "mmul", "tmul"),
    "gamma": ("gamma", "lrgamma", "schedulergamma", "lrdecayrate"),
    "max_length": ("maxlength", "maxseqlength", "maxlen", "seqlen", "cutofflen", "blocksize", "sequencelength"),
}

WHICH = ("target", "name", "type", "classpath", "class", "cls", "classname")
"""What names the optimizer inside its own settings: ``optimizer._target_``, ``optim.name``."""

OWN_BETAS = ("novograd", "adan", "adafactor", "lion", "muon", "came")
"""Optimizers whose betas are other things than Adam's, with other usual values."""

NOISE_BETA2 = 0.05
"""A beta1 below a beta2 below this are the ends of a diffusion's noise schedule: no running mean forgets that fast."""

PRECISION_NAMES = ("precision", "dtype", "mixedprecision", "amp", "torchdtype", "autocast")
"""Settings whose value says the precision …"""

HALF_FLAGS = ("fp16", "half", "usefp16", "amp")
"""… and those that turn fp16 on."""

ON_WORDS = ("true", "1", "yes", "on")
OFF_WORDS = ("", "none", "null", "false", "no", "off", "0", "0.0")


ARCHITECTURES: Mapping[str, re.Pattern[str]] = {
    "recurrent": compiled(r"lstm|gru(?![a-z])|rnn|seq2seq"),
    "transformer": compiled(
        r"transformer|gpt|bert|llama|vit(?![a-z])|(?<![a-z])(?:flan|by|m|um|long|code)?t5(?!\d)|attention|nhead|numheads"
        r"|qwen|mistral"
    ),
    "convolutional": compiled(r"cnn|conv(?!er)|resnet|unet|vgg|yolo|deeplab|efficientnet|densenet"),
    "linear or mlp": compiled(r"mlp|(?<![a-z])dense(?!net)|linear"),
}
"""Names of models, and what they are made of; the first that fits. Short ones are no part of a word: "resnet50" has a
"t5" in it."""

LONE_WORDS = ("optimizer", "epochs", "lr", "scheduler", "criterion", "warmup", "dtype")
"""Last words of a printed sentence that name a setting without the words before: of "BN momentum" and "Average
precision" the last word alone is another thing."""

SEPARATORS = compiled(r"[/:]+|\.(?![0-9])")


def squeeze(name: str) -> str:
    """A setting's name without its path and punctuation: ``optimizer.params.Weight-Decay`` -> ``weightdecay``."""
    words = SEPARATORS.split(name.strip())[-1].split()
    if len(words) > 1 and words[-1].lower() not in LONE_WORDS:
        words = ["".join(words[-2:])]
    return re.sub(r"[^a-z0-9]", "", words[-1].lower()) if words else ""


def number(value: SettingValue) -> float | None:
    """A number, from text as well; True and False are not numbers here."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    match = re.fullmatch(r"\s*([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*", value)
    return float(match.group(1)) if match else None


def recipe_of(settings: Mapping[str, Setting]) -> Recipe:
    """The settings that the causes ask for."""
    values = {name: s.value for name, s in settings.items()}
    short: dict[str, SettingValue] = {}
    for name, value in values.items():
        short.setdefault(squeeze(name), value)
    for name, value in values.items():  # "optimizer.lr" and "betas" need their path
        whole = re.sub(r"[^a-z0-9]", "", name.lower())
        short.setdefault(whole, value)

    def find(key: str) -> SettingValue:
        for alias in NAMES[key]:
            found = short.get(alias.replace("_", ""))
            if found is not None:
                return found
        return None

    clip, kind = _clip(number(find("clip")), find("clip"), find("clip_by_value"))
    optimizer = _optimizer(find("optimizer"), values)
    beta1, beta2 = _betas(number(find("beta1")), number(find("beta2")), short.get("betas"), optimizer)
    warm = number(find("warmup_steps"))
    return Recipe(
        optimizer=optimizer,
        lr=number(find("lr")),
        beta1=beta1,
        beta2=beta2,
        eps=number(find("eps")),
        momentum=number(find("momentum")),
        weight_decay=number(find("weight_decay")),
        clip=clip,
        clip_kind=kind,
        batch_size=number(find("batch_size")),
        accumulation=number(find("accumulation")),
        precision=_precision(short),
        warmup_steps=warm if warm is not None else (0.0 if find("warmup_steps") is False else None),
        loss_name=_word(find("loss_name")),
        normalisation=_word(find("normalisation")),
        world_size=number(find("world_size")),
        architecture=_architecture(_word(find("architecture")), short),
        batch_norm=_batch_norm(find("batch_norm")),
        max_length=number(find("max_length")),
        frozen=_frozen(short),
        steps=_positive(number(find("steps"))),
        epochs=_positive(number(find("epochs"))),
        scheduler=_word(find("scheduler")),
        restarts_every=_positive(number(find("restarts_every"))),
        cycle_factor=_positive(number(find("cycle_factor"))),
        gamma=_positive(number(find("gamma"))),
    )


def _optimizer(said: SettingValue, values: Mapping[str, SettingValue]) -> str | None:
    """Its name without the package it is from; inside settings of its own it is called a type, a target or a name."""
    inside = [
        value
        for name, value in values.items()
        if len(path := [squeeze(part) for part in SEPARATORS.split(name)]) > 1
        and path[-1] in WHICH
        and path[-2] in NAMES["optimizer"]
    ]
    for value in (said, *inside):
        word = (_word(value) or "").rpartition(".")[2]
        if word and word not in OFF_WORDS and word[0].isalpha():
            return word
    return None


def _betas(
    beta1: float | None, beta2: float | None, both: SettingValue, optimizer: str | None
) -> tuple[float | None, float | None]:
    """The memories of Adam's two running means."""
    if any(word in (optimizer or "") for word in (*OWN_BETAS, *PLAIN)):
        return None, None
    parts = re.findall(r"[0-9]*\.?[0-9]+", both) if isinstance(both, str) else []
    if len(parts) > 1:
        beta1 = float(parts[0]) if beta1 is None else beta1
        beta2 = float(parts[1]) if beta2 is None else beta2
    if beta1 is not None and beta2 is not None and 0.0 < beta1 < beta2 < NOISE_BETA2:
        return None, None
    return beta1, beta2


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _word(value: SettingValue) -> str | None:
    return None if value is None else str(value).strip().lower()


def _clip(norm: float | None, raw: SettingValue, by_value: SettingValue) -> tuple[float | None, str | None]:
    limit = number(by_value)
    if norm:
        return norm, "norm"
    if limit:
        return limit, "value"
    if raw is False or norm == 0 or by_value is False or limit == 0:
        return 0.0, None
    if isinstance(raw, str) and raw.strip().lower() in OFF_WORDS:
        return 0.0, None
    return None, None


def _precision(short: Mapping[str, SettingValue]) -> str | None:
    said = {name: str(short[name]).strip().lower() for name in (*HALF_FLAGS, "bf16") if name in short}
    if said.get("bf16") in ON_WORDS:
        return "bf16"
    if any(said.get(name) in ON_WORDS for name in HALF_FLAGS):
        return "fp16"
    for name in PRECISION_NAMES:
        word = str(short.get(name, "")).strip().lower()
        if "bf16" in word or "bfloat16" in word:
            return "bf16"
        if "fp8" in word:
            return "fp8"
        if re.search(r"(?<![\w.])(fp|float|f)?16(?![\d.])|half", word) or word in ("o1", "o2"):
            return "fp16"
        if re.search(r"(?<![\w.])(fp|float|f)?32(?![\d.])", word) or word in ("full", "no", "float"):
            return "fp32"
    off = [word in OFF_WORDS for name, word in said.items() if name != "bf16"]
    return "fp32" if off and all(off) and "bf16" not in said else None


def _architecture(word: str | None, short: Mapping[str, SettingValue]) -> str | None:
    text = " ".join([word or ""] + [n for n in short if n in ("rnntype", "nhead", "numheads", "nlayerstransformer")])
    return next((kind for kind, words in ARCHITECTURES.items() if words.search(text)), word)


def _batch_norm(value: SettingValue) -> bool | None:
    if isinstance(value, bool):
        return value
    word = _word(value)
    if word is None:
        return None
    if "batch" in word or word in ("bn", "true", "1"):
        return True
    return False if any(w in word for w in ("layer", "group", "none", "false", "rms", "instance")) else None


def _frozen(short: Mapping[str, SettingValue]) -> bool | None:
    for name in ("freeze", "frozen", "freezebackbone", "freezeencoder"):
        if name in short:
            return str(short[name]).lower() not in OFF_WORDS
    return None
