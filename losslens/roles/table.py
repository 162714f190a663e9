"""The table of names: which words make a series what it is, for all trainers.

Every pattern looks at the lower-case words of a tag joined by single blanks (``names.words_of``), and must begin and
end between words. The first line that matches decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from losslens.model import Role
from losslens.patterns import compiled


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: names whose words match ``pattern`` have this role."""

    role: Role
    pattern: re.Pattern[str]
    why: str
    beside_loss: bool = False
    """Whether it may win over the word "loss": `loss_scale` is none, `kl_loss` and `train_loss_epoch` are losses."""
    counts: bool = False
    """Whether its values must go up for it to win over the rules behind it: `val_acc_step` is an accuracy."""


def _any(*alternatives: str) -> re.Pattern[str]:
    return compiled(rf"(?:^|(?<= ))(?:{'|'.join(alternatives)})(?=$| )")


LOSS = r"loss(?:es)?\d*"
_NORM = r"(?:\d+ )*(?:l2 |l1 |inf )?norms?(?:2|sq)?"
_GRADIENT = r"(?:grads?|gradients?)"
_CLIPPED = r"(?:clipped|after(?: clip(?:ping)?)?|post(?: clip(?:ping)?)?)"
_WEIGHT = r"(?:params?|parameters?|weights?|model|theta)"
_UNITS = (
    r"(?:tok(?:en)?s?|samples?|steps?|images?|imgs?|words?|seqs?|sequences?|it|its|iters?|iterations?|examples?"
    r"|batches|frames?|updates|timesteps|batch steps|global step|env steps)"
)
_SECONDS = r"(?:s|sec|secs|second|seconds|gpu|day|hour)"
_PART_OF_A_STEP = (
    r"(?:step|iter|iteration|batch|data|data loading|dataload|forward|backward|optimizer|train step|load|compute)"
)
_COUNTED = r"(?:samples|tokens|examples|images|frames|timesteps)"
_NOT_THE_VALUE = (
    r"(?:weights?|coef|coeff|coefficient|lambda|factor|alpha|count|num|lr|time|ratio|std|stdv|stdev|stddev|stderr"
    r"|std err|var|variance|threshold|delta|diff|change|slope|improvement|percent|pct|rank|window|patience|decay"
    r"|weighting|schedule|temperature|margin|every|interval|freq|frequency|gamma)"
)
_OF_REWARDS = r"(?:mean|avg|average|chosen|rejected|margins?|accuracies|max|min|std|total|\w+)"

