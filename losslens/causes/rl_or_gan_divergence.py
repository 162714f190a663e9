"""A game ran away: overestimated values, a collapsed policy, or a discriminator that won.

What the log shows
    Values: the critic's loss grows exponentially while the return is flat or falls, the actor's loss goes far
    negative. Policy: KL and clip share spike, entropy goes to zero, actions become NaN. GAN: the discriminator's
    loss goes to zero while the generator's climbs, or both swing wider. For language models under PPO or GRPO: KL,
    length or reward run away while the loss stays near zero.

Why runs do this
    The targets move with the learner. Bootstrapped values feed on their own overestimates; a policy step too large
    spoils its own data; a perfect discriminator gives no gradient.

What else looks like this
    A value loss that rises while the return improves is normal: the targets grow. Adversarial losses wander by
    nature.

What to try first
    Normalise observations and rewards; lower rates; a KL target; double critics and slower target nets; a gradient
    penalty.

Sources
    Fujimoto et al. 2018, TD3, https://arxiv.org/abs/1802.09477. Mescheder et al. 2018, Which training methods for
    GANs do actually converge?, https://arxiv.org/abs/1801.04406. https://github.com/ray-project/ray/issues/7923,
    https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix/issues/335
"""

from __future__ import annotations

from losslens.causes import remedies
from losslens.causes.facts.nouns import Facts
from losslens.causes.signs import gradient, impossible, leap, loss, rate, restarts, rise, thrown
from losslens.causes.signs.build import Found, log_ramp, missing, num, ramp, sign, times, told, where
from losslens.model import Fix, NotChecked, Sign, Verdict

CAUSE = "rl-or-gan-divergence"
TITLE = "A learning game ran away (RL or GAN)"
LATE = (
    "what learns from each other (generator and discriminator, policy and value) holds for as long as neither is far "
    "ahead; the balance drifts without a trace in the loss, until one of them is lost"
)
LEVEL = "mechanism"
SOURCES = (
    "https://arxiv.org/abs/1802.09477",
    "https://arxiv.org/abs/1801.04406",
    "https://github.com/ray-project/ray/issues/7923",
    "https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix/issues/335",
)

UNPLAYED = 0.15
"""What it says that a run is a game where no point of its loss is finite: it was lost before anyone got ahead."""

LARGE_KL = 0.05
"""Approximate KL per update above which a policy step was too large (PPO implementations aim at 0.01 to 0.03)."""


def _is_game(f: Facts, d: int) -> Found:
    if f.agent is None:
        return None
    kind = "reinforcement learning" if f.agent.rl else "an adversarial pair"
    never = f.nonfinite is not None and f.nonfinite.pattern in ("from-first", "unseen")
    text = f"this run trains {kind} ({f.agent.why})"
    text += ", though neither player was seen to train" if never else ""
    return sign("is-a-game", d, UNPLAYED if never else 0.8, text)


SUPERVISED = ("val_loss", "accuracy", "val_accuracy")
"""Roles that a supervised training logs. Without one of them a bare loss may be anything, a game too."""

SUPERVISING = frozenset(
    (
        *("hf", "keras", "ultralytics", "fastai", "timm", "detectron2", "mmengine", "mmcv", "fairseq", "nanogpt"),
        *("megatron", "torchtitan", "torchtune", "llama-factory", "catboost", "lightgbm", "xgboost"),
    )
)
"""Trainers of supervised learning; a game played with one of them logs its players or its reward."""


def _no_game(f: Facts, d: int) -> Found:
    if f.agent is not None:
        return None
    if any(role in f.roles for role in SUPERVISED):
        return sign("no-game", d, 1.0, "validation or accuracy is logged, as in supervised training")
    if f.trainer in SUPERVISING:
        return sign("no-game", d, 1.0, f"the log is that of {f.trainer}, a trainer of supervised learning")
    return sign("no-game", d, 0.3, "no reward or second player is logged")


STAYED = 1.5
"""Times its level of before that the loss of a value must keep after a spike to have grown."""


def _critic(f: Facts, d: int) -> Found:
    a = f.agent
    if a is None or a.critic_growth is None:
        return None
    text = f"{a.critic_tag} rose to {times(a.critic_growth)} its level after the onset"
    strength = log_ramp(a.critic_growth, 3.0, 30.0)
    if a.critic_stayed is not None and a.critic_stayed < STAYED and f.verdict is Verdict.SPIKE_RECOVERED:
        return None  # up and back: nothing that was learned from each other ran away
    return sign("critic-grew", d, strength, text, series=a.critic_tag, value=a.critic_growth)


def _reward(f: Facts, d: int) -> Found:
    a = f.agent
    if a is None or not a.rl:
        return None
    if a.reward_change is None:
        return missing("return-fell", "reward")
    spreads = f"{num(round(-a.reward_change, 2))} of its own spreads"
    text = f"the return fell by {spreads}, from {_returned(f, way=True)}"
    return sign("return-fell", d, ramp(-a.reward_change, 0.0, 3.0), text, value=a.reward_change)


BELOW_ITS_BEST = 0.7
"""Share of what a return had gained below which its end is not all that is to be said of it."""


