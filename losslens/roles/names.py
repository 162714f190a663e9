"""What the name of a series says: one table for all trainers.

A tag is cut into lower-case words at separators and at camel-case humps (``train/CrossEntropyLoss`` ->
``train cross entropy loss``); every pattern of the table looks at these words joined by single blanks, so that one
line covers ``grad_norm``, ``grad-norm``, ``Grad Norm`` and ``gradNorm``. The first line that matches decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from losslens.model import Role

VAL_WORDS = frozenset({"val", "valid", "validation", "eval", "evaluation", "dev", "heldout", "holdout", "vali"})
TEST_WORDS = frozenset({"test", "testing"})
TRAIN_WORDS = frozenset({"train", "training", "trn", "tr", "fit"})

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+")
#: Spellings that camel-case cutting would break, or that join two words.
_JOINED = {
    "gradnorm": "grad norm",
    "gnorm": "grad norm",
    "learningrate": "learning rate",
    "trainloss": "train loss",
    "valloss": "val loss",
    "validloss": "valid loss",
    "testloss": "test loss",
    "totalloss": "total loss",
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


#: Path parts that say where a library keeps its numbers, not what they are.
_NOISE = re.compile(r"^ray/tune/|^info/learner/|^learners/|(?<=/)learner_stats/|(?:^|(?<=/))default_policy/")
#: Two words that are one thing.
_PHRASES = re.compile(r"\bcross entropy\b")


@lru_cache(maxsize=65536)
def words_of(tag: str) -> tuple[str, ...]:
    """The lower-case words of a tag: cut at everything that is no letter or digit, and at camel-case humps."""
    out: list[str] = []
    for piece in re.split(r"[^A-Za-z0-9]+", _NOISE.sub("", tag)):
        lower = piece.lower()
        if lower in _JOINED:
            out.extend(_JOINED[lower].split())
        elif piece.isupper() or piece.islower() or re.fullmatch(r"[a-z0-9]+|[A-Z][a-z0-9]*|m[A-Z]\w*", piece):
            # One word, or a metric such as mAP50 and mIoU, whose hump is no word boundary.
            out.append(lower)
        else:
            for word in _WORD.findall(piece):
                out.extend(_JOINED.get(word.lower(), word.lower()).split())
    return tuple(_PHRASES.sub(lambda m: m[0].replace(" ", ""), " ".join(out)).split())


def split_of(tag: str) -> str:
    """ "train", "val", "test" or "": the word of the name nearest to its end that says so."""
    words = words_of(tag)
    for i in range(len(words) - 1, -1, -1):
        word = words[i].rstrip("0123456789")
        if word == "dev" and i and words[i - 1] in ("std", "stddev"):
            continue
        if word in VAL_WORDS:
            return "val"
        if word in TEST_WORDS:
            return "test"
        if word in TRAIN_WORDS:
            return "train"
    return ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: names whose words match ``pattern`` have this role."""

    role: Role
    pattern: re.Pattern[str]
    why: str
    beside_loss: bool = False
    """Whether it may win over the word "loss": `loss_scale` is none, but `kl_loss` and `train_loss_epoch` are losses."""


def _rule(role: Role, pattern: str, why: str, *, beside_loss: bool = False) -> Rule:
    return Rule(role, re.compile(rf"(?:^|(?<= ))(?:{pattern})(?=$| )"), why, beside_loss)


LOSS = r"loss(?:es)?\d*"
_NORM = r"(?:\d+ )*(?:l2 |l1 |inf )?norms?(?:2|sq)?"
_GRADIENT = r"grads?|gradients?"

