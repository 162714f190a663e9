"""Whether a file is a job's output: looked for in its head, its middle and its end.

Output may begin with megabytes of settings, warnings and a drawing of the network, and end with a traceback; the
numbers of the training are somewhere in between. A window costs a read and a search; only one that holds something
like a number of a training is taken apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

from losslens.languages import said
from losslens.parsers.opening import HEAD_BYTES, framing_at
from losslens.parsers.printed.bars import bar_and_message, is_bar, is_broken
from losslens.parsers.printed.best import KIND as BEST
from losslens.parsers.printed.best import best_in, may_tell_best
from losslens.parsers.printed.blocks import Blocks
from losslens.parsers.printed.lines import LEAST_SOURCE, as_step, clean, counts_ahead, is_source, quotes_source
from losslens.parsers.printed.pasted import passed_on, records_of
from losslens.parsers.printed.records import Record, read_record
from losslens.parsers.printed.speaking import may_speak_of_training, measures, speaks_of_training
from losslens.parsers.printed.tables import Tables
from losslens.parsers.wrapped import output_file, output_head, output_part, wrapping_of
from losslens.patterns import compiled, compiled_bytes

#: A file is a job's output when one statement of the program printed training numbers at least this often.
LEAST_RECORDS = 3
#: Under names that say nothing to losslens, a statement must have printed numbers at its places this often.
LEAST_UNNAMED = 20
#: A line with so many named numbers is no prose.
MANY_NAMES = 4
#: How many windows of 64 KiB are looked at behind the head, evenly over the file, the last at its end.
WINDOWS = 24
#: Windows that are taken apart; where so many held such words and no record, they are source code or prose.
MOST_TAKEN_APART = 8
#: A window whose lines are bars but for this share is one of bars.
BETWEEN = 0.2
#: A line whose form was seen this often and never held a number of a training is not taken apart again.
BORING = 8
#: How much of a file is searched for such lines when no window of it tells, and how many of them are taken apart.
MOST_SEARCHED, MOST_LOSS_LINES = 1 << 23, 200
#: How much of such a line is read before the word and behind it.
ON_BOTH_SIDES = 250
_LOSS_AND_NUMBER = compiled_bytes(rb"loss['\"]?\s?[:=]?\s?\d", re.IGNORECASE)
_LINE_END = compiled_bytes(rb"[\r\n]")
OUTPUT_SUFFIXES = frozenset(["", ".log", ".out", ".err", ".txt", ".stdout", ".stderr", ".o", ".gz"])
#: What a window holds at least so often as a statement must have printed; looked for in lower case. Each begins with a
#: plain word, which is found many times faster than one of several: most text that is no log is passed over here.
_NUMBERS = tuple(
    compiled_bytes(pattern)
    for pattern in (
        rb"loss\w*['\"]?(?:[\s:=(\[]{1,4}|\s(?:is|so far)\W)[-\d]",
        *(rb"%s(?<!\w%s)\W{1,3}\d" % (word, word) for word in (b"epoch", b"step", b"iter", b"ep")),
        *(rb"%s(?<!\w%s)\W{1,3}\d" % (word, word) for word in (b"iters", b"iteration", b"iterations")),
        rb"<(?<=\d:\d\d<)",
        rb"perplexity(?<=\d\sperplexity) estimate",  # gensim's LDA
        rb"\nresult for \S+:",  # Ray Tune prints a block a result, behind what all its workers have to say
    )
)
_NUMBER = compiled(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")
#: Lines with none of these cannot hold a named number: most lines of most outputs are passed over here.
WORTH_READING = compiled(
    rf"[:=|\]第]|loss|{said('loss', 'cost')}|objective|acc|lr |epoch|(?:iter(?:ation)?|step|batch) \d|^train \d"
    r"|^valid \d|^\d+ (?:train|val|test|eval)|^tensor\(|^\s*\d+/\d+\s+[\d.]+G\s|^\s*\d+ \d+% \(|\(\d+ \d+%\)\s"
    r"|^\W*[^\W\d]+\s+(?:\d[\d./]*k?|[-+]?nan)(?:[\s,]|$)|^\s*\d+\s+\|?[a-z][\w/.|]*\s+[-+]?(?:[\d.]+|nan|inf)\S*\s|^[a-z][\w/.]*,\d+,[a-z]"
    r"|^\d+_-?(?:\d+\.\d|nan|inf)|^-?[\d.]+ per-word ",
    re.IGNORECASE,
)
_SPEED = compiled(r"(?:global_)?(?:steps?|it(?:er)?s?|samples?|examples?|batches|tokens)/s(?:ec(?:ond)?)?")
_WORD = compiled(r"[A-Za-z]{2}")
_DIGIT = compiled(r"\d|nan|inf", re.IGNORECASE)
#: Lines of source; sentences begin with "from:", "if", "for" and "let" as well.
_SOURCE_CODE = compiled(
    r"^\s*(?:(?:def|import|function) \w|from [\w.]+ import\b|class \w+\s*[:({]|return\b|#include"
    r"|(?:for|if)\b(?:\s*\(|.*[:{;]\s*$|.*\bthen$)|(?:const|let|var) \w+\s*[=:;])"
)


def has_records(path: Path, head: bytes) -> bool:
    """True when one statement printed training numbers three times in one window of the file."""
    printed = path.suffix.lower() in OUTPUT_SUFFIXES
    if records_in(output_head(head), behind_source=printed):
        return True
    wrapping = wrapping_of(head)
    if len(head) < HEAD_BYTES or not (printed or wrapping):
        return False
    bare = framing_at(path).bare
    promising = (part for part in _windows(path, head) if _has_numbers(part))
    between: list[str] = []
    for part in islice(promising, MOST_TAKEN_APART):
        text = bare(output_part(part, wrapping))
        if records_in(text, behind_source=True):
            return True
        between += _between_bars(text)
    return records_in("\n".join(between), behind_source=True) or (
        printed and not wrapping and records_in(bare("\n".join(_lines_of_losses(path))))
    )


def _lines_of_losses(path: Path) -> list[str]:
    """The lines of a file that hold the word and a number, where a program prints thousands of others between them."""
    if path.suffix.lower() == ".gz":
        return []
    with path.open("rb") as file:
        text = file.read(MOST_SEARCHED)
    lines: list[str] = []
    end = 0
    for match in _LOSS_AND_NUMBER.finditer(text):
        if match.start() < end or len(lines) == MOST_LOSS_LINES:
            continue
        before = max(end, match.start() - ON_BOTH_SIDES)
        first = max(text.rfind(b"\n", before, match.start()), text.rfind(b"\r", before, match.start()), before - 1) + 1
        closed = _LINE_END.search(text, match.end(), match.end() + ON_BOTH_SIDES)
        end = closed.start() if closed else min(len(text), match.end() + ON_BOTH_SIDES)
        lines.append(bar_and_message(text[first:end].decode("utf-8", "replace"))[1])
    return lines


def _between_bars(text: str) -> list[str]:
    """The lines of a window that is full of redrawn bars, also those that stand behind a bar on its line: an epoch of
    bars may fill the window and print a single line."""
    lines = text.replace("\r", "\n").split("\n")
    left = []
    for line in lines:
        message = bar_and_message(line)[1] if is_bar(line) else line
        if message.strip() and not is_bar(message):
            left.append(message)
    return left if len(left) < BETWEEN * len(lines) else []


def _has_numbers(part: bytes) -> bool:
    lower = part.lower()
    return any(sum(1 for _ in islice(pattern.finditer(lower), LEAST_RECORDS)) == LEAST_RECORDS for pattern in _NUMBERS)


def _windows(path: Path, head: bytes) -> Iterator[bytes]:
    if path.suffix.lower() == ".gz":
        # There is no way to the middle of a gzip but through its beginning.
        for block, _ in zip(output_file(path).blocks(), range(2), strict=False):
            yield block.encode("utf-8", "replace")[-HEAD_BYTES:]
        return
    with path.open("rb") as file:
        size = file.seek(0, 2)
        room = size - len(head)
        count = min(WINDOWS, -(-room // HEAD_BYTES))
        starts = [len(head) + (room - HEAD_BYTES) * i // max(1, count - 1) for i in range(count)]
        for start in sorted(max(len(head), s) for s in starts):
            file.seek(start)
            yield file.read(HEAD_BYTES)


def records_in(text: str, *, behind_source: bool = False) -> bool:
    """Whether the text, cut anywhere, holds lines of a training's output.

    Where it may stand ``behind_source``, the program's own, which some print first of all, that is left out; else a
    text full of source holds none.
    """
    templates: Counter[tuple[str, ...]] = Counter()
    unnamed: Counter[tuple[str, ...]] = Counter()
    counted: dict[tuple[str, ...], float] = {}
    boring: Counter[str] = Counter()
    code = lines = 0
    placed = False
    broken = above = ""
    tables, blocks = Tables(), Blocks()
    whole = passed_on(text.replace("\r\n", "\n").replace("\r", "\n"))
    if counts_ahead("\n".join(whole)):
        whole = [as_step(line) for line in whole]
    for raw in _records_of(_behind_source(whole) if behind_source else whole):
        lines += 1
        code += _SOURCE_CODE.match(raw) is not None and not quotes_source(above)
        above = raw
        if lines > 200 and code > 0.2 * lines:
            return False
        inside, result = blocks.take(raw)
        if result is not None and speaks_of_training(result):
            templates[(result.kind,)] += 1
            if templates[(result.kind,)] >= LEAST_RECORDS:
                return code <= 0.2 * lines
        form = _NUMBER.sub("0", raw)
        if inside or boring[form] >= BORING:
            continue
        if may_tell_best(raw) and best_in(clean(raw).text) is not None:
            templates[(BEST,)] += 1
            if templates[(BEST,)] >= LEAST_RECORDS:
                return code <= 0.2 * lines
            continue
        drawn, record = tables.take(raw)
        if not drawn:
            boring[form] += _WORD.search(form) is not None
            if not broken and (not WORTH_READING.search(raw) or not _DIGIT.search(raw)):
                continue
            text, broken = f"{broken} {clean(raw).text}" if broken else clean(raw).text, ""
            if is_broken(text):
                broken = text
                continue
            record = read_record(text)
        if record is None:
            continue
        if not drawn and (speaks_of_training(record) or is_place(record) or may_speak_of_training(record)):
            del boring[form]
        if speaks_of_training(record):
            template = ("table",) if drawn else record.template  # cells of a drawn table may be blank
            templates[template] += 1
            # One epoch's line has a place and a loss, or follows a line with its place; without a place it takes more
            # to tell output from prose, if it does not give one number after the other.
            plain = record.kind or placed or len(record.values) >= MANY_NAMES
            if templates[template] >= (LEAST_RECORDS if plain else 2 * LEAST_RECORDS):
                return code <= 0.2 * lines
            placed = placed and not record.kind
        elif is_place(record):
            placed = True
        elif may_speak_of_training(record) and measures(record):
            name, first = next(iter(record.values.items()))
            # Of what has a place a line may say more than the next one does: "train: 0.3", "train: 0.3 | valid: 0.4".
            template = (record.kind, record.form, name) if record.kind else record.template
            on = bool(record.kind) or first > counted.get(template, -1.0)
            unnamed[template] = unnamed[template] + 1 if on else 0
            counted[template] = first
    return code == 0 and any(count >= LEAST_UNNAMED for count in unnamed.values())


def _records_of(lines: list[str]) -> Iterator[str]:
    return (record for line in lines for record in records_of(line))


def _behind_source(lines: list[str]) -> list[str]:
    """The lines behind the last of a program; all where there is none."""
    source = [i for i, (above, line) in enumerate(pairwise(["", *lines])) if is_source(line, above)]
    return lines[source[-1] + 1 :] if len(source) >= LEAST_SOURCE else lines


def is_place(record: Record) -> bool:
    """A line that says where the training is, and nothing else but how fast it goes."""
    placed = record.kind in ("step", "epoch", "episode", "generation")
    return placed and all(key == "learning_rate" or _SPEED.fullmatch(key) for key in record.values)


def counts_names_and_numbers(record: Record) -> bool:
    """ "20 total 1.169 pde 1.11 lr 8e-3" holds a count without an end, and then nothing but names and numbers."""
    plain = record.kind == "count" and record.step is not None and record.form == " "
    return plain and len(record.values) > 1 and measures(record)
