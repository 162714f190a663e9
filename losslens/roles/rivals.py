"""Whether some losses are a discriminator's two halves: what it makes of real samples, and of made ones."""

from __future__ import annotations

import re
from collections.abc import Iterable

from losslens.patterns import compiled

FAKE = compiled(r"(?<![a-z])(?:fake|generated)(?![a-z])", re.IGNORECASE)


def halves(tags: Iterable[str]) -> list[str]:
    """Names of losses that differ in "fake" and "real" alone, as "dis_vid_fake" and "dis_vid_real" do."""
    known = {tag.lower(): tag for tag in tags}
    pairs = [(name, FAKE.sub("real", name)) for name in known if FAKE.search(name)]
    return [known[name] for pair in pairs if pair[1] in known for name in pair]