def _returned(f: Facts, *, way: bool) -> str:
    """ "0.04 to 2,300 in the end, by way of 4,376 at step 993,280": where a return came from, went and stands."""
    if f.agent is None or f.agent.reward_levels is None:
        return "one level to another"
    before, end, best, step = f.agent.reward_levels
    lost = way and best > before and end - before < BELOW_ITS_BEST * (best - before)
    return f"{num(before)} to {num(end)} in the end{f', by way of {num(best)} at {where(f, step)}' if lost else ''}"


def _improving(f: Facts, d: int) -> Found:
    a = f.agent
    if a is None or a.reward_change is None:
        return None
    text = f"the return still improved, from {_returned(f, way=True)}: a rising value loss is normal then"
    return sign("return-improves", d, ramp(a.reward_change, 0.5, 3.0), text, value=a.reward_change)


def _policy(f: Facts, d: int) -> Found:
    a = f.agent
    if a is None or not a.rl:
        return None
    if a.kl_ratio is not None and a.kl_peak is not None and a.kl_peak > LARGE_KL and a.kl_ratio > 2:
        return sign(
            "policy-stepped-too-far",
            d,
            log_ramp(a.kl_ratio, 2.0, 10.0),
            f"KL rose {times(a.kl_ratio)}, to {num(a.kl_peak)}",
        )
    if a.entropy_end is not None and a.entropy_end < 0.2:
        text = f"the policy's entropy fell to {times(a.entropy_end)} its start: collapsed"
        return sign("policy-stepped-too-far", d, ramp(a.entropy_end, 0.2, 0.03), text)
    return None


def _discriminator_won(f: Facts, d: int) -> Found:
    a = f.agent
    if a is None or not a.gan or a.discriminator_end is None or a.generator_growth is None:
        return None
    text = (
        f"the discriminator's loss went to {times(a.discriminator_end)} its start, "
        f"the generator's to {times(a.generator_growth)}"
    )
    strength = log_ramp(max(a.discriminator_end, 1e-6), 0.6, 0.1) * log_ramp(a.generator_growth, 1.2, 3.0)
    return sign("discriminator-won", d, strength, text, value=a.discriminator_end)


def look(facts: Facts) -> tuple[Sign | NotChecked, ...]:
    return told(
        impossible.impossible(facts, CAUSE, +1),
        thrown.weights_thrown(facts, -1),
        _is_game(facts, +1),
        _critic(facts, +1),
        _reward(facts, +1),
        _policy(facts, +1),
        _discriminator_won(facts, +1),
        _no_game(facts, -1),
        _improving(facts, -1),
        rise.gradual(facts, +1),
        rise.levelling_rise(facts, +1),
        rise.rose_in_one_point(facts, -1),
        None if facts.rate is None else rate.rate_jumped(facts, -1),
        loss.nan_abrupt(facts, -1),
        restarts.restarted(facts, -1),
        gradient.weights_grew_instead(facts, -1),
        rise.runs_downward(facts, -1),
        leap.leaped(facts, -1),
    )


def _kept(f: Facts) -> tuple[Fix, ...]:
    """Nothing to do first, where the return rose on after a spike."""
    a = f.agent
    if f.verdict is not Verdict.SPIKE_RECOVERED or a is None or (a.reward_change or 0.0) < IMPROVED:
        return ()
    return (
        Fix(
            "Nothing, while the return rises; keep the policy of the best return",
            "EvalCallback(env, best_model_save_path='best')",
            "model.save('best.keras')  # where the return is the highest so far",
        ),
    )


IMPROVED = 0.5
"""Spreads of its own by which a return that rose has improved beyond doubt."""


def fixes(facts: Facts) -> tuple[Fix, ...]:
    if facts.agent is not None and facts.agent.gan and not facts.agent.rl:
        return (
            Fix(
                "Hold the discriminator back: R1 or gradient penalty, a lower rate for it, noise on its inputs",
                "r1 = torch.autograd.grad(d(real).sum(), real, create_graph=True)[0].square().sum((1, 2, 3)).mean()",
                (
                    "with tf.GradientTape() as t: t.watch(real); s = d(real)\nr1 = "
                    "tf.reduce_mean(tf.square(t.gradient(s, real)))"
                ),
            ),
            Fix(
                "Look for a trivial cue that tells real from generated (padding, borders, value range)",
                "show(real[:16]); show(fake[:16])",
                "show(real[:16]); show(fake[:16])",
            ),
            *remedies.lowered(facts),
        )
    return (
        *_kept(facts),
        Fix(
            "Normalise observations and rewards",
            "env = stable_baselines3.common.vec_env.VecNormalize(env)",
            "norm = keras.layers.Normalization(); norm.adapt(observations)",
        ),
        Fix(
            "Keep policy steps small: a KL target, fewer epochs per batch, gradient clipping",
            "PPO(..., target_kl=0.02, max_grad_norm=0.5, n_epochs=4)",
            remedies.keras_with("'global_clipnorm': 0.5"),
        ),
        Fix(
            "Slow the bootstrap: two critics and their minimum, a slower target net, clipped targets",
            "target = torch.min(q1_target, q2_target); tau = 0.005",
            "target = keras.ops.minimum(q1_target, q2_target)",
        ),
        *remedies.lowered(facts),
    )
