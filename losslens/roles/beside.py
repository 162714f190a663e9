"""Names that say what they mean only beside others: the outputs of one model, a number and its running average."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from losslens.model import RawSeries, Role, RoleChoice, Series
from losslens.patterns import compiled
from losslens.roles.losses import BESIDE, FEW_POINTS, UNKNOWN, Candidate
from losslens.roles.names import MAIN_WORDS, TEST_WORDS, VAL_WORDS, WHOLE_MODELS, words, words_of

if TYPE_CHECKING:
    from losslens.model import FloatArray

#: What Keras and others call the ends of a model that has several, each with a loss of its own: output_1, output_2.
_OUTPUTS = words("output out")
#: Who takes time to give a batch its data.
_READS = words("reader reading read data loader loading")
#: Errors that are measured beside a loss, whatever that is.
_MEASURED = words("mse rmse rmsle rms mae mape error residual distortion inertia squared absolute")
#: Alone the loss of a sample is the loss; beside ``loss`` it is that of a model which samples.
_SAMPLE = ("sample",)
#: The number of this moment and its average so far, as the meter of PyTorch's ImageNet example calls them.
_NOW, _SO_FAR = "val", "avg"
#: Words of a loss and of a gradient norm that do not say whose it is.
_LOSS_OR_NORM = words("loss losses grad grads gradient gradients norm norms l2 global train")
#: A loss beside the one that leads, also where it never moves.
_OF_A_LOSS = frozenset([Role.LOSS_COMPONENT, Role.OTHER])
#: What a rate that decays goes down by, of the points at which it changes; one may be a jump that was not meant.
_DECAYS = 0.8
#: Beside these "alpha" is the temperature of a policy.
_OBJECTIVES = frozenset(
    [Role.TRAIN_LOSS, Role.VAL_LOSS, Role.LOSS_COMPONENT, Role.VAL_COMPONENT, Role.REWARD, Role.ENTROPY]
)
_OF_A_POLICY = frozenset({Role.REWARD, Role.ENTROPY, Role.KL})


#: The training under no other name, and the rank correlation of a loss with an accuracy, at the least.
_BARE_TRAIN = words("train training")
OPPOSITE = 0.3


def as_outputs(candidates: Mapping[str, Candidate]) -> dict[str, Candidate]:
    """``output_1_loss`` and ``output_2_loss``, ``loss1`` and ``loss2``, ``sample_loss``: beside ``loss`` its terms."""
    ends = {t: end for t, c in candidates.items() if (end := _numbered_output(c))}
    out = dict(candidates)
    for val in (False, True):
        mine = {t: c for t, c in candidates.items() if c.named_loss and (c.split in ("val", "test")) is val}
        whole = any(not c.qualifier and not c.smoothed and not c.best and t not in ends for t, c in mine.items())
        if whole and len({ends[t] for t in mine if t in ends}) > 1:
            out.update({t: replace(c, qualifier=ends[t]) for t, c in mine.items() if t in ends})
        if any(words_of(t) == ("loss",) for t in mine):
            out.update({t: replace(c, qualifier=_SAMPLE) for t, c in mine.items() if words_of(t) == (*_SAMPLE, "loss")})
    return out


def gradients_of_other_losses(choices: Mapping[str, RoleChoice]) -> dict[str, RoleChoice]:
    """``value_grad_norm`` beside ``model_grad_norm`` where ``model_loss`` leads and ``value_loss`` is another loss."""
    leads = [_whose(c.tag) for c in choices.values() if c.role is Role.TRAIN_LOSS]
    norms = {t: _whose(t) for t, c in choices.items() if c.role is Role.GRAD_NORM}
    if len(leads) != 1 or not leads[0] or leads[0] not in norms.values():
        return {}
    losses = {_whose(t) for t, c in choices.items() if "loss" in words_of(t) and c.role in _OF_A_LOSS}
    return {
        t: replace(choices[t], role=Role.LAYER_GRAD_NORM, why=f"the gradient norm of another loss ({' '.join(of)})")
        for t, of in norms.items()
        if of and of != leads[0] and of in losses
    }


def _whose(tag: str) -> tuple[str, ...]:
    """What a loss or a gradient is of by its name: ``model_grad_norm`` and ``model_loss`` are of the ``model``."""
    return tuple(word for word in words_of(tag) if word not in _LOSS_OR_NORM)


def cost_of_a_batch(candidates: Mapping[str, Candidate], choices: Mapping[str, RoleChoice]) -> dict[str, RoleChoice]:
    """``avg_batch_cost`` beside ``avg_reader_cost``, as Paddle prints them: the time that a batch takes."""
    if not any("cost" in (named := words_of(t)) and _READS & set(named) for t in choices):
        return {}
    why = "a cost beside that of reading the data: a time"
    return {
        t: RoleChoice(t, Role.STEP_TIME, why, split=c.split)
        for t, c in candidates.items()
        if {"batch", "cost"} <= set(words_of(t))
    }


def metrics_beside(candidates: Mapping[str, Candidate]) -> dict[str, RoleChoice]:
    """``rmse`` beside ``val_loss`` and no loss of the training: an error in other units, of data it does not name."""
    losses = [c for c in candidates.values() if c.named_loss]
    held = [c for c in losses if c.split in ("val", "test")]
    if len(held) < len(losses) or not any(c.points >= FEW_POINTS and not c.constant and not c.best for c in held):
        return {}
    return {
        t: RoleChoice(t, Role.OTHER, BESIDE, split=c.split)
        for t, c in candidates.items()
        if c.objective and not c.named_loss and not c.split and _MEASURED & set(words_of(t))
    }


def closing_means(
    series: Mapping[str, RawSeries] | Mapping[str, Series], candidates: Mapping[str, Candidate]
) -> dict[str, RoleChoice]:
    """``train/train_loss`` beside ``train/train_runtime``, as Hugging Face's Trainer closes: the mean of a training.

    It comes once a call of ``train()``, at the moment of the run time, and is no point of the course beside it.
    """
    closing = {tag: tag.removesuffix("train_loss") for tag in candidates if tag.endswith("train_loss")}
    out: dict[str, RoleChoice] = {}
    for tag, before in closing.items():
        took, course = series.get(f"{before}train_runtime"), series.get(f"{before}loss")
        if took is not None and course is not None and series[tag].step.tolist() == took.step.tolist():
            out[tag] = RoleChoice(tag, Role.OTHER, "the mean of the whole training, said when it ended", split="train")
    return out


def as_since_last(candidates: Mapping[str, Candidate]) -> dict[str, Candidate]:
    """``since last`` beside ``average loss``, as Vowpal Wabbit prints them: the loss of what came in between."""
    out = dict(candidates)
    if any(words_of(t) == ("average", "loss") for t in candidates):
        out.update(
            {
                t: replace(c, named_loss=True, qualifier=())
                for t, c in candidates.items()
                if words_of(t) == ("since", "last")
            }
        )
    return out


def as_measured_on_both(candidates: Mapping[str, Candidate]) -> dict[str, Candidate]:
    """``Train MSE`` and ``Val MSE`` beside ``Gate Loss``: what is measured on both data sets is the loss, and the one
    loss of the training that is called after some part of it is a term."""
    losses = [c for c in candidates.values() if c.named_loss]
    if len(losses) != 1 or losses[0].split in ("val", "test") or losses[0].player:
        return dict(candidates)
    term = losses[0]
    if not term.qualifier or MAIN_WORDS & set(term.qualifier) or WHOLE_MODELS & set(term.qualifier):
        return dict(candidates)
    errors = [c for c in candidates.values() if c.objective and not c.best and not c.smoothed and not c.constant]
    held = {c.qualifier for c in errors if c.split == "val"}
    mine = [c for c in errors if c.split == "train" and c.qualifier in held and 2 * c.points > term.points]
    if len(mine) != 1 or mine[0].points < FEW_POINTS:
        return dict(candidates)
    return {**candidates, mine[0].tag: replace(mine[0], named_loss=True, qualifier=())}


def _numbered_output(c: Candidate) -> tuple[str, ...]:
    """The words "output" (or "loss") and "5" of a loss that has no other of its own; nothing for any other series."""
    named = words_of(c.tag) if c.named_loss and not c.qualifier else ()
    if len(named) in (1, 2) and (number := re.fullmatch(r"loss(\d)", "".join(named))):
        return ("loss", number[1])
    return next(((a, b) for a, b in pairwise(named) if a in _OUTPUTS and b.isdigit()), ())


def as_meters(candidates: Mapping[str, Candidate]) -> dict[str, Candidate]:
    """``loss_val`` beside ``loss_avg``, point by point: the number and its average so far, not of data held back."""
    out = dict(candidates)
    averages = {named[:-1]: c for c in candidates.values() if (named := words_of(c.tag))[-1:] == (_SO_FAR,)}
    for tag, c in candidates.items():
        named = words_of(tag)
        average = averages.get(named[:-1]) if len(named) > 1 and named[-1] == _NOW else None
        if average is not None and average.points == c.points:
            out[tag] = replace(c, split=average.split)
    return out


def weights_of_a_linear_model(choices: Mapping[str, RoleChoice]) -> dict[str, RoleChoice]:
    """``Norm: 4.3, NNZs: 10, Bias: 0.1``: beside how many weights are not zero a norm is that of the weights."""
    if not any(tag.lower() in ("nnz", "nnzs") for tag in choices):
        return {}
    why = "a norm beside the count of weights that are not zero: scikit-learn's size of the weights"
    return {
        t: replace(c, role=Role.WEIGHT_NORM, why=why)
        for t, c in choices.items()
        if c.role is Role.GRAD_NORM and words_of(t) == ("norm",)
    }


#: What spaCy's table names beside the losses of its components: scores on the data held back.
_SPACY_SCORE = compiled(r"SCORE|[A-Z]\w*_(?:SCORE|ACC|[FPR]|UAS|LAS|AUC)")


def scores_of_spacy(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """``SCORE`` and ``ENTS_F`` beside ``LOSS NER``: of the data held back, up to 1 or 100."""
    if "SCORE" not in choices or not any(tag.startswith("LOSS ") for tag in choices):
        return {}
    why = "a score of spaCy's table, on the data held back"
    out = {}
    for tag, choice in choices.items():
        finite = series[tag].value[np.isfinite(series[tag].value)]
        if _SPACY_SCORE.fullmatch(tag) and finite.size and finite.min() >= 0.0 and finite.max() <= 100.0:
            out[tag] = replace(choice, role=Role.VAL_ACCURACY, why=why, split="val")
    return out


def divergence_alone(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """``reverse_kl`` and nothing else that might be the objective: a divergence that is watched alone is minimised."""
    named = [t for t, c in choices.items() if c.role is Role.KL and not c.split]
    left = {c.role for t, c in choices.items() if t not in named}
    open_tags = [t for t, c in choices.items() if c.why == UNKNOWN and series[t].value.size > 1]
    if len(named) != 1 or left & _OBJECTIVES or open_tags:
        return {}  # what was said once is no course
    value = series[named[0]].value
    finite = value[np.isfinite(value)]
    if value.size < FEW_POINTS or (finite.size and bool(np.all(finite == finite[0]))):
        return {}
    why = "nothing is named a loss; this divergence is all that is measured of an objective"
    return {named[0]: replace(choices[named[0]], role=Role.TRAIN_LOSS, why=why, sure=False)}


def rate_called_alpha(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """``alpha 0.0248, loss 3.1``: word2vec and its heirs call the learning rate so; a policy's temperature is none."""
    tag = next((t for t, c in choices.items() if c.why == UNKNOWN and words_of(t) == ("alpha",)), None)
    roles = {c.role for c in choices.values()}
    games = any(c.role is Role.TRAIN_LOSS and c.group for c in choices.values())
    if tag is None or Role.LEARNING_RATE in roles or Role.TRAIN_LOSS not in roles or roles & _OF_A_POLICY or games:
        return {}
    value = series[tag].value
    if value.size < FEW_POINTS or not np.all(np.isfinite(value)) or value.min() < 0.0 or value[0] > 1.0:
        return {}
    change = np.diff(value)
    falls, moves = int(np.sum(change < 0.0)), int(np.sum(change != 0.0))
    if falls < FEW_POINTS - 1 or falls < _DECAYS * moves:
        return {}
    why = "its values are positive and decay, as the learning rate that word2vec calls so"
    return {tag: replace(choices[tag], role=Role.LEARNING_RATE, why=why, sure=False)}


