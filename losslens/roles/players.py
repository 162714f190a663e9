"""The losses of a game: which of them are those of two nets that play against each other, or of actor and critic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from losslens.roles.names import GAN_PLAYERS, RL_PLAYERS, words

if TYPE_CHECKING:
    from losslens.roles.losses import Candidate

#: What a loss is called that one net earns by deceiving another.
ADVERSARIAL = words("gan adv adversarial")
#: Several discriminators, each with its generator, may be called by a letter ahead of theirs: "VD" and "VG", "ID" and
#: "IG". One such pair may be anything.
LEAST_PAIRS = 2
_SHORT = 3


def players_of(candidates: Sequence[Candidate]) -> dict[str, str]:
    """tag -> player, where the losses are those of a game (GAN) or of actor and critic (RL)."""
    by_tag = {c.tag: c.player for c in candidates if c.player} or _in_pairs(candidates)
    present = set(by_tag.values())
    if len(present & GAN_PLAYERS) == 2:
        return _totals_of_players(candidates, {t: p for t, p in by_tag.items() if p in GAN_PLAYERS})
    if len(present & RL_PLAYERS) == 2 or ("critic" in present and "temperature" in present):
        keep = RL_PLAYERS
        return _totals_of_players(candidates, {t: p for t, p in by_tag.items() if p in keep})
    return {}


def _in_pairs(candidates: Sequence[Candidate]) -> dict[str, str]:
    """tag -> player, where losses are named alike but for a D and a G at their end."""
    short = {c.qualifier[0]: c.tag for c in candidates if c.named_loss and len(c.qualifier) == 1}
    pairs = [w[:-1] for w in short if 1 < len(w) <= _SHORT and w.endswith("d") and f"{w[:-1]}g" in short]
    if len(pairs) < LEAST_PAIRS:
        return {}
    sides = (("d", "discriminator"), ("g", "generator"))
    return {short[f"{of}{letter}"]: who for of in pairs for letter, who in sides}


def plays(c: Candidate) -> str:
    """The side of a game that the only loss of a log is of: the others may have been written elsewhere."""
    adversarial = any(word in ADVERSARIAL for word in c.qualifier)
    return "adversarial" if adversarial else c.player if c.player in GAN_PLAYERS | RL_PLAYERS else ""


def _totals_of_players(candidates: Sequence[Candidate], by_tag: Mapping[str, str]) -> dict[str, str]:
    """Of several losses of one player (``G_adv_loss``, ``G_total_loss``) the least qualified; the rest stay terms."""
    lengths = {c.tag: len(c.qualifier) for c in candidates}
    out = {}
    for who in dict.fromkeys(by_tag.values()):
        mine = [t for t, p in by_tag.items() if p == who]
        least = min(lengths[t] for t in mine)
        out.update({t: who for t in mine if lengths[t] == least})
    return out
