"""Which column of a table, or key of a record, counts the steps, and which tells the time: names for all trainers."""

from __future__ import annotations

import re
from functools import lru_cache

from losslens.languages import in_english
from losslens.patterns import compiled

_STEPS: tuple[tuple[str, str], ...] = (
    # Normalised name, what it counts; the first that fits the data is the x.
    ("trainer_global_step", "step"),
    ("train_global_step", "step"),
    ("global_step", "step"),
    ("globalstep", "step"),
    ("global_step_max_steps", "step"),
    ("global_iteration", "step"),
    ("global_iter", "step"),
    ("global_batch", "step"),
    ("global_batch_idx", "step"),
    ("optimizer_step", "step"),
    ("training_step", "step"),
    ("train_step", "step"),
    ("step", "step"),
    ("steps", "step"),
    ("num_updates", "step"),
    ("update", "step"),
    ("updates", "step"),
    ("current_steps", "step"),
    ("current_step", "step"),
    ("iteration", "step"),
    ("iterations", "step"),
    ("iter", "step"),
    ("iters", "step"),
    ("iter_num", "step"),
    ("num_iter", "step"),
    ("it", "step"),
    ("niter", "step"),
    ("batch", "step"),
    ("batches", "step"),
    ("batch_idx", "step"),
    ("train_steps", "step"),
    ("train_iter", "step"),
    ("train_iteration", "step"),
    ("train_iterations", "step"),
    ("iteration_number", "step"),
    ("num_iterations", "step"),
    ("n_iter", "step"),
    ("gradient_steps", "step"),
    ("num_steps", "step"),
    ("nstep", "step"),
    ("global_steps", "step"),
    ("time_total_timesteps", "timesteps"),
    ("total_timesteps", "timesteps"),
    ("timesteps_total", "timesteps"),
    ("num_env_steps_sampled_lifetime", "timesteps"),
    ("num_env_steps_sampled", "timesteps"),
    ("timesteps", "timesteps"),
    ("timestep", "timesteps"),
    ("env_steps", "timesteps"),
    ("total_env_steps", "timesteps"),
    ("env_step", "timesteps"),
    ("environment_steps", "timesteps"),
    ("totalenvinteracts", "timesteps"),
    ("total_num_steps", "timesteps"),
    ("total_steps", "timesteps"),
    ("num_timesteps", "timesteps"),
    ("total_frames", "timesteps"),
    ("frames", "timesteps"),
    ("frame", "timesteps"),
    ("steps_completed", "step"),
    ("training_iteration", "iteration"),
    ("time_iterations", "iteration"),
    ("misc_nupdates", "step"),
    ("misc_total_timesteps", "timesteps"),
    ("internal_step", "step"),
    ("_step", "step"),
    ("generation", "generation"),
    ("episode", "episode"),
    ("episodes", "episode"),
    ("time_episodes", "episode"),
    ("epoch", "epoch"),
    ("epochs", "epoch"),
    ("epoch_num", "epoch"),
    ("num_epoch", "epoch"),
    ("trainer_epoch", "epoch"),
    ("train_epoch", "epoch"),
    ("total_epochs", "epoch"),
    ("epoch_number", "epoch"),
    ("number_of_epochs", "epoch"),
    ("round", "epoch"),
    ("samples", "samples"),
    ("n_samples", "samples"),
    ("num_samples", "samples"),
    ("samples_seen", "samples"),
    ("consumed_samples", "samples"),
    ("examples_seen", "samples"),
    ("example_counter", "samples"),
    ("tokens", "tokens"),
    ("tokens_seen", "tokens"),
    ("total_tokens", "tokens"),
    ("num_tokens", "tokens"),
    ("progress_kimg", "kimg"),
    ("kimg", "kimg"),
)
STEP_RANK = {name: rank for rank, (name, _) in enumerate(_STEPS)}
STEP_COUNTS = dict(_STEPS)
EPOCHS = frozenset(name for name, counts in _STEPS if counts == "epoch")
TIMES = frozenset(
    [
        "wall_time",
        "walltime",
        "timestamp",
        "_timestamp",
        "time_stamp",
        "_time",
        "datetime",
        "date",
        "time",
        "created_at",
        "date_time",
        "ts",
        "t",
    ]
)
SPLIT_COLUMNS = frozenset(
    [
        "split",
        "phase",
        "mode",
        "stage",
        "set",
        "subset",
        "partition",
        "dataset",
        "type",
        "kind",
        "data",
        "context",
        "runcontext",
        "run_context",
        "metric_context_subset",
    ]
)
SPLIT_WORDS = frozenset(
    [
        "train",
        "training",
        "tr",
        "val",
        "valid",
        "validation",
        "validate",
        "eval",
        "evaluation",
        "test",
        "testing",
        "dev",
    ]
)
RUN_COLUMNS = frozenset(
    [
        "run",
        "run_id",
        "run_hash",
        "run_name",
        "runid",
        "experiment",
        "experiment_name",
        "exp",
        "trial",
        "trial_id",
        "trial_name",
        "model",
    ]
)
TAG_COLUMNS = frozenset(
    [
        *("tag", "metric", "metric_name", "metricname", "metrics", "name", "key", "variable", "series", "scalar"),
        *("logger_name", "_field"),
    ]
)
VALUE_COLUMNS = frozenset(
    ["value", "val", "values", "metric_value", "metricvalue", "scalar_value", "scalar", "y", "_value"]
)
#: "Training Loss Epoch Step Validation Loss", as a page's text has the header of a table: no blanks tell its names.
NAME_OF_TWO = compiled(
    r"(?:train(?:ing)?|valid(?:ation)?|val|eval(?:uation)?|test) (?:loss|acc(?:uracy)?)(?=\s|$)|\S+", re.IGNORECASE
)
_OBJECTIVES = compiled(
    r"loss|cost|objective|objf|xent|error|reward|fitness|perplexity|accuracy|learning[_ ]?rate|grad(?:_?norm|ient)"
    r"|entropy|(?<![a-z])(?:err|cross[ _-]?e)(?![a-z])|^-\s?(?:log|ln)[ _-]?l(?:ik\w*)?\b|validation score|divergence"
    r"|(?<![a-z])(?:acc|lr|mse|mae|rmsl?e|mape|nll|nloglik|kl|ce-mean|cross-entropy|ppl|elbo|return|bleu|rouge|dice|m?iou|map\d*|auc|f1|psnr|fid|b?wer|b?cer|rms)(?![a-z])",
    re.IGNORECASE,
)
#: What is brought down or up by those who do not call it a loss. Physics and web services measure some of it too: only
#: at a place of a training it says that this is one.
_OBJECTIVE = compiled(
    r"(?:(?:train|training|val|valid|validation|test|avg|mean|total)[ _/-]?)?"
    r"(?:energy|free[ _-]energy|e/n|inertia|distortion|qe|quanti[sz]ation[ _]error|silog\w*|ce|rel[ _-]?l[12]"
    r"|-?(?:elbo|mll|ll|evidence)|lower[ _-]?bound|obj(?:[ _]?(?:val|value|fun))?"
    r"|(?:log|pseudo|marginal)[ _-](?:log[ _-])?likelihood|log-?lik)"
    r"(?:[ _/-]?(?:train|training|val|valid|validation|test|avg|mean))?",
    re.IGNORECASE,
)


def is_objective(name: str) -> bool:
    """True for what is minimised or maximised under a name of its own: "inertia", "log-likelihood"."""
    return _OBJECTIVE.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def normalise(name: str) -> str:
    """A name as the tables of this module spell it: lower case, words joined by one underscore."""
    low = re.sub(r"[^0-9a-z]+", "_", in_english(name).strip().lower())
    return "_" + low.strip("_") if name.strip().startswith("_") else low.strip("_")


@lru_cache(maxsize=4096)
def is_known_name(name: str) -> bool:
    """True for a name that training logs use: a step, an epoch, a loss and the like."""
    return normalise(name) in STEP_RANK or bool(_OBJECTIVES.search(in_english(name)))
