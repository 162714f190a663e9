"""The words of a tag, and what they mean in the names of losses.

A tag is cut into lower-case words at separators and at camel-case humps, so that one entry covers ``grad_norm``,
``grad-norm``, ``Grad Norm`` and ``gradNorm``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from losslens.languages import in_english
from losslens.patterns import compiled


def words(*lines: str) -> frozenset[str]:
    """The blank-separated words of all lines."""
    return frozenset(word for line in lines for word in line.split())


VAL_WORDS = frozenset(
    {
        *("val", "valid", "validation", "validate", "validator", "vali"),
        *("eval", "evaluation", "evaluator", "dev", "heldout", "holdout"),
    }
)
TEST_WORDS = frozenset({"test", "testing", "tst"})
TRAIN_WORDS = frozenset({"train", "training", "trainer", "trn", "tr"})

_WORD = compiled(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+")
#: Spellings that camel-case cutting would break, or that join two words.
_JOINED = {
    "gradnorm": "grad norm",
    "gnorm": "grad norm",
    "grdn": "grad norm",
    "wnorm": "weight norm",
    "pnorm": "param norm",
    "learningrate": "learning rate",
    "trainloss": "train loss",
    "valloss": "val loss",
    "validloss": "valid loss",
    "testloss": "test loss",
    "totalloss": "total loss",
    "lossvalue": "loss value",
    "lossscale": "loss scale",
    "lossscaler": "loss scaler",
    "gradscaler": "grad scaler",
    "batchsize": "batch size",
    "celoss": "ce loss",
    "errd": "d loss",
    "errg": "g loss",
    "lossd": "d loss",
    "lossg": "g loss",
    "dloss": "d loss",
    "gloss": "g loss",
    "trainacc": "train acc",
    "valacc": "val acc",
    "trl": "train loss",
    "tel": "test loss",
}


#: Parts that say where a library keeps its numbers or against what it draws them, not what they are.
_NOISE = compiled(
    r"^ray/tune/|^info/learner/(?:[^/]+/(?=learner_stats/))?|^learners/|(?<=/)learner_stats/|(?:^|(?<=/))default_policy/"
    r"|_vs_(?:iterations?|steps?|epochs?)$"
)
#: `ploss` and `mseloss` are two words.
_LOSS_AT_END = compiled(r"^([a-z]{1,12})loss(?:es)?$")
#: `l_pix`, `l_g_gan`, `train_L_rec`: a loss under its initial, as restoration codes write it.
_INITIAL = compiled(r"(?:^|(?<=/)|(?<=train_)|(?<=val_)|(?<=valid_)|(?<=test_))[lL](?=_[a-z])")
#: Two words that are one thing.
_PHRASES = compiled(r"\b(?:cross entropy|(?:held|hold) out)\b")
#: `Err_G`: the loss of a player under the name of an error.
_ERR_OF_PLAYER = compiled(r"\berr ([dg])\b")


#: "-logL", "-log lik/n": a likelihood with a minus sign before it.
_NEGATIVE = compiled(r"^-\s?(?:log|ln)[ _-]?(?:L|lik|likelihood)(?:/\w+)?$", re.IGNORECASE)
_NEGATIVE_BOUND = compiled(r"^-\s?(?:elbo|evidence)(?:/\w+)?$", re.IGNORECASE)
#: The energy of a physical system, shared out over its parts.
_ENERGY = compiled(r"(?<![A-Za-z])E/(?:[Nn]|site|atom|spin)(?![A-Za-z])")
#: Letters that stand for a quantity, as papers name it.
_GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "η": "eta",
    "λ": "lambda",
    "μ": "mu",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "θ": "theta",
    "φ": "phi",
    "ω": "omega",
}


@lru_cache(maxsize=65536)
def words_of(tag: str) -> tuple[str, ...]:
    """The lower-case words of a tag: cut at everything that is no letter or digit, and at camel-case humps."""
    out: list[str] = []
    tag = in_english(tag)
    if not tag.isascii():
        for letter, called in _GREEK.items():
            tag = tag.replace(letter, f" {called} ")
    if tag.startswith("-"):
        tag = _NEGATIVE_BOUND.sub("negative elbo", _NEGATIVE.sub("negative log likelihood", tag))
    tag = _ENERGY.sub("energy", tag)
    for piece in re.split(r"[^A-Za-z0-9]+", _INITIAL.sub("loss", _NOISE.sub("", tag))):
        lower = piece.lower()
        if lower in _JOINED:
            out.extend(_JOINED[lower].split())
        elif piece.isupper() or piece.islower() or re.fullmatch(r"[a-z0-9]+|[A-Z][a-z0-9]*|m[A-Z]\w*", piece):
            # One word, or a metric such as mAP50 and mIoU, whose hump is no word boundary.
            out.append(lower)
        else:
            for word in _WORD.findall(piece):
                out.extend(_JOINED.get(word.lower(), word.lower()).split())
    out = [part for word in out for part in _LOSS_AT_END.sub(r"\1 loss", word).split()]
    text = _ERR_OF_PLAYER.sub(r"\1 loss", " ".join(out))
    return tuple(_PHRASES.sub(lambda m: m[0].replace(" ", ""), text).split())


def split_of(tag: str) -> str:
    """ "train", "val", "test" or "": the word of the name nearest to its end that says so."""
    parts = words_of(tag)
    for i in range(len(parts) - 1, -1, -1):
        word = parts[i].rstrip("0123456789")
        if word == "dev" and i and parts[i - 1] in ("std", "stddev"):
            continue
        if word in VAL_WORDS:
            return "val"
        if word in TEST_WORDS:
            return "test"
        if word in TRAIN_WORDS:
            return "train"
    return ""


#: Words that say how a loss is averaged or counted, not which part of the objective it is.
GENERIC = (
    VAL_WORDS
    | TEST_WORDS
    | TRAIN_WORDS
    | words("loss losses total overall all full combined sum objective epoch epochs step steps batch iter iteration")
    | words(
        "samples sample reduced mean avg avr average global model running ema smooth smoothed moving vs iterations",
        "by per",
    )
    | words("scalar scalars metric metrics log logs normalized 0 1 current cur raw inner default learner stats info")
    | words("of the main final printed output out err stdout log json csv jsonl tensorboard tb")
)
#: Averages over time: a second-hand view of a loss that is logged raw as well.
SMOOTHED = words("avg avr average running ema smooth smoothed moving ma median filtered window")
BEST = words("best min max lowest minimum maximum")
#: The objective itself under its own name: alone beside no total it is what the run trains on.
MAIN_WORDS = words(
    "ce crossentropy xent nll lm mlm clm ctc mse bce diffusion denoising main task elbo causal language modeling",
    "contrastive seg cls classification criterion data rec recon reconstruction dpo sft simple noise pred",
    "prediction ddpm distill distillation",
)
#: The model itself: its loss is the whole of those of its parts.
WHOLE_MODELS = words("vae autoencoder model net network")
#: Terms added to an objective to shape it.
AUX_WORDS = words(
    "aux auxiliary reg regularization regularisation regularizer l1 l2 z moe router balance balancing load",
    "commitment commit codebook penalty kl kld wd decay gp consistency perceptual lpips tv smoothness sparsity",
    "entropy ent orthogonal",
)
#: Parts of a detector or another model with several heads.
TERM_WORDS = words(
    "box bbox dfl obj mask rpn loc localization giou ciou iou heatmap offset size center kpt keypoint pose depth",
    "normal edge dice focal angle semantic instance adv adversarial fm feat feature mel style content cycle",
    "identity idt pixel vq",
)
#: Several players, each with an objective of its own.
PLAYERS: dict[str, str] = {
    **dict.fromkeys(("d", "disc", "discriminator", "dis", "netd", "da", "db"), "discriminator"),
    **dict.fromkeys(("g", "gen", "generator", "netg"), "generator"),
    **dict.fromkeys(("critic", "value", "vf", "v", "q", "qf", "qf1", "qf2", "q1", "q2", "td"), "critic"),
    **dict.fromkeys(("actor", "policy", "pol", "pg", "pi"), "actor"),
    **dict.fromkeys(("alpha", "temperature", "ent"), "temperature"),
}
GAN_PLAYERS = frozenset({"discriminator", "generator"})
RL_PLAYERS = frozenset({"critic", "actor"})
