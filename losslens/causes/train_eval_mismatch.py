"""Training is fine and evaluation is not: the model behaves differently in the two.

What the log shows
    The training loss falls smoothly; the validation loss is huge or erratic (ten to a hundred thousand times) from
    the early epochs on, jumps and comes back, often improves late. On the same data it would be bad too.

Why runs do this
    Batch normalisation evaluates with running statistics that are not those it trained with: small batches, few
    steps, a momentum of 0.99, shared or unsynchronised layers, stale averages. Or evaluation preprocesses the data
    differently, or dropout is on.

What else looks like this
    Overfitting: the ratio of validation to training is near 1 at first, and rises gradually after a minimum. Label
    noise: validation is never good and never erratic.

What to try first
    Evaluate on training data in eval mode; a faster momentum, larger batches or group normalisation; check
    preprocessing.

Sources
    Ioffe & Szegedy 2015, Batch normalization, https://arxiv.org/abs/1502.03167. Wu & Johnson 2021, Rethinking
    "Batch" in BatchNorm, https://arxiv.org/abs/2105.07576. https://github.com/keras-team/keras/issues/10666,
    https://github.com/Lightning-AI/pytorch-lightning/issues/14085,
    https://github.com/tensorflow/tensorflow/issues/36446
"""

from __future__ import annotations

from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import held_back, siblings, validation
from losslens.causes.signs.build import Found, log_ramp, num, often, ramp, sign, times, told
from losslens.model import Fix, NotChecked, Sign

CAUSE = "train-eval-mismatch"
TITLE = "The model behaves differently in evaluation"
LEVEL = "setting"
SOURCES = (
    "https://arxiv.org/abs/1502.03167",
    "https://arxiv.org/abs/2105.07576",
    "https://github.com/keras-team/keras/issues/10666",
    "https://github.com/Lightning-AI/pytorch-lightning/issues/14085",
    "https://github.com/tensorflow/tensorflow/issues/36446",
)


def _erratic(f: Facts, d: int) -> Found:
    v = f.validation
    if v is None or v.roughness is None or v.worst_jump is None:
        return None
    text = (
        f"{v.tag} is {times(v.roughness)} as rough as the training loss; neighbouring "
        f"evaluations differ by up to {times(v.worst_jump)}"
    )
    strength = log_ramp(v.roughness, 3.0, 15.0) * log_ramp(v.worst_jump, 1.3, 3.0)
    return sign("validation-erratic", d, strength, text, series=v.tag, value=v.worst_jump)


def _returns(f: Facts, d: int) -> Found:
    v = f.validation
    if v is None or v.returns < 1:
        return None
    text = f"{v.tag} jumped up and came back {often(v.returns)}"
    return sign("validation-jumps-and-returns", d, ramp(v.returns, 0, 3), text, series=v.tag, value=v.returns)


def _far_apart(f: Facts, d: int) -> Found:
    v = f.validation
    if v is None or v.ratio_end is None:
        return None
    text = f"at the end {v.tag} is {times(v.ratio_end)} the training loss"
    return sign("validation-far-apart", d, log_ramp(v.ratio_end, 5.0, 100.0), text, series=v.tag, value=v.ratio_end)


def _tracks(f: Facts, d: int) -> Found:
    v = f.validation
    if v is None or v.tracks is None or v.ratio_end is None or v.ratio_end > 2:
        return None
    return sign(
        "validation-tracks",
        d,
        ramp(v.tracks, 0.5, 0.9),
        f"{v.tag} follows the training loss",
        series=v.tag,
        value=v.tracks,
    )


def _no_batch_norm(f: Facts, d: int) -> Found:
    if f.recipe.batch_norm is not False:
        return None
    return sign("no-batch-norm", d, 0.8, "the settings name a normalisation other than batch normalisation")


def _batch_norm(f: Facts, d: int) -> Found:
    if not f.recipe.batch_norm:
        return None
    return sign("batch-norm", d, 0.6, "the settings name batch normalisation")


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        held_back.best_is_a_guess(facts, -1),
        validation.only_validation(facts, +1),
        held_back.apart_at_first(facts, +1, (1.5, 5.0)),
        _erratic(facts, +1),
        _returns(facts, +1),
        _far_apart(facts, +1),
        held_back.stepped(facts, +1),
        _batch_norm(facts, +1),
        siblings.cured_by(facts, "normalisation-layer", +1),
        held_back.not_evaluated_on_training(facts),
        held_back.never_as_untrained(facts, +1),
        held_back.rose_too_far(facts, +1) if facts.leading_role.startswith("val") else None,
        held_back.crept(facts, -1),
        held_back.memorised(facts, -1) if held_back.had_a_good_phase(facts) else None,
        held_back.accuracy_never_rose(facts, +1),
        held_back.accuracy_lost(facts, +1),
        held_back.accuracy_below_chance(facts, +1),
        held_back.accuracy_kept(facts, -1),
        _tracks(facts, -1),
        validation.training_stepped_too(facts, -1),
        validation.val_below_training(facts, -1),
        _no_batch_norm(facts, -1),
        validation.val_harmed(facts, -1),
    )


def fixes(facts: Facts) -> tuple[Fix, ...]:
    batch = facts.recipe.batch_size
    return (
        Fix(
            (
                "Evaluate on a piece of the training data in evaluation mode: bad "
                "there too means the statistics, not the data"
            ),
            "model.eval(); evaluate(model, train_loader)",
            "model.evaluate(x_train[:1000], y_train[:1000])",
        ),
        Fix(
            (
                "Let the running statistics follow faster, or use larger "
                f"batches{f' (now {num(batch)})' if batch else ''} or group normalisation"
            ),
            "nn.BatchNorm2d(c, momentum=0.1)  # nn.GroupNorm(32, c); nn.SyncBatchNorm.convert_sync_batchnorm(model)",
            "keras.layers.BatchNormalization(momentum=0.9)  # keras.layers.GroupNormalization()",
        ),
        Fix(
            "Recompute the statistics of averaged weights, and check that evaluation preprocesses like training",
            "torch.optim.swa_utils.update_bn(loader, ema_model)",
            "for x, _ in dataset: model(x, training=True)",
        ),
    )