def accuracies_of_splits(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """``Train``, ``Val`` and ``Test`` beside ``Loss``, as the examples of PyTorch Geometric print them: accuracies.

    They lie within 0…1, and the one of the training goes down where the loss goes up.
    """
    known = _BARE_TRAIN | VAL_WORDS | TEST_WORDS
    bare = {t: named[0] for t in choices if len(named := words_of(t)) == 1 and named[0] in known}
    loss = next((c.tag for c in choices.values() if c.role is Role.TRAIN_LOSS and "loss" in words_of(c.tag)), None)
    train = next((t for t, word in bare.items() if word in _BARE_TRAIN), None)
    if loss is None or train is None or len(bare) < 2 or not all(_within_one(series[t].value) for t in bare):
        return {}
    _, one, other = np.intersect1d(series[loss].step, series[train].step, return_indices=True)
    if not _runs_against(series[loss].value[one], series[train].value[other]):
        return {}
    why = "within 0…1 beside a loss, and that of the training rises where the loss falls: an accuracy"
    return {
        t: RoleChoice(t, Role.ACCURACY if t == train else Role.VAL_ACCURACY, why, sure=False, split=choices[t].split)
        for t in bare
    }


def _within_one(value: FloatArray) -> bool:
    finite = value[np.isfinite(value)]
    return bool(finite.size) and float(finite.min()) >= 0.0 and float(finite.max()) <= 1.0


def _runs_against(one: FloatArray, other: FloatArray) -> bool:
    """Whether two courses go opposite ways, by their ranks."""
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < FEW_POINTS:
        return False
    ranks = [np.argsort(np.argsort(values[known], kind="stable"), kind="stable") for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1]) <= -OPPOSITE


def returns_beside_values(
    series: Mapping[str, RawSeries] | Mapping[str, Series], choices: Mapping[str, RoleChoice]
) -> dict[str, RoleChoice]:
    """``mean`` and ``median`` in the scores of PFRL, ``R`` of its episodes, beside ``average_q``: returns."""
    if not any(words_of(t)[-2:] == ("average", "q") for t in series):
        return {}
    why = "beside the values of an agent: a return"
    return {
        t: RoleChoice(t, Role.REWARD, why, sure=False, split=c.split)
        for t, c in choices.items()
        if c.role is Role.OTHER and (t.rpartition("/")[2] == "R" or words_of(t)[-1:] in (("mean",), ("median",)))
    }
