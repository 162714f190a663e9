"""Several trainings that one program printed one after the other: folds, seeds, a sweep, a list of models.

What tells them is that the count begins again and that each has a name of its own: at the beginning of its lines
("LSTM_e2 Epoch 1: …", "[fold 3] epoch 1 …") or in a heading above them ("=== resnet18 ===", "Fold 2", "lr=0.01"). A job
that was resumed names what it named before, and does not begin again. Where nothing is named, the numbers decide
whether a training goes on or another begins; that is not looked at here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby, islice, pairwise

from losslens.parsers.printed.names import bare
from losslens.parsers.printed.records import Record
from losslens.parsers.printed.starts import level_is_back
from losslens.parsers.printed.swept import SWEPT, swept
from losslens.patterns import compiled

#: Words that name a training among several: which part of the data, which attempt, which settings.
_OF_A_SERIES = (
    r"folds?|k-?fold|seed|random[ _]?seed|trial|run|experiment|exp|config(?:uration)?|model|variant|repeat|repetition"
    r"|rep|replicate|combination|combo|cv|cross[ -]?validation|architecture|arch|backbone|network|net|method"
    r"|optimi[sz]er|baseline|ablation|candidate|grid(?: point)?|hyper-?param(?:eter)?s?(?: set)?|param(?:eter)?s"
)
_BEGINS = (
    r"^\W*(?:(?:start\w*|begin\w*|running|run|search\w*|now|current|currently|using|with|for|train\w*|processing|fit\w*|on)\W+)"
    r"{0,4}"
)
_NAMED = compiled(rf"{_BEGINS}(?P<key>{_OF_A_SERIES})\b\W{{0,4}}(?P<what>\w.*?)?\W*$", re.IGNORECASE)
_SETTING = compiled(
    rf"{_BEGINS}(?P<key>{SWEPT})['\"]?\s*(?:[:=]|\bis\b|\bof\b|->)?\s*"
    r"(?P<what>['\"]?[\w.+-]+(?:['\",;|\s]+[A-Za-z_]\w*['\"]?\s*[:=]\s*['\"]?[\w.+-]+)*)\W*$",
    re.IGNORECASE,
)
#: "Training resnet18 …", "Start training of LSTM": the one word behind is a name.
_TRAINING = compiled(
    r"^\W*(?:start\w*\W+|begin\w*\W+|now\W+)?(?P<key>train)ing\W+(?:(?:of|with|the|a|an)\W+)*"
    r"(?P<what>[\w./+-]+(?: (?!on (?:cuda|gpu|cpu|mps|tpu))[\w./+-]+){0,2})(?: on (?:cuda|gpu|cpu|mps|tpu)[\w:]*)?\W*$",
    re.IGNORECASE,
)
#: Keras Tuner's "0.01   |0.001   |lr": a value of this trial, the best one so far, and what it is of.
_TRIED = compiled(r"^(?P<what>[\w.+-]+) *\|[\w.+?-]+ *\|(?P<key>[A-Za-z_][\w/]*)$")
#: "第 1 折": the first fold.
_FOLD = compiled(r"(?P<what>第\s*[\d一二三四五六七八九十]{1,3}\s*折)")
_RULE = compiled(r"[=*#~_-]{5,}")
_BANNER = compiled(r"^(?P<key>[=*#~-]{2,}|[+|]{2,})\s*(?P<what>[^=*#~+|\s-].{0,60}?)\s*[=*#~+|-]{2,}$")
#: What stands in a heading that is no name of a training: its end, its parts, its results.
_NO_NAME = compiled(
    r"epoch|\bround|phase|stage|\btask\b|cycle|iter|step|resum|restor|result|eval|valid|\btest|summary|finish|done|complet"
    r"|best|saved?|saving|load|took|time|accuracy|\bacc\b|loss|score|metric|data|start(?:ed|ing)?$|begins?$|loop|progress"
    r"|config$|settings$|param(?:eter)?s$|total|device|cuda|gpu|early|stopp",
    re.IGNORECASE,
)
LONGEST_HEADING = 100
#: What names a training among those that run at once: layers, heads and agents of one training have numbers too.
_OF_ONE = compiled(
    rf"(?:{_OF_A_SERIES}|{SWEPT}|job|process|member)(?![A-Za-z])[ _=:#-]*[\w.+-]*\d|\d+[_-]?shots?(?![A-Za-z])",
    re.IGNORECASE,
)
_NUMERAL = compiled(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?", re.IGNORECASE)
#: So often, at least, as there are trainings that run at once another one prints; and so many may run.
TURNS, MOST_AT_ONCE = 2, 500
_DIGITS = str.maketrans("123456789", "0" * 9)
#: Headings kept of one output: what prints more of them prints something else.
MOST_HEADINGS = 5000


#: "========== Training started ==========", "Starting training for 30 epochs...", and none that says which epoch.
_BEGUN = compiled(
    r"(?!.*(?:epoch\W*\d|resum|restor|checkpoint|finish|complet|stage|phase|round|cycle|iter|generator|discriminator|fold))"
    r"\W*(?:\w+\W+){0,2}?"
    r"(?:(?:start(?:ed|ing|s)?|begin(?:ning|s)?|launch(?:ing|ed)?)\s+(?:the\s+)?(?:model\s+)?train(?:ing)?"
    r"|train(?:ing)?\s+(?:(?:has|is|was|run|loop|process|job)\s+){0,2}(?:start(?:ed|ing|s)?|beg(?:in|ins|an|un)))\b",
    re.IGNORECASE,
)
#: A training of fewer records than this that was given up is no run of its own.
LEAST_BEGUN = 8
#: Records around a start among which the last counts before it and the first behind it stand.
MOST_BETWEEN = 20
#: What begins to train more often than this in one output does so in every epoch.
MOST_BEGUN = 100


def says_begun(text: str) -> bool:
    """Whether a cleaned line says that the program begins to train."""
    return len(text) <= LONGEST_HEADING and "train" in text.lower() and _BEGUN.match(text) is not None


@dataclass(frozen=True, slots=True)
class Training:
    """Records ``first <= i < end`` are those of one training; ``first_line`` is where it was announced."""

    name: str
    first: int
    end: int
    first_line: int
    said: tuple[str, ...] = ()
    """The headings that are its own."""


@dataclass(frozen=True, slots=True)
class _Heading:
    key: str
    what: str
    text: str
    line: int
    before: int
    """How many records stand before it."""
    banner: bool = False
    """Drawn like a heading, and saying nothing of what it names."""


@dataclass
class Headings:
    """The lines of an output that may announce a training."""

    found: list[_Heading] = field(default_factory=list)
    _ruled: int = -1
    """The line of the last rule: what stands under it may be a heading."""

    def is_under_rule(self, line: int) -> bool:
        """Whether a line may be a heading because of the one above it."""
        return self._ruled == line - 1

    def see(self, text: str, line: int, before: int) -> None:
        """A cleaned line that holds no numbers of a training."""
        if len(text) > LONGEST_HEADING or len(self.found) > MOST_HEADINGS:
            return
        if _RULE.fullmatch(text):
            self._ruled = line
            return
        if self._ruled != line - 1 and not _may_announce(text.translate(_DIGITS)):
            return
        banner = _BANNER.match(text)
        inner = banner["what"] if banner else text
        key = banner["key"][:3] if banner else "=" if self._ruled == line - 1 else ""
        if tried := _TRIED.match(text):
            name = f"{tried['key']}={tried['what']}"
            self.found.append(_Heading(tried["key"].lower(), tried["what"].lower(), name, line, before))
            return
        if fold := _FOLD.search(inner):
            self.found.append(_Heading("fold", fold["what"], fold["what"], line, before))
            return
        named = _NAMED.match(inner) or _SETTING.match(inner)
        match = named or _TRAINING.match(inner)
        if match and match["what"] and not _NO_NAME.search(match["what"]):
            name = bare(inner[match.start("key") :] if named else match["what"])
            self.found.append(_Heading(match["key"].lower(), match["what"].strip().lower(), name, line, before))
        elif key and not _NO_NAME.search(inner):
            self.found.append(_Heading(key, inner.lower(), bare(inner), line, before, banner=True))

    def recount(self, left: Sequence[int]) -> None:
        """Records were taken out: of the first n of them, ``left[n]`` are left."""
        self.found = [replace(h, before=left[min(h.before, len(left) - 1)]) for h in self.found]


def may_announce(text: str) -> bool:
    """Whether a line may be a heading, or stand above one."""
    return bool(_RULE.fullmatch(text)) or _may_announce(text.translate(_DIGITS))


@lru_cache(maxsize=4096)
def _may_announce(shape: str) -> bool:
    """Whether lines of a shape may be headings: no pattern tells one digit from another, and most lines come again."""
    banner = _BANNER.match(shape)
    inner = banner["what"] if banner else shape
    return bool(banner or any(p.match(inner) for p in (_NAMED, _SETTING, _TRAINING, _TRIED)) or _FOLD.search(inner))


def in_turn(records: Sequence[Record]) -> list[int] | None:
    """The order that puts one training after the other where several that ran at once printed in turn.

    None where they did not: each name is a training's own, has a count that rises, and takes turns with the others.
    """
    named = [record.name for record in records]
    first = {name: i for i, name in reversed(list(enumerate(named)))}
    if "" in first or not 2 <= len(first) <= MOST_AT_ONCE or len({_form_of(name) for name in first}) > 1:
        return None
    turns = sum(a != b for a, b in pairwise(named)) + 1
    lowest = _lowest(records)
    if turns < TURNS * len(first) or lowest is None or not all(_OF_ONE.match(name) for name in first):
        return None
    order = sorted(range(len(records)), key=lambda i: (first[named[i]], i))
    for _, rows in groupby(order, key=lambda i: named[i]):
        counts = [count for i in rows if (count := _count(records[i])) is not None]
        if len(set(counts)) < 2 or counts[0] > lowest or any(b < a for a, b in pairwise(counts)):
            return None
    return order


def _form_of(name: str) -> str:
    return _NUMERAL.sub("0", name)


def trainings_in(
    records: Sequence[Record],
    headings: Sequence[_Heading],
    resumed: Sequence[tuple[int, int]],
    begun: Sequence[tuple[int, str]] = (),
) -> list[Training]:
    """The trainings that the records of one output are of; one without a name where nothing says that there are more.

    ``resumed`` says where the program told that it goes on with what it had saved: records before it, and its line;
    ``begun`` are the lines on which it said that it begins, with what they say.
    """
    found = (
        _by_their_lines(records)
        or _by_headings(records, headings, resumed)
        or _by_their_settings(records, resumed)
        or _by_their_starts(records, begun, resumed)
        or _by_their_size(records, resumed)
    )
    return found or [Training("", 0, len(records), 0)]


def _by_their_lines(records: Sequence[Record]) -> list[Training]:
    """One training a name, where each name stands on the lines of one stretch whose count begins with it."""
    counts = Counter(record.name for record in records if record.name)
    if len(counts) < 2 or sum(counts.values()) < 0.3 * len(records):
        return []
    named = [(i, record.name) for i, record in enumerate(records) if record.name]
    stretches = [(name, [i for i, _ in part]) for name, part in groupby(named, key=lambda item: item[1])]
    if len(stretches) != len(counts):
        return []
    count: Callable[[Record], float | None] = _count
    lowest = _lowest(records)
    if not any(_count(record) is not None for record in records):  # "[fold 2] 12/50" counts up to a total
        count, lowest = _counted_to, min((record.n for record in records if record.n is not None), default=None)
    starts = [rows[0] for _, rows in stretches]
    begins = [count(records[i]) for i in starts]
    if lowest is None or any(begin is None or begin > lowest for begin in begins):
        return []
    # Each name of several stands above a count that rises: single lines are a table of results.
    if max(len({count(records[i]) for i in rows}) for _, rows in stretches) < 2:
        return []
    edges = [0, *starts[1:], len(records)]
    return [
        Training(name, first, end, records[first].line if first else 0)
        for (name, _), (first, end) in zip(stretches, pairwise(edges), strict=True)
    ]


def _by_headings(
    records: Sequence[Record], headings: Sequence[_Heading], resumed: Sequence[tuple[int, int]]
) -> list[Training]:
    """One training a heading, where the count begins again behind each and no two headings are the same."""
    announced = {h.before for h in headings if not h.banner}
    starts = list(_starts(records, announced)) if headings else []
    counts: Callable[[Record], float | None] = _count
    if headings and not starts:
        starts, counts = list(_first_bars(records, announced)), _drawn
    if len(starts) < 2:
        return []
    gaps = _gaps(records, headings, starts, counts)
    placed = {id(h) for gap in gaps for h in gap}
    # A first training may have no name: the one that those of the folds begin from.
    ahead = 1 if not gaps[0] and len(starts) > 2 else 0
    # What is printed in the middle of trainings too, such as the rate of each epoch, announces none.
    keys = {h.key for h in gaps[ahead]} - {h.key for h in headings if h.before <= starts[-1] and id(h) not in placed}
    after = [
        any(gap and gap[0].line < line and at == start for at, line in resumed)
        for start, gap in zip(starts, gaps, strict=True)
    ]
    if any(after) and not after[0]:
        return []
    now: dict[str, str] = {}
    seen: set[tuple[tuple[str, str], ...]] = set()
    told: list[dict[str, _Heading]] = []
    for gap in gaps[ahead:]:
        mine = {h.key: h for h in gap if h.key in keys}
        now |= {h.key: h.what for h in mine.values()}
        who = tuple(sorted(now.items()))
        if not mine or who in seen:
            return []
        seen.add(who)
        told.append((told[-1] if told else {}) | mine)
    several = {key for key in keys if len({one[key].what for one in told if key in one}) > 1}
    out = [Training("", starts[0], starts[1], 0)] if ahead else []
    edges = [*starts, len(records)][ahead:]
    for (first, end), gap, one in zip(pairwise(edges), gaps[ahead:], told, strict=True):
        chosen = [h for key, h in one.items() if key in several]
        name = ", ".join(dict.fromkeys(h.text for h in chosen))
        out.append(Training(name, first, end, gap[0].line, tuple(h.text for h in chosen)))
    return out


def _by_their_settings(records: Sequence[Record], resumed: Sequence[tuple[int, int]]) -> list[Training]:
    """One training a set of settings, where each line says them and the count begins again with others."""
    starts = list(_starts(records, frozenset()))
    if not starts or any(0 < at <= starts[-1] for at, _ in resumed):
        return []
    edges = list(pairwise([*starts, len(records)]))
    told = swept([[r.values for r in records[first:end] if _count(r) is not None and r.values] for first, end in edges])
    return [
        Training(", ".join(said), first, end, records[first].line if first else 0, said)
        for (first, end), said in zip(edges if told else [], told, strict=True)
    ]


def _by_their_starts(
    records: Sequence[Record], told: Sequence[tuple[int, str]], resumed: Sequence[tuple[int, int]]
) -> list[Training]:
    """One training a time that the program says that it begins to train and its count is back at the beginning.

    ``told`` are the lines that say so; those are looked at that say it as it was said ahead of the first record. A
    training of a few records that was given up joins the one behind it, unless the loss is back at its first level.
    """
    lines = [record.line for record in records]
    if len(told) < 2 or not records or any(b < a for a, b in pairwise(lines)):
        return []
    first_said = {text.translate(_DIGITS) for line, text in told if line < lines[0]}
    begun = [line for line, text in told if text.translate(_DIGITS) in first_said]
    lowest = min((record.epoch for record in records if record.epoch is not None), default=None)
    first = next((count for record in records if (count := _within(record)) is not None), 0.0)
    if not 1 < len(begun) <= MOST_BEGUN:
        return []
    resumes = {at for at, _ in resumed}
    announced = sorted({bisect_left(lines, line) for line in begun} - {0, len(records)} - resumes)
    starts = [0]
    for at in announced:
        if (at - starts[-1] >= LEAST_BEGUN or level_is_back(records, at)) and _begins_again(records, at, lowest, first):
            starts.append(at)
    edges = [*starts, len(records)]
    parts = [[record for record in records[first:end] if _within(record) is not None] for first, end in pairwise(edges)]
    if len(parts) < 2 or not (lowest is not None or len({_within(part[-1]) for part in parts[:-1] if part}) > 1):
        return []  # what is begun again and again and ends at one count each time are epochs
    first_lines = [next(line for line in reversed(begun) if line < lines[at]) for at in starts]
    return [
        Training(f"attempt-{number}", first, end, line if first else 0)
        for number, ((first, end), line) in enumerate(zip(pairwise(edges), first_lines, strict=True), 1)
    ]


def _begins_again(records: Sequence[Record], at: int, lowest: float | None, first: float) -> bool:
    """Whether the count of the records from ``at`` on is behind that of those before, and where a count begins.

    ``lowest`` is the first epoch of the output, where it says any, and ``first`` its first count.
    """
    before = next((r for r in reversed(records[max(0, at - MOST_BETWEEN) : at]) if _within(r) is not None), None)
    behind = [r for r in islice(records, at, at + MOST_BETWEEN) if _within(r) is not None]
    if before is None or not behind:
        return False
    if behind[0].epoch is not None and lowest is not None and behind[0].epoch > lowest:
        return False
    counts = [count for r in behind if (count := _within(r)) is not None]
    gap = next((b - a for a, b in pairwise(counts) if b > a), 0.0)
    last = _within(before)
    back = (before.epoch or 0.0) > (behind[0].epoch or 0.0) or (last is not None and counts[0] < last)
    return back and counts[0] <= max(first, gap)


def _within(record: Record) -> float | None:
    """What a record counts within its epoch, or all that it counts."""
    if record.aside:
        return None
    count = record.step if record.step is not None else record.n
    return record.epoch if count is None else float(count)


def _by_their_size(records: Sequence[Record], resumed: Sequence[tuple[int, int]]) -> list[Training]:
    """One training a number of batches an epoch, where the epochs begin again with another: other data or batches."""
    starts = list(_starts(records, frozenset()))
    if len(starts) < 2 or any(0 < at <= starts[-1] for at, _ in resumed):
        return []
    parts = [records[first:end] for first, end in pairwise([*starts, len(records)])]
    sizes = [Counter(r.of for r in part if r.of is not None and r.epoch is not None).most_common(1) for part in parts]
    if not all(sizes):
        return []
    begun = [i for i in range(1, len(starts)) if sizes[i][0][0] != sizes[i - 1][0][0]]
    if not begun:
        return []
    edges = [0, *(starts[i] for i in begun), len(records)]
    return [
        Training(f"attempt-{number}", first, end, records[first].line if first else 0)
        for number, (first, end) in enumerate(pairwise(edges), 1)
    ]


def _gaps(
    records: Sequence[Record],
    headings: Sequence[_Heading],
    starts: Sequence[int],
    counts: Callable[[Record], float | None],
) -> list[list[_Heading]]:
    """The headings right above each start: no count is printed between them and it."""
    gaps: list[list[_Heading]] = [[] for _ in starts]
    at = 0
    for heading in headings:
        while at < len(starts) and starts[at] < heading.before:
            at += 1
        if at == len(starts):
            break
        if not any(counts(record) is not None for record in records[heading.before : starts[at]]):
            gaps[at].append(heading)
    return gaps


def _starts(records: Sequence[Record], announced: Set[int]) -> Iterator[int]:
    """Records at which the count begins again, the first included; ``announced`` are those behind a heading."""
    lowest = _lowest(records)
    last: float | None = None
    for i, record in enumerate(records):
        count = _count(record)
        if count is None or lowest is None:
            continue
        if last is None or (count <= lowest and (last > lowest or i in announced)):
            yield i
        last = count


def _first_bars(records: Sequence[Record], announced: Set[int]) -> Iterator[int]:
    """Bars that begin again right behind a heading, in an output that counts neither epochs nor steps.

    Keras does not say the epoch of a training that has but one. Without a heading, a bar that begins again is the next
    epoch.
    """
    last: int | None = None
    for i, record in enumerate(records):
        count = _drawn(record)
        if count is None:
            continue
        if last is None or (i in announced and count < last):
            yield i
        last = count


def _drawn(record: Record) -> int | None:
    return record.n if record.kind in ("keras", "bar") and not record.aside else None


def _count(record: Record) -> float | None:
    return record.epoch if record.epoch is not None else None if record.step is None else float(record.step)


def _counted_to(record: Record) -> float | None:
    return None if record.n is None or record.aside else float(record.n)


def _lowest(records: Sequence[Record]) -> float | None:
    """Where the count of the output begins; None where some lines count epochs and others steps alone."""
    by_epoch = [record.epoch for record in records if record.epoch is not None]
    by_step = [float(record.step) for record in records if record.step is not None and record.epoch is None]
    if by_epoch and by_step:
        return None
    return min(by_epoch or by_step, default=None)