TABLE: tuple[Rule, ...] = (
    # LearningRateMonitor writes an optimiser's other settings beside its rate, under nearly the same name.
    Rule(
        Role.OTHER,
        _any(r"(?:lr|learning rate).* (?:momentum|weight decay|wd|beta\d?)"),
        "an optimiser setting logged beside the rate",
    ),
    Rule(
        Role.OTHER,
        _any(
            r"(?:\w+ )*(?:first|second|1st|2nd) moments?(?: \w+)*",
            r"(?:\w+ )*exp avg(?: sq)?(?: \w+)*",
            r"(?:adamw?|optim(?:i[sz]er)?) (?:\w+ )*(?:m|v|moments?|variance)(?: (?:rms|norm|mean|max|l2))*",
        ),
        "what the optimiser keeps of past gradients",
    ),
    Rule(
        Role.OTHER,
        _any("momentum", "weight decay", "wd", r"betas?\d?(?! divergence)", "eps", "epsilon"),
        "an optimiser setting",
    ),
    Rule(Role.OTHER, compiled(r"^hparams? "), "a result beside the hyper-parameters, not a course", beside_loss=True),
    Rule(
        Role.OTHER,
        _any("second statement"),
        "printed by a second statement at the same steps, with other numbers; no line says of what",
        beside_loss=True,
    ),
    Rule(
        Role.OTHER,
        compiled(r"^loss (?:tok2vec|trans)$"),
        "spaCy's: the size of the gradients that its other components handed down, no objective",
        beside_loss=True,
    ),
    Rule(
        Role.OTHER,
        _any(r"(?:packets?|pkts?|datagrams?) loss(?:es)?(?: (?:rate|ratio|percent|percentage))?", "stop loss"),
        "lost or given up, and no loss of a training",
        beside_loss=True,
    ),
    Rule(
        Role.LOSS_SCALE,
        _any(
            r"loss scal(?:e|er|ing)(?: factor)?",
            r"(?:grad|amp|fp16|dynamic|mixed precision) scal(?:e|er|ing)",
            r"scaler(?: scale)?",
        ),
        "named as the loss scale of mixed precision",
        beside_loss=True,
    ),
    Rule(
        Role.LOSS_SCALE,
        compiled(r"^(?:train )?scale$"),
        "named a scale, and its values are powers of two as those of a loss scale",
    ),
    Rule(
        Role.SKIPPED_STEPS,
        _any(
            r"(?:steps?|iterations|batches|updates|samples) skipped",
            r"skipped(?: train)? (?:steps?|iterations|iters|batches|updates|samples)",
            r"(?:num |number of |n )?(?:overflows?(?: count)?|nan iterations|nan steps)",
            "found inf",
            "inf count",
            "nan count",
            "num nans?",
        ),
        "counts steps that the optimiser skipped",
    ),
    Rule(
        Role.GRAD_NORM_CLIPPED,
        _any(
            rf"(?:clip|clipped|post clip|after clip(?:ping)?) (?:\w+ )*?{_GRADIENT}(?: \w+)*? {_NORM}",
            rf"{_GRADIENT}(?: \w+)*? {_NORM} (?:\w+ )*?{_CLIPPED}",
            rf"(?:clipped|after|post) {_GRADIENT}(?: clip)? {_NORM}",
        ),
        "a gradient norm after clipping",
        beside_loss=True,
    ),
    Rule(
        Role.OTHER,
        _any(
            rf"(?:max|clip) {_GRADIENT} norm",
            rf"{_GRADIENT}(?: norm)? clip(?:ping)?(?: value| threshold| norm)?",
            r"clip(?:ping)? (?:rate|fraction|range|frac|coef|threshold|value)",
            "clipfrac",
        ),
        "a clipping threshold or count, not a norm",
    ),
    Rule(
        Role.GRAD_NORM,
        _any(
            rf"{_GRADIENT}(?: global| total| l2| overall| all| model| full)* {_NORM}",
            rf"{_GRADIENT} (?:\w+ )+norms?",
            rf"(?:l2 )?norms? (?:of )?{_GRADIENT}",
            rf"global (?:{_GRADIENT} )?norm",
            rf"{_GRADIENT} (?:magnitude|l2|size|rms)",
            rf"(?:total|global|mean|avg|rms) {_GRADIENT}",
        ),
        "named as a gradient norm",
        beside_loss=True,
    ),
    Rule(
        Role.GRAD_NORM,
        _any(rf"{_GRADIENT} (?:abs )?max", rf"max (?:abs )?{_GRADIENT}", rf"{_GRADIENT} absmax"),
        "the largest gradient entry: a size of the gradient",
    ),
    Rule(
        Role.GRAD_NORM,
        compiled(r"^(?:train )?(?:total )?norm$"),
        "a norm without a name: trainers mean the gradient's",
    ),
    Rule(Role.GRAD_NORM, compiled(r"^(?:train )?(?:gn|grad)$"), "short for the size of the gradient"),
    Rule(
        Role.LAYER_GRAD_NORM,
        compiled(rf"^(?:train(?:ing)? )?{_GRADIENT}(?!.* (?:accum\w*|steps?|time|sync)(?= |$))(?: \w+)+"),
        "a gradient of one part of the model",
    ),
    Rule(Role.OTHER, compiled(r"^timing (?!s step$)"), "the time that a part of a step took"),
    Rule(
        Role.UPDATE_RATIO,
        _any(
            r"updates? (?:to )?(?:weight|param|data|ratio)s?(?: ratio)?",
            r"(?:weight|param)s? update ratio",
            "ud ratio",
            r"update (?:\w+ )*ratio",
            "ratio update",
        ),
        "named as the size of an update relative to the weights",
    ),
    Rule(
        Role.WEIGHT_NORM,
        _any(
            rf"{_WEIGHT} (?:(?:total|global|l2|all|\d+) )*norms?",
            r"norms? (?:of )?(?:params?|parameters?|weights?)",
            r"l2 norm (?:param|weight).*",
            "weight rms",
            "param rms",
            r"weights? (?:magnitude|l2)",
        ),
        "named as the size of the weights",
    ),
    Rule(
        Role.LOGIT_SCALE,
        _any(
            r"(?:max )?(?:(?:attn|attention|qk|output) )?logits? (?:max|scale|norm|mean|std|absmax|rms)",
            r"(?:max|mean|avg|rms|norm)(?: (?:abs|max))?(?: of)? (?:(?:attn|attention|qk|output) )?logits?",
            r"(?:attn|attention|qk) logits?(?: max)?",
            "log z",
            "logz",
            "qk max",
        ),
        "named as the size of logits",
    ),
    Rule(
        Role.LOGIT_SCALE,
        compiled(r"^(?:train )?(?:attn|logits?)$"),
        "named as logits alone: what a training log has of them is a size",
    ),
    Rule(
        Role.OTHER,
        compiled(
            r"(?:^|(?<= ))(?:lr|learning rate) (?:\w+ )*?"
            r"(?:factor|mult|multiplier|decay(?: rate)?|gamma|power|patience|steps?)$"
        ),
        "what the learning rate is multiplied by or when, not the rate",
    ),
    Rule(
        Role.LEARNING_RATE,
        _any(r"(?:(?:cur|current|base|max|peak) )?(?:lr\d*|l r|lrs|lrate|learn(?:ing)? rate\d*|step size)"),
        "named as a learning rate",
    ),
    Rule(
        Role.LEARNING_RATE,
        compiled(r"(?:^|(?<= ))pg\d+$"),
        "the rate of a group of parameters, as Lightning's monitor calls it behind the name of the schedule",
    ),
    Rule(
        Role.STEP_TIME,
        _any(
            rf"{_PART_OF_A_STEP}(?:ing)? (?:time|timing|dt|ms|duration|seconds)(?: s| ms| sec)?",
            r"(?:time|ms|us|seconds?|secs?|s|minutes?|mins?|hours?) (?:per )?(?:step|it|iter|iteration|batch)",
            r"time (?:this )?(?:step|iter|batch|data)(?: s)?",
            "rank data time",
            "dt",
        ),
        "named as the time of a step",
    ),
    Rule(
        Role.THROUGHPUT,
        _any(
            rf"{_UNITS} (?:per |p )?{_SECONDS}(?: per gpu| gpu)?",
            r"tokens per second.*",
            "wps|ups|ips|fps|qps|tps|tgs|mfu|hfu|tflops|flops|throughput|speed",
        ),
        "named as a speed",
    ),
    Rule(
        Role.BATCH_SIZE,
        _any(
            r"(?:(?:global|micro|effective|total|train|mini) ?)?(?:batch ?size|bsz|bs)",
            "(?:global|effective|total) batch",
        ),
        "named as the batch size",
    ),
    Rule(
        Role.SAMPLES,
        _any(
            rf"(?:consumed|seen|num|total|n|cumulative|processed) (?:\w+ )?{_COUNTED}(?: seen)?",
            r"(?:samples|tokens|examples|images)(?: (?:seen|consumed|processed|total))?$",
            "timesteps(?: total)?",
        ),
        "counts what was trained on",
    ),
    Rule(
        Role.EPOCH,
        # The whole name: "accuracy (per epoch)" and "perplexity_epoch" are no counts.
        compiled(
            r"^(?:(?:train|trainer|training|val|valid|test|eval|cur|current|total|progress|global|time|misc|log|logs"
            r"|metrics?|counters?|info|printed|num|n|charts?) )*"
            r"epochs?(?: num| number| idx| float| frac| printed)?$"
        ),
        "counts epochs",
    ),
    Rule(
        Role.OTHER,
        _any(
            r"(?:(?:global|train|training|current|total) )?(?:steps?|iterations?|iters?|num updates|n updates|update)$"
        ),
        "a step counter",
        counts=True,
    ),
    Rule(
        Role.OTHER,
        _any(
            r"(?:\w+ )*(?:times?|runtime|elapsed|duration|eta|hours|wall|timestamp|seconds)(?: \w+)?",
            r"(?:ms|s|secs?|mins?|minutes?) (?:per )?epoch",
            # Paddle counts what reading the data and a batch take as their cost
            r"(?:(?:avg|average|mean|total) )?(?:time|data|reader|reading|read|load(?:ing|er)?|fetch|io) cost",
        ),
        "a time",
    ),
    Rule(
        Role.OTHER,
        _any(rf"{LOSS} (?:\w+ )*?{_NOT_THE_VALUE}", rf"(?:delta|num|count|lambda) (?:\w+ )*?(?:{LOSS}|elbo)"),
        "belongs to a loss but is not its value",
        beside_loss=True,
    ),
    Rule(Role.OTHER, _any(r"(?:ent|kl|entropy|vf|value) (?:coef|coeff|beta|weight)$"), "a coefficient"),
    Rule(
        Role.KL,
        _any(
            r"(?:\w+ )*?(?:approx |mean |reverse |forward )?(?:kl|kld|kl div|kl divergence)(?: mean| avg)?$",
        ),
        "named as a divergence",
    ),
    Rule(
        Role.REWARD,
        _any(
            rf"(?:(?:ep|episode|mean|avg|average|eval|total|cumulative) )?(?:rew|rewards?|returns?)(?: {_OF_REWARDS})*",
            "success rate",
        ),
        "named as a reward",
    ),
    Rule(Role.REWARD, compiled(r"^(?:(?:train|eval|ep|avg|mean) )*ret(?: (?:mean|avg))?$"), "short for a return"),
    Rule(
        Role.OTHER,
        compiled(r"^(?:train )?(?:chosen|rejected|margins?)$"),
        "what a training on preferences gives to the answers: no objective",
    ),
    Rule(Role.ENTROPY, compiled(r"^(?:(?:train|policy|pi) )*ent(?: (?:mean|avg))?$"), "short for an entropy"),
    Rule(
        Role.OTHER,
        _any(r"(?:\w+ )*?(?:top ?\d+|acc\w*|classification|word|character|token) err(?:ors?)?(?: rate)?(?: \w+)?$"),
        "a share of errors: the lower the better, no accuracy",
    ),
    Rule(Role.ENTROPY, _any(r"(?:\w+ )*?(?:policy )?entropy(?: mean| avg)?$"), "named as an entropy"),
)