#: Read from above; the first match decides. Losses come late: `loss_scale`, `loss_weight` and `loss/grad_norm` are none.
TABLE: tuple[Rule, ...] = (
    # ---- optimiser columns that look like a learning rate (LearningRateMonitor writes them side by side)
    _rule(
        Role.OTHER,
        r"(?:lr|learning rate).* (?:momentum|weight decay|wd|beta\d?)",
        "an optimiser setting logged beside the rate",
    ),
    _rule(Role.OTHER, r"(?:momentum|weight decay|wd|beta\d|betas?|eps|epsilon)", "an optimiser setting"),
    # ---- loss scale
    _rule(
        Role.LOSS_SCALE,
        r"loss scal(?:e|er|ing)(?: factor)?|(?:grad|amp|fp16|dynamic|mixed precision) scal(?:e|er|ing)|scaler(?: scale)?",
        "named as the loss scale of mixed precision",
        beside_loss=True,
    ),
    # ---- counters of skipped steps
    _rule(
        Role.SKIPPED_STEPS,
        r"(?:step|steps|iterations|batches|updates|samples) skipped|skipped(?: train)? (?:step|steps|iterations|iters|batches|updates|samples)"
        r"|(?:num|number of|n)? ?(?:overflows?(?: count)?|nan iterations|nan steps)|found inf|inf count|nan count|num nans?",
        "counts steps that the optimiser skipped",
    ),
    # ---- gradients
    _rule(
        Role.GRAD_NORM_CLIPPED,
        rf"(?:clip|clipped|post clip|after clip(?:ping)?) (?:\w+ )*?(?:{_GRADIENT})(?: \w+)*? {_NORM}"
        rf"|(?:{_GRADIENT})(?: \w+)*? {_NORM} (?:\w+ )*?(?:clipped|after(?: clip(?:ping)?)?|post(?: clip(?:ping)?)?)"
        rf"|(?:clipped|after|post) (?:{_GRADIENT})(?: clip)? {_NORM}",
        "a gradient norm after clipping",
        beside_loss=True,
    ),
    _rule(
        Role.OTHER,
        rf"(?:max|clip) (?:{_GRADIENT}) norm|(?:{_GRADIENT})(?: norm)? clip(?:ping)?(?: value| threshold| norm)?|clip(?:ping)? (?:rate|fraction|range|frac|coef|threshold|value)|clipfrac",
        "a clipping threshold or count, not a norm",
    ),
    _rule(
        Role.GRAD_NORM,
        rf"(?:{_GRADIENT})(?: global| total| l2| overall| all| model| full)* {_NORM}|(?:l2 )?norms? (?:of )?(?:{_GRADIENT})"
        rf"|(?:{_GRADIENT}) (?:\w+ )+norms?|global (?:{_GRADIENT})?norm|global norm|norms? (?:{_GRADIENT})"
        rf"|(?:{_GRADIENT}) (?:magnitude|l2|size|rms)|(?:total|global|mean|avg|rms) (?:{_GRADIENT})",
        "named as a gradient norm",
        beside_loss=True,
    ),
    _rule(
        Role.GRAD_NORM,
        rf"(?:{_GRADIENT}) (?:abs )?max|max (?:abs )?(?:{_GRADIENT})|(?:{_GRADIENT}) absmax",
        "the largest gradient entry: a size of the gradient",
    ),
    _rule(Role.LAYER_GRAD_NORM, rf"(?:^{_GRADIENT})(?: \w+)+", "a gradient of one part of the model"),
    # ---- weights and updates
    _rule(
        Role.UPDATE_RATIO,
        r"updates? (?:to )?(?:weight|param|data|ratio)s?(?: ratio)?|(?:weight|param)s? update ratio|ud ratio|update (?:\w+ )*ratio|ratio update",
        "named as the size of an update relative to the weights",
    ),
    _rule(
        Role.WEIGHT_NORM,
        r"(?:params?|parameters?|weights?|model|theta) (?:(?:total|global|l2|all|\d+) )*norms?|norms? (?:of )?(?:params?|parameters?|weights?)|l2 norm (?:param|weight).*"
        r"|weight rms|param rms|weights? (?:magnitude|l2)",
        "named as the size of the weights",
    ),
    # ---- logits
    _rule(
        Role.LOGIT_SCALE,
        r"(?:max )?(?:attn|attention|qk|output)? ?logits? ?(?:max|scale|norm|mean|std|absmax|rms)|max (?:attn |attention |qk |output )?logits?"
        r"|(?:attn|attention|qk) logits?(?: max)?|log z|logz|(?<!router )z loss|qk max",
        "named as the size of logits",
    ),
    # ---- learning rate
    _rule(
        Role.LEARNING_RATE,
        r"(?:cur|current|base|max|peak)? ?(?:lr\d*|lrs|lrate|learning rate\d*|step size)",
        "named as a learning rate",
    ),
    # ---- throughput and time
    _rule(
        Role.THROUGHPUT,
        r"(?:tokens?|samples?|steps?|images?|imgs?|it|its|iters?|iterations?|examples?|batches|frames?|updates|timesteps|batch steps|global step|env steps) (?:per|p)? ?(?:s|sec|secs|second|seconds|gpu|day|hour)(?: per gpu| gpu)?"
        r"|wps|ups|fps|mfu|hfu|tflops|flops|throughput|tps|tgs|tokens per second.*|qps",
        "named as a speed",
    ),
    _rule(
        Role.STEP_TIME,
        r"(?:step|iter|iteration|batch|data|data loading|dataload|forward|backward|optimizer|train step|load|compute)(?:ing)? (?:time|dt|ms|duration|seconds)(?: s| ms| sec)?"
        r"|(?:time|ms|seconds|sec|s) per (?:step|iter|iteration|batch)|dt|time (?:step|iter|batch|data)|step ms|rank data time|iter ms",
        "named as the time of a step",
    ),
    # ---- samples, epoch, batch size
    _rule(Role.BATCH_SIZE, r"(?:global |micro |effective |train )?(?:batch size|bsz)", "named as the batch size"),
    _rule(
        Role.SAMPLES,
        r"(?:consumed|seen|num|total|n|cumulative|processed) (?:\w+ )?(?:samples|tokens|examples|images|frames|timesteps)(?: seen)?"
        r"|(?:samples|tokens|examples|images)(?: (?:seen|consumed|processed|total))?$|total timesteps|timesteps total|num timesteps|timesteps",
        "counts what was trained on",
    ),
    _rule(
        Role.EPOCH, r"(?:train |trainer |cur |current )?epochs?(?: num| number| idx| float| frac)?$", "counts epochs"
    ),
    _rule(
        Role.OTHER,
        r"(?:global |train |training |current |total )?(?:steps?|iterations?|iters?|num updates|n updates|update)$",
        "a step counter",
    ),
    _rule(
        Role.OTHER,
        r"(?:\w+ )*(?:time|times|runtime|elapsed|duration|eta|hours|wall|timestamp|train wall|seconds)(?: \w+)?",
        "a time",
    ),
    # ---- what has "loss" in its name and is none
    _rule(
        Role.OTHER,
        rf"(?:{LOSS}) (?:\w+ )*?(?:weight|weights|coef|coeff|coefficient|lambda|factor|alpha|count|num|lr|time|ratio|std|stddev|var|variance|threshold|steps?remaining|delta|diff|change|slope|improvement|percent|pct|rank|window|patience|ema decay|decay|weighting|schedule|temperature|margin)"
        rf"|(?:delta|num|count|lambda) (?:\w+ )*?(?:{LOSS})",
        "belongs to a loss but is not its value",
        beside_loss=True,
    ),
    # ---- reward, entropy, kl
    _rule(
        Role.KL,
        r"(?:\w+ )*?(?:approx |mean |reverse |forward )?(?:kl|kld|kl div|kl divergence)(?: div| divergence| mean| avg)?(?! \w*(?:loss|coef|beta|weight|penalty|target|ratio))$",
        "named as a divergence",
    ),
    _rule(
        Role.REWARD,
        r"(?:ep|episode|mean|avg|average|eval|total|cumulative)? ?(?:rew|reward|rewards|return|returns|score mean)(?: (?:mean|avg|average|chosen|rejected|margins?|accuracies|max|min|std|total|\w+))*"
        r"|ep rew mean|rlhf reward|cumulative reward|success rate",
        "named as a reward",
    ),
    _rule(Role.ENTROPY, r"(?:\w+ )*?(?:policy )?entropy(?: mean| avg)?$", "named as an entropy"),
    _rule(Role.OTHER, r"(?:ent|kl|entropy|vf|value) (?:coef|coeff|beta|weight)$", "a coefficient"),
)

