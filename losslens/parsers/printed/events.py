"""Lines of a job's output that say something happened: how it died, what was skipped, where it saved."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from losslens.model import LogEvent, Warning
from losslens.parsers.printed.nan import SAYS_NAN, is_thrown_nan, last_words_of_nan, stops_for_nan
from losslens.patterns import compiled

#: Kind of log event, and the words that announce it in the trainers' own messages. The first that fits is taken. Whole
#: words: who is presuming resumes nothing, and a checkpoint that is uploaded is not loaded.
EVENTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, compiled(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            "out-of-memory",
            r"out of memory|OutOfMemoryError|can(?:no|')t allocate memory|\boom[-_ ]kill|ResourceExhausted"
            r"|std::bad_alloc|CUBLAS_STATUS_ALLOC",
        ),
        ("hardware", r"\bNVRM: Xid|\bXid \(|uncorrectable ECC|\bECC error|GPU has fallen off|device-side assert"),
        (
            "nccl",
            r"NCCL (?:error|timeout|WARN)|ncclSystemError|ncclInternalError|Watchdog caught collective"
            r"|ProcessGroupNCCL.*time",
        ),
        ("killed", r"DUE TO TIME LIMIT"),
        (
            "preemption",
            r"DUE TO PREEMPTION|\bpreempt(?:ed|ion notice)|slurmstepd: error|received SIGTERM",
        ),
        ("interrupted", r"KeyboardInterrupt"),
        (
            "killed",
            r"^Killed\b|\b(?:task \d+:|\d+) +Killed\b|\bsignal 9\b|SIGKILL|exit code -9\b"
            r"|Segmentation fault|core dumped",
        ),
        (
            "skipped-step",
            r"(?<!number of )\bskipp(?:ing|ed) (?:the )?(?:step|update|batch|iteration)|step (?:was )?skipped",
        ),
        (
            "overflow",
            r"\boverflow\b.*(?:scale|skip|grad)|gradient overflow|OVERFLOW!|reducing loss scale|Minimum loss scale",
        ),
        ("nan-message", SAYS_NAN.pattern),
        (
            "restart",
            r"\bresum(?:e|ing|ed) (?:from|training|(?:at|epoch|iteration|step)\b)"
            r"|\bcontinuing training (?:from|at)"
            r"|\brestor(?:e|ing|ed) (?:from|parameters|(?:all )?states|checkpoint"
            r"|model(?! weights from the end of the best))"
            r"|\b(?:re-?)?load(?:s|ing|ed)? "
            r"(?:the |a |last |latest |previous |saved |best |model |optimi[sz]er |training )*"
            r"(?:checkpoint|ckpt|state[ _]?dict|states? from|weights from)|\[Checkpointer\] Loading from",
        ),
        (
            "checkpoint",
            r"(?<!listeners before )(?<!listeners after )\bsav(?:ing|ed) (?:model |the )*(?:checkpoint|state|model)"
            r"|\bcheckpoint saved|wrote checkpoint",
        ),
        (
            "finished",
            r"\b(?:pre-?|re)?training (?:completed|complete|finished|done)\b|\bfinished training|Training took ",
        ),
    )
)
#: A line with none of these cannot be an event; looking for them first spares most lines the patterns.
_ALERTS = (
    *("memory", "oom", "exhausted", "bad_alloc", "cublas_", "xid", " ecc", "fallen off", "device-side", "nccl"),
    *(
        "watchdog",
        "preempt",
        "due to time",
        "slurmstepd",
        "sigterm",
        "kill",
        "signal 9",
        "exit code -9",
        "segmentation",
    ),
    *("core dumped", "keyboardinterrupt", "skipp", "overflow", "loss scale", "nan", " inf", "finite", "explod"),
    *(
        "diverged",
        "invalid loss",
        "floatingpoint",
        "resum",
        "restor",
        "loading ",
        "loaded ",
        "load ",
        "continuing tr",
        "saving",
        "saved",
        "checkpoint",
        "training ",
    ),
)
#: The last line of a Python traceback names the exception: "ValueError: shapes differ".
EXCEPTION = compiled(r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Interrupt|Exit)\b(?::|$)")
TRACEBACK = "Traceback (most recent call last)"
#: What a launcher or a container puts before every line, up to the one blank that belongs to it.
_STAMP = compiled(r"\A(?:\[[A-Za-z_]* ?\d+\]: ?|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\dZ+:-]* )*")
#: Keras prints what a callback says behind the progress bar of the batch, on its line.
_BESIDE_BAR = compiled(r"\A.*[━=>.]{5}.*?(?=\bBatch \d+: |(?<=\d)Batch \d+: )")
#: Most events of one kind kept a file; a job that overflows at every step says so often enough with these …
MOST_OF_A_KIND = 100
#: … and the checkpoint to go back to may be a late one.
MOST_CHECKPOINTS = 1000
#: … and of messages that may be its last, as many more.
LAST_WORDS = "last words"


_GOES_ON = compiled(r"resum|continu|optimi[sz]er", re.IGNORECASE)
_TOLD_STEP = compiled(
    r"(?:\b(?:step|iter(?:ation)?)\W{0,3}|\bcheckpoints? for |\bcheckpoint-|\b(?:global_?)?step=?_?)(\d+)\b",
    re.IGNORECASE,
)


def initialises(text: str) -> bool:
    """Whether a line that says that something saved was loaded does not speak of going on with a training."""
    return _GOES_ON.search(text) is None


def told_step(text: str) -> int | None:
    """The step that a message names; None when it names none."""
    found = _TOLD_STEP.search(text)
    return int(found[1]) if found else None


def event_kind(text: str) -> str | None:
    """The kind of log event a cleaned line announces, or None."""
    low = text.lower()
    if not any(word in low for word in _ALERTS) or "checkpoint shards" in low:
        return None  # the weights that a training starts from are read: no resume, and no message
    kind = next((kind for kind, pattern in EVENTS if pattern.search(text)), None)
    return "nan-message" if kind is None and is_thrown_nan(text) else kind


@dataclass
class Messages:
    """The events of one output, found line after line."""

    path: Path
    events: list[tuple[LogEvent, int]] = field(default_factory=list)
    """Each with its place: what the caller counts, such as the records read before it."""
    dropped: int = 0
    _kinds: Counter[str] = field(default_factory=Counter)
    _in_traceback: bool = False
    _open: bool = False
    """The last event is an exception whose text goes on on the next line."""

    @property
    def in_traceback(self) -> bool:
        """Whether the lines of a traceback are being read."""
        return self._in_traceback

    def take(self, raw: str, text: str, number: int, wall_time: float | None, place: int) -> bool:
        """Note what a line announces; True when it says nothing else. ``text`` is ``raw`` without prefixes."""
        if self._open:
            self._open = False
            event, at = self.events[-1]
            whole = f"{event.text} {text}"
            if is_thrown_nan(whole):
                self.events[-1] = replace(event, kind="nan-message", text=whole[:300]), at
                return True
        if TRACEBACK in text:
            self._in_traceback = True
            return True
        if self._in_traceback:
            # Not the cleaned line: the prefix of a logger looks like the module of an exception.
            said = _STAMP.sub("", raw, count=1)
            if said.startswith((" ", "\t", "|")):
                return True
            said = said.strip()
            self._in_traceback = False
            if EXCEPTION.match(said):
                kind = event_kind(said) or "traceback"
                self._add(kind, said, number, wall_time, place)
                self._open = kind == "traceback" and said.endswith(":") and self.events[-1][0].line == number
                return True
        told = event_kind(text)
        if told in (None, "nan-message") and "Error: " in raw:
            said = _STAMP.sub("", raw, count=1).strip()
            if EXCEPTION.match(said) and is_thrown_nan(said):
                told, text = "nan-message", said
        if told is None:
            return False
        self._add(told, text, number, wall_time, place)
        # "NaN loss at step 12: loss: nan" is a record too.
        return told not in ("nan-message", "overflow", "skipped-step", "checkpoint")

    def told_nan(self, number: int) -> bool:
        """Whether the line of this number, the last that was taken, says that something is not finite."""
        return bool(self.events) and self.events[-1][0].kind == "nan-message" and self.events[-1][0].line == number

    def take_back(self) -> None:
        """Forget the last event, unless it says how the program ended: it was a line of numbers like others."""
        if not stops_for_nan(self.events[-1][0]):
            self._kinds[self.events.pop()[0].kind] -= 1

    def note(self, kind: str, text: str, number: int, place: int) -> None:
        """An event that the caller found."""
        self._add(kind, text, number, None, place)

    def recount(self, left: Sequence[int]) -> None:
        """Places are counted anew: of the first n of what the caller counts, ``left[n]`` are left."""
        self.events = [(event, left[min(place, len(left) - 1)]) for event, place in self.events]

    def _add(self, kind: str, text: str, number: int, wall_time: float | None, place: int) -> None:
        self._kinds[kind] += 1
        text = _BESIDE_BAR.sub("", text, count=1)
        event = LogEvent(kind, text[:300], str(self.path), wall_time=wall_time, line=number)
        if self._kinds[kind] > (MOST_CHECKPOINTS if kind == "checkpoint" else MOST_OF_A_KIND):
            if not last_words_of_nan(event) or self._kinds[LAST_WORDS] >= MOST_OF_A_KIND:
                self.dropped += 1
                return
            self._kinds[LAST_WORDS] += 1  # what a job dies of is said last
        self.events.append((event, place))

    def warnings(self) -> list[Warning]:
        if not self.dropped:
            return []
        return [Warning("many-messages", f"{self.dropped} more messages of the same kinds not listed")]
