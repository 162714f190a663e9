"""Signals of reinforcement learning and of adversarial pairs: who plays, and how value, policy and return went."""

from __future__ import annotations

import re

import numpy as np

from losslens.causes.facts.nouns import Extent, Start
from losslens.causes.facts.numerics import median, ratio, scatter, smooth
from losslens.causes.facts.signals import Agent
from losslens.model import Role, Run, Series
from losslens.patterns import compiled
from losslens.roles.rivals import halves

CRITIC_WORDS = compiled(
    r"(?<![a-z])(critic(?!al)|value_?loss|q_?loss|qf?\d_?loss|qf_?loss|td_?(loss|error)|bellman|q_?value|vf_?loss)",
    re.I,
)
ACTOR_WORDS = compiled(r"(?<![a-z])(actor|policy_?loss|pg_?loss|policy_?gradient)", re.I)
"""Whole words: a warm-up has a factor, the standard error is none of a temporal difference."""

LEARNT_OFFLINE = compiled(
    r"(?<![a-z])(cql|iql|awr|awac|bcq|bc_loss|expectile|conservative|advantage|q\d?_?(mean|max|min|avg|pred|targets?)"
    r"|(mean|max|min|avg|target)_?q(s|_?values?)?|v_(mean|loss|pred|targets?)|td_?targets?)(?![a-z])",
    re.I,
)
"""Names that learning from a fixed set of transitions logs, without a return: there is no environment to earn it in."""

PLAYED = 2
"""Names of learned values from which, without a return, a run is taken to learn values; one may be chance."""

RL_WORDS = compiled(
    r"(?<![a-z])(ep_rew|episode|rollout/|approx_kl|clip_fraction|explained_variance|return(?!ed))", re.I
)
DISCRIMINATOR_WORDS = compiled(
    r"(^|[/_\s])(d|disc|discriminator|netd|critic)([/_\s]|_?loss|$)|loss_?d(\b|_)|(?<![a-z])errd(?![a-z])", re.I
)
GENERATOR_WORDS = compiled(
    r"(^|[/_\s])(g|gen|generator|netg)([/_\s]|_?loss|$)|loss_?g(\b|_)|(?<![a-z])errg(?![a-z])", re.I
)


ABOUT = 9
"""Returns of which the median is a level."""


def agent_of(run: Run, start: Start | None, extent: Extent) -> Agent | None:
    """Facts of reinforcement learning and GANs; None where the run is neither."""
    tags = list(run.series)
    groups = {c.group for c in run.roles if c.group}
    reward = run.first(Role.REWARD)
    entropy = run.first(Role.ENTROPY)
    critics = [t for t in tags if CRITIC_WORDS.search(in_words(t))]
    actors = [t for t in tags if ACTOR_WORDS.search(in_words(t))]
    rl = bool(run.trainer in ("sb3", "rllib", "cleanrl") or (critics and (reward or actors or entropy)))
    rl = rl or (reward is not None and any(RL_WORDS.search(in_words(t)) for t in tags))
    policy = entropy is not None or run.first(Role.KL) is not None
    rl = rl or (reward is not None and policy)
    offline = [t for t in tags if LEARNT_OFFLINE.search(t) and t not in (*critics, *actors)]
    losses = set(run.tags(Role.TRAIN_LOSS, Role.LOSS_COMPONENT))
    disc = [t for t in tags if t in losses and DISCRIMINATOR_WORDS.search(t)]
    gen = [t for t in tags if t in losses and GENERATOR_WORDS.search(t)]
    apart = halves(sorted(losses))
    gan = bool(apart or (disc and gen) or {"generator", "discriminator"} <= groups or {"generator", "critic"} <= groups)
    if not gan and not rl:
        rl = len(critics) + len(actors) + len(offline) >= PLAYED and bool(critics or actors)
    if not rl and not gan:
        return None
    onset = start.step if start is not None else extent.last_step
    critic = run.series[critics[0]] if critics else None
    kl = run.first(Role.KL)
    told = list(dict.fromkeys(critics + actors + offline + disc + gen + apart))
    d, g = (run.series[disc[0]] if disc else None), (run.series[gen[0]] if gen else None)
    return Agent(
        rl=rl,
        gan=gan,
        reward_change=_shift(reward, onset),
        reward_levels=_levels(reward, onset),
        entropy_end=_end_over_start(entropy),
        kl_peak=float(np.nanmax(kl.value)) if kl is not None and np.isfinite(kl.value).any() else None,
        kl_ratio=_peak_over_before(kl, onset),
        critic_growth=_peak_over_before(critic, onset),
        critic_stayed=_late_over_before(critic, onset),
        critic_tag=critic.tag if critic is not None else None,
        discriminator_end=_end_over_start(d),
        generator_growth=_end_over_start(g),
        why=", ".join(told[:4]) or (reward.tag if reward is not None else ""),
    )


def in_words(tag: str) -> str:
    """``meanReturn`` with its words apart."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", tag)


def _shift(series: Series | None, onset: int) -> float | None:
    if series is None:
        return None
    past, after = series.value[series.step < onset], series.value[series.step >= onset]
    lately = past[-max(3, min(20, past.size // 4)) :]  # of a short past the first episodes are no level
    a, b, spread = median(lately), median(after[-20:]), scatter(past[-50:])
    if a is None or b is None:
        return None
    change = float((b - a) / max(spread or 0.0, 0.05 * abs(a), 1e-9))
    best = float(smooth(past, ABOUT).max()) if past.size >= 2 * ABOUT else a
    return min(change, 0.0) if b < best - (spread or 0.0) else change  # back from a depth is no improvement


def _levels(series: Series | None, onset: int) -> tuple[float, float, float, int] | None:
    """Level of a return just before the onset, at the end, and the highest that it came to after it, with its step."""
    if series is None:
        return None
    past, now = series.value[series.step < onset], series.step >= onset
    lately = past[-max(3, min(20, past.size // 4)) :]
    before, end, after = median(lately), median(series.value[now][-20:]), series.value[now]
    if before is None or end is None:
        return None
    course = smooth(after, ABOUT) if after.size >= 2 * ABOUT and np.isfinite(after).all() else np.array([end])
    top = int(np.argmax(course))
    at = int(series.step[now][top]) if course.size == after.size else int(series.step[-1])
    return before, end, float(course[top]), at


def _end_over_start(series: Series | None) -> float | None:
    if series is None or len(series) < 4:
        return None
    head = median(np.abs(series.value[: max(2, len(series) // 10)]))
    tail = median(np.abs(series.value[-max(2, len(series) // 10) :]))
    return ratio(tail, head)


def _late_over_before(series: Series | None, onset: int) -> float | None:
    """Level of the points after the onset but its peak, where there are a few, over that before it."""
    if series is None:
        return None
    past = median(np.abs(series.value[series.step < onset][-50:]))
    after = np.abs(series.value[series.step > onset])
    return ratio(median(after), past) if np.isfinite(after).sum() >= ABOUT else None


def _peak_over_before(series: Series | None, onset: int) -> float | None:
    if series is None:
        return None
    past = median(np.abs(series.value[series.step < onset][-50:]))
    after = np.abs(series.value[series.step >= onset])
    after = after[np.isfinite(after)]
    return ratio(float(after.max()), past) if after.size else None
