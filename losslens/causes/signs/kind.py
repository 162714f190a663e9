"""What kind of training this is, by the names it goes by: what it has no trace of, it is unlikely to have failed of."""

from __future__ import annotations

import re

from losslens.causes.facts.nouns import Facts
from losslens.model import Role
from losslens.patterns import compiled
from losslens.roles.boosting import boosts

ATTENTION = compiled(
    r"attn|attention|transformer|gpt|bert|llama|mistral|qwen|(?<![a-z])(?:vit|mha|qkv?|llm|lm|trl|t5)(?![a-z])|num_?heads"
    r"|n_?head|token|perplexity|(?<![a-z])ppl(?![a-z])|fairseq|megatron|torchtune|torchtitan|axolotl"
)
"""Names of models, trainers and signals of which attention is a part."""

TEXT = compiled(
    r"token|vocab|prompt|completion|tokeni[sz]er|(?<![a-z])(?:text|chat|sft|dpo|lora|llm|lm|mlm|trl|nlp|t5|hf|ppl)(?![a-z])"
    r"|gpt|bert|llama|mistral|qwen|gemma|perplexity|max_?(?:seq|length)|seq_?len|block_?size|fairseq|megatron|torchtune"
    r"|axolotl|translation|summari[sz]"
)
"""Names of models, trainers, settings and signals of a training on text."""

REGRESSION = compiled(
    r"(?<![a-z])(?:(?:train|val|valid|test|eval)(?:ing|idation)?)?"
    r"(?:r?mse|r?msle|mae|mape|huber|smooth_?l1|l1|l2|log_?cosh|(?:mean_?)?(?:squared?|abs(?:olute)?)_?error|regression)"
    r"(?:_?loss)?(?![a-z])"
)
"""Names of errors of a number: there is no probability in them that could come near 0 or 1."""

TOKENS = compiled(
    r"token|perplexity|(?<![a-z])(?:ppl|bpe|bpc|bleu|rouge|wer|cer|nmt|seq2seq|gpt|bert|llama|mistral|qwen|llm|lm|trl|t5)"
    r"(?![a-z])|nanogpt|fairseq|megatron|torchtune|torchtitan|axolotl|opennmt|marian|tensor2tensor|espnet|wav2vec|char-?rnn"
)
"""Names of models, trainers and measures of text and speech: ids or normalised features go in, classes come out."""

IDS = compiled(
    r"token|perplexity|(?<![a-z])(?:ppl|bpe|bleu|rouge|nmt|gpt|bert|llama|mistral|qwen|llm|lm|mlm|trl|t5|glove|word2vec)"
    r"(?![a-z])|nanogpt|fairseq|megatron|torchtune|axolotl|opennmt|marian|char-?rnn|vocab"
)
"""Names of trainings whose inputs are the numbers of words or letters, which are whole."""

OWN_SCALE = compiled(
    r"r-?cnn|rpn_|_rpn|bbox|giou|ciou|(?<![a-z])(?:dfl|obj|objectness)_?loss|yolo|darknet|mmdet|mmengine|detectron|ultralytics"
    r"|retinanet|(?<![a-z])map_?50"
)
"""Names of detectors and of the terms of their losses: their frameworks bring images and boxes to scale themselves."""

HUGE = 1e3
"""A first loss from which it may well be an error of large numbers, whatever it is called."""

WORKERS = compiled(
    r"world_?size|ddp(?![a-z])|fsdp|zero_?stage|deepspeed|megatron|nccl|horovod|nnodes|nproc|(?:n|num)_?gpus?|gpus|devices"
    r"|local_?rank|data_?parallel|tensor_?parallel|pipeline_?parallel|distributed|(?<![a-z])dp(?![a-z])"
)
"""Names of several devices that train together."""


def words(f: Facts) -> str:
    """All that names the run, in small letters: folders, trainer, tags and settings."""
    return " ".join(
        (f.place, f.name, f.trainer or "", *f.tags, *f.settings, *(str(v) for v in f.settings.values()))
    ).lower()


def shows_attention(f: Facts) -> bool:
    """Whether anything that names the run speaks of attention."""
    return f.logits is not None or ATTENTION.search(words(f)) is not None


def may_be_text(f: Facts) -> bool:
    """Whether something that names the run speaks of text, or nothing is known of it at all."""
    return TEXT.search(words(f)) is not None or (f.extent is None and not f.tags)


def shows_workers(f: Facts) -> bool:
    """Whether anything that names the run speaks of several workers."""
    return WORKERS.search(words(f)) is not None


IN_FULL = compiled(r"^(?:numpy|sklearn|scikit[-_ ]learn|xgboost|lightgbm|catboost|vowpal[-_ ]?wabbit)\b")
"""Libraries that compute in four or eight bytes a number, whatever the hardware."""


def of_tokens(f: Facts) -> bool:
    """Whether what names the run says that ids of words go in, of which none can be missing or infinite."""
    return IDS.search(words(f)) is not None


def computes_in_full(f: Facts) -> str:
    """The library named by the trainer, the settings or the columns that knows no half precision; "" else."""
    if boosts(None, f.tags):
        return "boosted trees"
    named = (
        f.trainer or "",
        *(str(v) for k, v in f.settings.items() if k.lower() in ("framework", "backend", "library")),
    )
    return next((m.group(0) for name in named if (m := IN_FULL.search(name.lower()))), "")


def scale_matters(f: Facts) -> float:
    """0 to 1: how far training of this kind depends on the scale of inputs and targets that somebody has to set.

    Trees ask for no scale, tokens have none, and detectors bring images to theirs; the error of a number has the scale
    of what is predicted. Who trains classes in Keras logs their accuracy, and classes have no scale, though pixels do.
    """
    if boosts(f.trainer, f.tags):
        return 0.0
    if regresses(f):
        return 1.0
    named = words(f)
    if TOKENS.search(named) or OWN_SCALE.search(named):
        return 0.0
    course = f.train if f.train is not None else f.loss
    if course is not None and (course.first or 0.0) > HUGE:
        return 1.0
    if {Role.ACCURACY.value, Role.VAL_ACCURACY.value} & set(f.roles):
        return OF_CLASSES
    return 1.0 if (f.trainer or "").lower() == "keras" else UNNAMED


OF_CLASSES, UNNAMED = 0.25, 0.4
"""Of training that has an accuracy, and of that whose kind nothing names."""


PERPLEXITY = compiled(r"(?<![a-z])(?:ppl|perplexity|xent_ppl)(?![a-z])", re.IGNORECASE)


def perplexes(tag: str) -> bool:
    """Whether a series is e to the power of a loss."""
    return PERPLEXITY.search(tag) is not None


def regresses(f: Facts) -> bool:
    """Whether the leading loss, by its own name or the one in the settings, is the error of a number."""
    named = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", f.tag).lower()
    return any(REGRESSION.search(name) is not None for name in (named, f.recipe.loss_name or ""))
