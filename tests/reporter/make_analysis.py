"""Analyses made by hand, one a story, so that the reports can be tested without reading a log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from losslens.model import (
    Analysis,
    Cause,
    CauseGroup,
    Checkpoint,
    Curve,
    Damage,
    Diagnosis,
    Episode,
    Evidence,
    Fix,
    Judgement,
    Level,
    LogEvent,
    LossVerdict,
    NotChecked,
    Onset,
    Precursor,
    Repair,
    Role,
    RoleChoice,
    RunReport,
    Segment,
    Setting,
    SettingChange,
    Skipped,
    Spent,
    StepsPerEpoch,
    Verdict,
    Warning,
)

NOTHING = Diagnosis(causes=(), groups=(), none_of_these=1.0, log_next=(), why_then=())
BASE_TIME = 1_567_641_600.0


def curve(tag: str, role: Role, step: Sequence[int], value: Sequence[float], **more: object) -> Curve:
    made = Curve(tag, role, "step", tuple(int(s) for s in step), tuple(float(v) for v in value), len(step))
    return replace(made, **more)  # type: ignore[arg-type]


def band() -> Curve:
    """Single batches whose noise is wide, over a level that doubles halfway through."""
    level = [1.0] * 1_000 + [2.0] * 1_000
    values = [value * (0.5 if step % 2 else 1.5) for step, value in enumerate(level)]
    medians = tuple(1.0 if place < 80 else 2.0 for place in range(160))
    return curve(
        "loss", Role.TRAIN_LOSS, range(2_000), values, level=Level(tuple(range(6, 2_000, 12))[:160], medians, 12)
    )


def report(name: str, judgement: Judgement, curves: tuple[Curve, ...], **more: object) -> RunReport:
    steps = [s for c in curves for s in c.step]
    made = RunReport(
        id=name,
        name=name,
        path=f"logs/{name}",
        files=(f"logs/{name}/events.out.tfevents.1567641600.host",),
        format="tensorboard",
        trainer=None,
        axis="step",
        points=curves[0].points if curves else 0,
        first_step=min(steps) if steps else None,
        last_step=max(steps) if steps else None,
        log_interval=100.0,
        steps_per_epoch=None,
        roles=tuple(RoleChoice(c.tag, c.role, "its name") for c in curves),
        settings={},
        segments=(),
        judgement=judgement,
        diagnosis=NOTHING,
        restart_from=None,
        spent_after_onset=None,
        events=(),
        repairs=(),
        damage=(),
        warnings=(),
        curves=curves,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def judged(verdict: Verdict, loss: str, onset: Onset | None = None, **more: object) -> Judgement:
    role = Role.VAL_LOSS if loss.startswith("val") else Role.TRAIN_LOSS
    leading = LossVerdict(loss, role, verdict, onset, margin=2.0)
    made = Judgement(
        verdict=verdict,
        loss=loss,
        losses=(leading,),
        onset=onset,
        first_nonfinite=None,
        point_of_no_return=None,
        precursors=(),
        episodes=(),
        reason="",
    )
    made = replace(made, **more)  # type: ignore[arg-type]
    first = replace(made.losses[0], first_nonfinite=made.first_nonfinite, point_of_no_return=made.point_of_no_return)
    return replace(made, losses=(first, *made.losses[1:]))


def exploded(name: str = "deeplab") -> RunReport:
    """Calm for 50,000 steps, then up by a factor of thousands: everything a report can hold is in it."""
    rng = np.random.default_rng(7)
    step = np.arange(0, 60_001, 100)
    calm = 0.9 + 3.1 * np.exp(-step / 6000)
    after = np.clip(step - 50_100, 0, None)
    loss = calm * np.exp(rng.standard_t(4, step.size) * 0.06) * np.exp(np.minimum(after / 1100, 8.5))
    rate = 7e-3 * (1 - step / 90_000) ** 0.9
    grad = 2 + 0.6 * rng.random(step.size) + 40 * np.clip((step - 48_800) / 1200, 0, None) ** 2
    weights = 120 + step / 600 + 30 * np.clip((step - 42_000) / 18_000, 0, None)
    onset = Onset(
        50_100, 49_900, 50_300, 0.9, "total_loss", 501, epoch=33.4, wall_time=BASE_TIME + 28_800, from_start=False
    )
    judgement = judged(
        Verdict.EXPLODED,
        "total_loss",
        onset,
        point_of_no_return=50_600,
        losses=(
            LossVerdict(
                "total_loss", Role.TRAIN_LOSS, Verdict.EXPLODED, onset,
                start_level=4.0, best_level=0.88, end_level=4_100.0, noise=0.06, margin=9.0,
                reason="the last 5 % of the points have a median of 4,100, 4,659x the best level before the onset",
            ),
            LossVerdict("val/miou_loss", Role.VAL_LOSS, Verdict.DIVERGED, None, margin=1.2, also=Verdict.EXPLODED),
        ),
        precursors=(
            Precursor(
                "grad_norm", Role.GRAD_NORM, 48_900, 1_200, 2.3, 41.0, 17.8,
                "grad_norm rose from 2.3 to 41 between steps 48,900 and 50,000, 1,200 steps before the loss",
            ),
        ),
        episodes=(
            Episode("spike", "total_loss", 21_300, 21_400, 1.0, 2.9, 1.0, 31.0, None, 2),
            Episode("growth", "total_loss", 50_100, 60_000, 0.9, 4_400.0, None, 900.0, 1100.0, 100),
        ),
        reason="the last 5 % of the points have a median of 4,100, 4,659x the best level before the onset",
    )  # fmt: skip
    causes = (
        Cause(
            "adam-instability", 0.41, "Adam's steps grew while its second moment had decayed", "mechanism",
            evidence=(
                Evidence("grad-norm-led", 1.6, "grad_norm rose 17.8x in the 1,200 steps before the loss moved",
                         "grad_norm", 48_900, 50_000, 41.0, None, 2.3),
                Evidence("late-calm", 0.9, "the loss was calm for 83 % of the run before the onset", "total_loss",
                         0, 50_000, 0.83),
                Evidence("weights-flat", -0.5, "weight_norm grew by only 3 % in the same time", "weight_norm",
                         48_900, 50_000, 198.0, None, 192.0),
            ),
            not_checked=(NotChecked("update-ratio", "no update-to-weight ratio was logged", "update_ratio"),),
            fixes=(
                Fix("Lower Adam's beta2 so that its memory is shorter than the calm stretch",
                    "torch.optim.AdamW(params, lr=lr, betas=(0.9, 0.95), eps=1e-8)",
                    "keras.optimizers.AdamW(lr, beta_2=0.95)"),
                Fix("Clip the gradient at 2.4, its 99th percentile before the onset",
                    "torch.nn.utils.clip_grad_norm_(model.parameters(), 2.4)",
                    "keras.optimizers.AdamW(lr, global_clipnorm=2.4)"),
            ),
            contributing=("weight-growth",),
        ),
        Cause(
            "exploding-gradients", 0.27, "A gradient many times its usual size threw the weights away", "mechanism",
            evidence=(Evidence("grad-norm-led", 1.1, "grad_norm rose 17.8x before the loss moved", "grad_norm",
                               48_900, 50_000, 41.0, None, 2.3),
                      Evidence("slow-rise", -0.7, "the loss took 1,100 steps per factor e, not one step",
                               "total_loss", 50_100, 60_000, 1100.0)),
            not_checked=(),
            fixes=(Fix("Clip the gradient norm", "torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
                       "keras.optimizers.SGD(lr, global_clipnorm=1.0)"),),
        ),
        Cause(
            "learning-rate-too-high", 0.14, "Every step overshoots", "setting",
            evidence=(Evidence("lr-decayed", -1.2, "learning_rate had fallen 2.2x below the rate that trained well",
                               "learning_rate", 0, 50_100, 0.0033, None, 0.007),),
            not_checked=(), fixes=(Fix("Lower the peak learning rate 3x"),),
        ),
        Cause("data-shift", 0.08, "The data changed", "setting", (), (NotChecked("epoch", "no data order was logged"),),
              (Fix("Look at the batches of steps 49,900 to 50,300"),)),
    )  # fmt: skip
    diagnosis = Diagnosis(
        causes=causes,
        groups=(CauseGroup(("adam-instability", "exploding-gradients"), 0.68, ("update_ratio", "layer_grad_norm")),),
        none_of_these=0.10,
        log_next=("the update-to-weight ratio, every 100 steps", "the gradient norm of each layer"),
        why_then=(
            "The loss left its course in the 34th pass over the data (33.4 epochs completed).",
            "grad_norm rose from 2.3 to 41 between steps 48,900 and 50,000, 1,200 steps before the loss.",
            "learning_rate did not change at the onset: it was decaying smoothly, 0.0033 there.",
        ),
    )
    curves = (
        curve("total_loss", Role.TRAIN_LOSS, step, loss),
        curve("learning_rate", Role.LEARNING_RATE, step, rate),
        curve("grad_norm", Role.GRAD_NORM, step, grad),
        curve("weight_norm", Role.WEIGHT_NORM, step, weights),
    )
    return report(
        name,
        judgement,
        curves,
        diagnosis=diagnosis,
        steps_per_epoch=StepsPerEpoch(1500.0, "24,000 images in batches of 16, from args.yaml"),
        settings={
            "optimizer": Setting("optimizer", "adam", "logs/deeplab/args.yaml"),
            "batch_size": Setting("batch_size", 16, "logs/deeplab/args.yaml"),
            "clip": Setting("clip", None, "logs/deeplab/args.yaml"),
        },
        setting_changes=(
            SettingChange("batch_size", 16, 32, 30_000, "logs/deeplab/args.yaml", "logs/deeplab/args_resume1.yaml"),
        ),
        segments=(
            Segment(0, 0, 30_500, BASE_TIME, BASE_TIME + 17_000, 30_000, ""),
            Segment(1, 30_000, 60_000, BASE_TIME + 18_000, BASE_TIME + 34_000, None, "new file"),
        ),
        restart_from=Checkpoint(50_000, "logs/deeplab/model.ckpt-50000.index"),
        spent_after_onset=Spent(9_900, 1.2),
        events=(LogEvent("checkpoint", "saved model.ckpt-50000", "train.log", 50_000, BASE_TIME + 28_000, 812),),
        repairs=(Repair("repeated-steps", "5 points of the abandoned stretch were kept apart", "total_loss", 5),),
        damage=(Damage("logs/deeplab/events.out", 81_920, 81_999, "the last record is cut off", None, 60_000),),
        warnings=(Warning("role-guess", "'total_loss' was taken as the training loss from its course alone"),),
    )


def nan_from_start(name: str = "keras-raw") -> RunReport:
    step = range(1, 101)
    onset = Onset(1, 1, 1, None, "loss", 0, epoch=1.0, from_start=True)
    judgement = judged(Verdict.NAN, "loss", onset, first_nonfinite=1, reason="all 100 points are NaN")
    causes = (
        Cause("unscaled-data", 0.38, "Inputs or targets are not scaled", "setting",
              (Evidence("nan-at-once", 0.8, "loss is NaN from the first logged epoch", "loss", 1, 100),), (),
              (Fix("Standardise the inputs and the targets", "x = (x - x.mean(0)) / x.std(0)",
                   "keras.layers.Normalization()"),)),
        Cause("exploding-gradients", 0.32, "A gradient threw the weights away", "mechanism", (), (),
              (Fix("Clip the gradient", "torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
                   "keras.optimizers.SGD(0.01, clipnorm=1.0)"),)),
        Cause("nan-in-data", 0.21, "The data holds NaN", "setting", (),
              (NotChecked("per-batch", "the loss was logged once an epoch"),), (Fix("Look for NaN in the data"),)),
    )  # fmt: skip
    diagnosis = Diagnosis(
        causes,
        (CauseGroup(("unscaled-data", "exploding-gradients", "nan-in-data"), 0.91, ("train_loss", "grad_norm")),),
        0.09,
        ("the loss of every batch of the first epoch",),
        ("Nothing was logged before the loss became NaN, so nothing can be said of what led to it.",),
    )
    curves = (
        curve("loss", Role.TRAIN_LOSS, step, [math.nan] * 100, axis="epoch"),
        curve("val_loss", Role.VAL_LOSS, step, [math.nan] * 100, axis="epoch"),
    )
    return report(name, judgement, curves, diagnosis=diagnosis, axis="epoch", format="keras-json", log_interval=1.0)


def climb_to_nan(name: str = "rnn") -> RunReport:
    """A climb, then NaN to the end, with an abandoned branch before."""
    rng = np.random.default_rng(3)
    step = np.concatenate([np.arange(0, 800), np.arange(600, 2000)])
    segment = [0] * 800 + [1] * 1400
    loss = 0.3 + 2 * np.exp(-step / 250) + 0.04 * rng.standard_normal(step.size)
    loss *= np.exp(np.clip(step - 1500, 0, 200) / 20)
    loss[step > 1700] = math.nan
    onset = Onset(1500, 1488, 1511, 0.3, "loss", 1500)
    judgement = judged(
        Verdict.NAN, "loss", onset, first_nonfinite=1701, point_of_no_return=1512,
        reason="the last 299 points are NaN",
    )  # fmt: skip
    curves = (
        curve("loss", Role.TRAIN_LOSS, step, loss, abandoned_from=(600,), segment=tuple(segment)),
        curve("grad_norm", Role.GRAD_NORM, np.arange(0, 2000, 5), np.exp(rng.standard_normal(400))),
    )
    return report(name, judgement, curves, log_interval=1.0)


def healthy(name: str = "fine") -> RunReport:
    rng = np.random.default_rng(1)
    step = np.arange(0, 5000, 10)
    loss = 0.2 + 2 * np.exp(-step / 900) + 0.05 * np.abs(rng.standard_normal(step.size))
    judgement = judged(Verdict.HEALTHY, "train/loss", reason="the last 5 % of the points are the lowest of the run")
    return report(name, judgement, (curve("train/loss", Role.TRAIN_LOSS, step, loss),), log_interval=10.0)


def val_diverged(name: str = "val-blows-up") -> RunReport:
    rng = np.random.default_rng(2)
    step = np.arange(0, 3000, 10)
    train = 0.5 + np.exp(-step / 500) + 0.02 * rng.standard_normal(step.size)
    at = np.arange(0, 3000, 100)
    val = 0.6 + np.exp(-at / 500) + np.expm1(np.clip(at - 1500, 0, None) / 200)
    onset = Onset(1600, 1500, 1600, 0.66, "val_loss", 16)
    judgement = judged(Verdict.VAL_DIVERGED, "val_loss", onset, reason="val_loss ended 2,700x above its best")
    causes = (
        Cause("train-eval-mismatch", 0.72, "Training and evaluation run different code", "setting",
              (Evidence("train-fine", 1.9, "loss went on falling after step 1,600", "loss", 1600, 2990, 0.5, None,
                        0.54),), (), (Fix("Call model.eval() before evaluating", "model.eval()"),)),
    )  # fmt: skip
    curves = (curve("val_loss", Role.VAL_LOSS, at, val), curve("loss", Role.TRAIN_LOSS, step, train))
    diagnosis = Diagnosis(causes, (), 0.28, (), ("Nothing that was logged changed at the onset.",))
    return report(name, judgement, curves, diagnosis=diagnosis, log_interval=100.0)


def crossing_zero(name: str = "wgan") -> RunReport:
    rng = np.random.default_rng(5)
    step = np.arange(0, 4000, 10)
    loss = rng.standard_normal(step.size) * 0.5 - 0.2 - 3 * np.expm1(np.clip(step - 2500, 0, None) / 180)
    onset = Onset(2520, 2480, 2560, -0.2, "critic/loss", 252)
    judgement = judged(Verdict.EXPLODED, "critic/loss", onset, reason="it ran away downward to −1.2e4")
    return report(name, judgement, (curve("critic/loss", Role.TRAIN_LOSS, step, loss),))


def inconclusive(name: str = "empty") -> RunReport:
    judgement = Judgement(
        Verdict.INCONCLUSIVE, None, (), None, None, None, (), (), "no series looks like a loss: 'fps', 'gpu/temp'"
    )
    return report(name, judgement, (), first_step=None, last_step=None, log_interval=None)


#: Everything a stranger could put into a name.
HOSTILE = (
    "[bold red]x[/bold red] \x1b[31mred\x1b]0;title\x07 line\nbreak <script>alert(1)</script> </script><!-- "
    "$\\frac{a}{b}$ `code` |cell| @team #12 \u202egnp.exe\u200b {{ 7*7 }} {% raw %} &amp; '\"> \udcff https://evil.example"
)


def hostile() -> RunReport:
    """The exploded run with hostile text in every field that a log can fill."""
    run = exploded()
    cause = run.causes[0]
    bad_cause = replace(
        cause,
        title=HOSTILE,
        evidence=tuple(replace(e, text=HOSTILE, series=HOSTILE) for e in cause.evidence),
        not_checked=(NotChecked(HOSTILE, HOSTILE, HOSTILE),),
        fixes=(Fix(HOSTILE, HOSTILE, HOSTILE),),
    )
    assert run.onset is not None
    onset = replace(run.onset, series=HOSTILE)
    leading = replace(run.judgement.losses[0], tag=HOSTILE, onset=onset, reason=HOSTILE)
    return replace(
        run,
        name=HOSTILE,
        path=HOSTILE,
        files=(HOSTILE,),
        format=HOSTILE,
        trainer=HOSTILE,
        steps_per_epoch=StepsPerEpoch(1500.0, HOSTILE),
        roles=tuple(replace(r, tag=HOSTILE if i == 0 else r.tag, why=HOSTILE) for i, r in enumerate(run.roles)),
        settings={HOSTILE: Setting(HOSTILE, HOSTILE, HOSTILE)},
        judgement=replace(
            run.judgement,
            loss=HOSTILE,
            losses=(leading,),
            onset=onset,
            precursors=tuple(replace(p, series=HOSTILE, text=HOSTILE) for p in run.judgement.precursors),
            episodes=tuple(replace(e, series=HOSTILE) for e in run.judgement.episodes),
            reason=HOSTILE,
        ),
        diagnosis=Diagnosis(
            causes=(bad_cause, *run.causes[1:]),
            groups=(CauseGroup((HOSTILE, "exploding-gradients"), 0.68, (HOSTILE,)),),
            none_of_these=0.1,
            log_next=(HOSTILE,),
            why_then=(HOSTILE,),
        ),
        restart_from=Checkpoint(50_000, HOSTILE),
        events=(LogEvent("traceback", HOSTILE, HOSTILE, 1, None, 1),),
        repairs=(Repair("x", HOSTILE, HOSTILE),),
        damage=(Damage(HOSTILE, 1, 2, HOSTILE),),
        warnings=(Warning("x", HOSTILE),),
        curves=tuple(replace(c, tag=HOSTILE) if i == 0 else c for i, c in enumerate(run.curves)),
        project=HOSTILE,
    )


def long_names() -> RunReport:
    """Tags of 300 characters without a place to break."""
    tag = "module." * 40 + "weight/grad_norm_very_long"
    run = exploded("n" * 200)
    curves = tuple(replace(c, tag=tag if i == 0 else tag + str(i)) for i, c in enumerate(run.curves))
    assert run.onset is not None
    onset = replace(run.onset, series=tag)
    losses = (replace(run.judgement.losses[0], tag=tag, onset=onset),)
    return replace(
        run, curves=curves, judgement=replace(run.judgement, loss=tag, losses=losses, onset=onset), path="p/" * 200
    )


def without_curves() -> RunReport:
    return replace(exploded("no-curves"), curves=())


SKIPPED = (
    Skipped("logs/history.pkl", "unsafe", "a pickle runs code when it is read; save the history as JSON instead"),
    Skipped("logs/notes.csv", "not-a-log", "no column looks like a step or a loss"),
)


def analysis(*runs: RunReport, skipped: tuple[Skipped, ...] = ()) -> Analysis:
    ordered = sorted(runs, key=lambda run: run.verdict.severity)
    return Analysis(tuple(ordered), skipped, "0.1.0", ("logs",))


def several() -> Analysis:
    return analysis(
        exploded(),
        nan_from_start(),
        climb_to_nan(),
        healthy(),
        healthy("fine-2"),
        val_diverged(),
        crossing_zero(),
        inconclusive(),
        skipped=SKIPPED,
    )


def many(count: int = 200) -> Analysis:
    bad = exploded("bad")
    good = healthy("good")
    return analysis(
        *(replace(bad, id=f"bad-{i}", name=f"sweep/bad-{i}") for i in range(count // 10)),
        *(replace(good, id=f"good-{i}", name=f"sweep/good-{i}") for i in range(count - count // 10)),
    )


ALL = {
    "exploded": lambda: analysis(exploded()),
    "nan_from_start": lambda: analysis(nan_from_start()),
    "climb_to_nan": lambda: analysis(climb_to_nan()),
    "healthy": lambda: analysis(healthy()),
    "val_diverged": lambda: analysis(val_diverged()),
    "crossing_zero": lambda: analysis(crossing_zero()),
    "inconclusive": lambda: analysis(inconclusive()),
    "hostile": lambda: analysis(hostile(), skipped=(Skipped(HOSTILE, "x", HOSTILE),)),
    "long_names": lambda: analysis(long_names()),
    "without_curves": lambda: analysis(without_curves()),
    "several": several,
    "nothing": lambda: analysis(skipped=SKIPPED),
}