IS_LOSS = _any(LOSS)

_AND_HOW = (
    r"(?: (?:train|training|trn|tr|val|valid|validation|vali|eval|dev|test|tst|mean|avg|total|batch|epoch|step|iter"
    r"|scaled|unscaled|normali[sz]ed|raw))*$"
)
#: What people minimise without calling it a loss.
OBJECTIVES = _any(
    *(
        f"(?:{what}){_AND_HOW}"
        for what in (
            "objective",
            "nll|nloglik",
            "(?:neg|negative) log likelihood",
            "smooth l1",
            "neglogp",
            "(?:neg |negative )?elbo|nelbo",
            "bpd|bpb|bpc|bits per dim|bits per byte",
            "crossentropy|cross e|xent|ce|bce|ctc|hinge|huber",
            "(?:ce|crossentropy) mean words",
            "cost|energy|residual|error|inertia|distortion|qe|silog(?: rmse)?|rel(?:ative)? l[12]",
            r"(?:residual|error|err|innovation)(?: \w+)? power",
            "(?:beta )?divergence",
            "mse|mean squared error|rmsl?e|(?:mean )?rms|mae|mean absolute error|mape",
            "perplexity|ppl",
        )
    )
)
ACCURACY = _any(
    r"(?:pix|pixel|cls|bal|mean|avg|m|o|b)acc",
    r"acc\d*|accuracy\d*|accuracies|top ?\d+|correct|em|exact match|hit rate|hitrate",
    "validation score",
    r"prec\d*|precision|recall|f1|f1 score|auc|auroc|roc auc|kappa|mcc|r2",
    r"m?ap\d*|miou|iou|dice|bleu|rouge\w*|ssim|psnr",
)
_HOW_OFTEN_RIGHT = r"(?:top ?\d+|accuracy\d*|accuracies|prec\d*|precision|recall|auc|auroc|hit ?rate|m ?iou)"
#: How often the answers at the output of a loss are right, said below its name (`loss1/top-1`); a loss is named the
#: other way round (`accuracy_loss`). What may be the objective itself (`loss/dice`, `loss/iou`) is not among them.
BELOW_A_LOSS = compiled(rf"(?:^|(?<= )){LOSS} (?:\d )?{_HOW_OFTEN_RIGHT}(?: err(?:ors?)?)?{_AND_HOW}")
IN_A_FOLDER_OF_A_LOSS = _any(rf"(?:\w+ )*{_HOW_OFTEN_RIGHT}(?: \w+)*", "lr", "learning rate")
#: Of positions and their derivatives the acceleration too.
SHORT_ACCURACY = _any(r"(?:pix|pixel|cls|bal|mean|avg|m)?acc\d*")
