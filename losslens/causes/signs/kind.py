"""What kind of training this is, by the names it goes by: what it has no trace of, it is unlikely to have failed of."""

from __future__ import annotations

import re

from losslens.causes.facts.nouns import Facts

ATTENTION = re.compile(
    r"attn|attention|transformer|gpt|bert|llama|mistral|qwen|(?<![a-z])(?:vit|mha|qkv?|llm|lm|trl|t5)(?![a-z])|num_?heads"
    r"|n_?head|token|perplexity|(?<![a-z])ppl(?![a-z])|fairseq|megatron|torchtune|axolotl"
)
"""Names of models, trainers and signals of which attention is a part."""

REGRESSION = re.compile(
    r"(?<![a-z])(?:(?:train|val|valid|test|eval)(?:ing|idation)?)?"
    r"(?:r?mse|r?msle|mae|mape|huber|smooth_?l1|l1|l2|log_?cosh|(?:mean_?)?(?:squared?|abs(?:olute)?)_?error|regression)"
    r"(?:_?loss)?(?![a-z])"
)
"""Names of errors of a number: there is no probability in them that could come near 0 or 1."""

WORKERS = re.compile(
    r"world_?size|ddp|fsdp|zero_?stage|deepspeed|megatron|nccl|horovod|nnodes|nproc|(?:n|num)_?gpus?|gpus|devices"
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


def shows_workers(f: Facts) -> bool:
    """Whether anything that names the run speaks of several workers."""
    return WORKERS.search(words(f)) is not None


IN_FULL = re.compile(r"^(?:numpy|sklearn|scikit[-_ ]learn|xgboost|lightgbm|catboost|vowpal[-_ ]?wabbit)\b")
"""Libraries that compute in four or eight bytes a number, whatever the hardware."""

BOOSTED = re.compile(
    r"^(?:train(?:ing)?|eval|valid(?:ation)?(?:_\d+)?|test|learn)(?:-|'s |_0-|_1-)"
    r"(?:rmse|mae|mape|logloss|mlogloss|binary_logloss|multi_logloss|merror|error|auc|l1|l2|rmsle|ndcg|map)\b"
)
"""How XGBoost and LightGBM name what they print: "train-rmse", "valid_0's l2"."""


def computes_in_full(f: Facts) -> str:
    """The library named by the trainer, the settings or the columns that knows no half precision; "" else."""
    if any(BOOSTED.search(tag) for tag in f.tags):
        return "boosted trees"
    named = (
        f.trainer or "",
        *(str(v) for k, v in f.settings.items() if k.lower() in ("framework", "backend", "library")),
    )
    return next((m.group(0) for name in named if (m := IN_FULL.search(name.lower()))), "")


def regresses(f: Facts) -> bool:
    """Whether the leading loss, by its own name or the one in the settings, is the error of a number."""
    named = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", f.tag).lower()
    return any(REGRESSION.search(name) is not None for name in (named, f.recipe.loss_name or ""))