IS_LOSS = re.compile(rf"(?:^|(?<= ))(?:{LOSS})(?=$| )")
OBJECTIVES = re.compile(
    r"(?:^|(?<= ))(?:objective|nll|neg log likelihood|negative log likelihood|neglogp|bpd|bits per dim|bpb|bits per byte|bpc|elbo|neg elbo"
    r"|negative elbo|crossentropy|xent|ce|bce|cost|energy|mse|mean squared error|mae|mean absolute error|rmse|huber|hinge|ctc|residual|perplexity|ppl|error)"
    r"(?: (?:train|training|val|valid|validation|eval|test|mean|avg|total|batch|epoch|step|iter))*$"
)
ACCURACY = re.compile(
    r"(?:^|(?<= ))(?:acc\d*|accuracy\d*|accuracies|top\d+|top \d+|prec\d+|precision|recall|auc|auroc|roc auc|map|map\d+|m?ap\d+|miou|iou|dice|f1|f1 score|bleu|rouge\w*|ssim|psnr"
    r"|hit rate|correct|em|exact match|r2|kappa|mcc|hitrate|ap)(?=$| )"
)
#: Words that say how a loss is averaged or counted, not which part of the objective it is.
GENERIC = (
    VAL_WORDS
    | TEST_WORDS
    | TRAIN_WORDS
    | frozenset(
        "loss losses total overall all full combined sum objective epoch epochs step steps batch iter iteration samples reduced mean "
        "avg average global model running ema smooth smoothed moving vs iterations by per scalar scalars metric metrics log logs "
        "normalized sample 0 1 current cur raw inner default learner stats info policy_loss_ of the main final".split()
    )
)
#: Averages over time: a second-hand view of a loss that is logged raw as well.
SMOOTHED = frozenset(
    {"avg", "average", "running", "ema", "smooth", "smoothed", "moving", "ma", "median", "filtered", "window"}
)
BEST = frozenset({"best", "min", "max", "lowest", "minimum", "maximum"})
#: The objective itself under its own name: alone beside no total it is what the run trains on.
MAIN_WORDS = frozenset(
    "ce crossentropy xent nll lm mlm clm ctc mse bce diffusion denoising main task elbo lm_loss causal language "
    "modeling contrastive seg cls classification criterion data rec recon reconstruction dpo sft simple noise pred prediction ddpm".split()
)
#: Terms added to an objective to shape it.
AUX_WORDS = frozenset(
    "aux auxiliary reg regularization regularisation regularizer l1 l2 z moe router balance balancing load commitment commit "
    "codebook penalty kl kld wd decay gp consistency perceptual lpips tv smoothness sparsity entropy ent orthogonal".split()
)
#: Parts of a detector or another model with several heads.
TERM_WORDS = frozenset(
    "box bbox dfl obj mask rpn loc localization giou ciou iou heatmap offset size center kpt keypoint pose depth normal edge dice "
    "focal angle semantic instance adv adversarial fm feat feature mel style content cycle identity idt pixel vq".split()
)
#: Several players, each with an objective of its own.
PLAYERS: dict[str, str] = {
    **dict.fromkeys(
        ("d", "disc", "discriminator", "dis", "netd", "errd", "lossd", "dloss", "da", "db"), "discriminator"
    ),
    **dict.fromkeys(("g", "gen", "generator", "netg", "errg", "lossg", "gloss"), "generator"),
    **dict.fromkeys(("critic", "value", "vf", "v", "q", "qf", "qf1", "qf2", "q1", "q2", "td"), "critic"),
    **dict.fromkeys(("actor", "policy", "pg", "pi"), "actor"),
    **dict.fromkeys(("alpha", "temperature", "ent"), "temperature"),
}
GAN_PLAYERS = frozenset({"discriminator", "generator"})
RL_PLAYERS = frozenset({"critic", "actor"})
