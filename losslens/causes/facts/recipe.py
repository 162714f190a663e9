"""The settings of a run under one name each, whatever the trainer calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from losslens.causes.facts.signals import Recipe
from losslens.model import Setting, SettingValue

NAMES: Mapping[str, tuple[str, ...]] = {
    "optimizer": (
        "optimizer",
        "optim",
        "opt",
        "optimizername",
        "optimizertype",
        "optimizerclass",
        "optimizerclassname",
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
    ),
    "accumulation": (
        "accumulation",
        "gradientaccumulationsteps",
        "accumulategradbatches",
        "gradaccum",
        "accumsteps",
        "accum",
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
    "scheduler": ("scheduler", "lrscheduler", "lrschedulertype", "schedule", "lrschedule", "schedulername"),
    "restarts_every": ("t0", "t0epochs", "restartperiod", "cyclelength", "cycleepochs", "firstcycleepochs"),
    "cycle_factor": ("tmult", "cyclemult", "mmul", "tmul"),
    "gamma": ("gamma", "lrgamma", "schedulergamma", "lrdecayrate"),
    "max_length": ("maxlength", "maxseqlength", "maxlen", "seqlen", "cutofflen", "blocksize", "sequencelength"),
}

PRECISION_NAMES = (
    "precision",
    "dtype",
    "mixedprecision",
    "amp",
    "fp16",
    "bf16",
    "half",
    "torchdtype",
    "autocast",
    "usefp16",
)

OFF_WORDS = ("", "none", "null", "false", "no", "off", "0", "0.0")


def squeeze(name: str) -> str:
    """A setting's name without its path and punctuation: ``optimizer.params.Weight-Decay`` -> ``weightdecay``."""
    last = re.split(r"[/:\s]+|\.(?![0-9])", name.strip())[-1]
    return re.sub(r"[^a-z0-9]", "", last.lower())


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
    optimizer = _word(find("optimizer"))
    beta2 = number(find("beta2"))
    betas = short.get("betas")
    beta1 = number(find("beta1"))
    if isinstance(betas, str):
        parts = re.findall(r"[0-9]*\.?[0-9]+", betas)
        if len(parts) > 1:
            beta1 = float(parts[0]) if beta1 is None else beta1
            beta2 = float(parts[1]) if beta2 is None else beta2
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
    for name in PRECISION_NAMES:
        value = short.get(name)
        if value is None:
            continue
        word = str(value).lower()
        if name in ("fp16", "half", "usefp16") and word in ("true", "1"):
            return "fp16"
        if name == "bf16" and word in ("true", "1"):
            return "bf16"
        if name == "amp" and word in ("true", "1"):
            return "fp16"
        if "bf16" in word or "bfloat16" in word:
            return "bf16"
        if "fp8" in word:
            return "fp8"
        if "16" in word or "half" in word or word == "o1" or word == "o2":
            return "fp16"
        if "32" in word or word in ("full", "no", "float"):
            return "fp32"
    said = [str(short[n]).lower() for n in ("fp16", "amp", "half", "usefp16") if n in short]
    return "fp32" if said and all(w in OFF_WORDS for w in said) and "bf16" not in short else None


def _architecture(word: str | None, short: Mapping[str, SettingValue]) -> str | None:
    text = " ".join([word or ""] + [n for n in short if n in ("rnntype", "nhead", "numheads", "nlayerstransformer")])
    for kind, words in (
        ("recurrent", ("lstm", "gru", "rnn", "seq2seq")),
        (
            "transformer",
            ("transformer", "gpt", "bert", "llama", "vit", "t5", "attention", "nhead", "numheads", "qwen", "mistral"),
        ),
        ("convolutional", ("cnn", "conv", "resnet", "unet", "vgg", "yolo", "deeplab", "efficientnet")),
        ("linear or mlp", ("mlp", "dense", "linear")),
    ):
        if any(w in text for w in words):
            return kind
    return word


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
