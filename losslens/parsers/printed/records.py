"""What one line of a job's output says: where the training is, and the numbers it prints there.

Dialects differ in how they write the place, for which ``counts`` has a table, and the numbers ("loss: 0.5",
"loss=0.5", "Loss 0.50 (0.61)", "'loss': 0.5"). Each is one line of the tables below.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from losslens.languages import said
from losslens.parsers.printed.alone import SPLITS, beside_fields, told_alone
from losslens.parsers.printed.commands import is_command
from losslens.parsers.printed.counts import A_UNIT, EPISODE, EPOCH, NAME, UNIT, place_at, place_in
from losslens.parsers.printed.headings import VALIDATION
from losslens.parsers.printed.laps import lap_of
from losslens.parsers.printed.lists import of_other_split
from losslens.parsers.printed.names import name_on
from losslens.parsers.printed.respelled import ROUND, respelled
from losslens.parsers.printed.statistics import with_its_name
from losslens.parsers.printed.unsaid import as_nan
from losslens.parsers.printed.whole_trainings import TRAININGS, counts_trainings
from losslens.parsers.printed.wholes import NO_NUMBER, NUMBER, float_of, int_of, lone_tensor, whole_line
from losslens.patterns import compiled

_WORD = rf"(?:\dD )?{NO_NUMBER}[^\W\d][\w/.@+-]*"
_PAIR = compiled(
    r"(?:(?<![\w/.-])|(?<=\s-)(?-i:(?=[A-Z][a-z])))"
    rf"(?P<quote>['\"]?)(?P<key>{_WORD}(?:'s)?(?: {_WORD}| #\d+){{0,3}})(?P=quote)"
    r"(?:\s*\([\w .%/]*\))?\s*(?:[:=]>?|->)\s*(?:tensor\(|np\.float\d+\(|array\(|[\[(]|['\"])?\s*"
    rf"(?P<num>{NUMBER})(?!\d|:\d|-\d|\.\d|\w*_)(?:\s*\(\s*(?P<avg>{NUMBER})\s*\))?",
    re.IGNORECASE,
)
_SPACED = compiled(
    r"(?<![\w/.-])(?P<key>(?:[A-Za-z][A-Za-z0-9]*_){0,3}"
    r"(?:(?:train(?:ing)?|val|valid|validation|test|eval|avg|average|mean|total|running|[gd]|lm)[ _])?"
    rf"(?:(?:{said('validation', 'train', 'test', 'mean', 'total')})[ _]?)?"
    rf"(?:(?:loss|{said('loss', 'cost')})\w*|(?:{said('accuracy', 'learning rate')})(?:_\w+)?|ppl|perplexity"
    r"|acc(?:uracy)?(?:@\d)?|lr|learning rate|bpc|bpb|bleu|wer|err(?:or)?|grad[ _]?norm|gnorm|norm"
    r"|(?:log|pseudo)[ -]likelihood|inertia"
    r"|xent|cost|objective|bce|mfu|prec@\d|top-?[15]|reward|kl(?:[ _-]div(?:ergence)?)?|entropy"
    r"|mae|mse|rmse|nll|elbo|return|dice|iou|miou|psnr|f1|l\.r\."
    r"|alpha))"
    r"(?:\s?\((?:mean|avg|average|total|sum)\))?"
    rf"\s+(?:so far\s+)?(?:(?:is|was|of)\s+)?(?P<num>{NUMBER})(?![\w.]*\w_)(?:\s*\(\s*(?P<avg>{NUMBER})\s*\))?",
    re.IGNORECASE,
)
#: "[40] loss 0 0.53": a whole number between a name and its number counts something, such as losses.
_BEHIND_A_COUNT = compiled(
    r":?\s+(?P<num>[-+]?\d*\.\d+(?:e[-+]?\d+)?|nan\b|inf\b)(?!\s?(?:%|m?s\b|sec|it\b|it/|x\b)|[\w/:])", re.IGNORECASE
)
#: "it 10  total 2.5  depth 0.9  aux .1": nothing but names and numbers, and no sign between them.
_IN_TURN = compiled(
    rf"(?:\[[A-Za-z ]+\])?[\s,;|:·\])>-]*(?:[A-Za-z]+[\s:|]+)??"
    rf"(?:(?:(?:losses|loss):\s+)?(?:{NAME}\s+{NUMBER}{UNIT}|\d[\d.]*{A_UNIT})(?:[\s,;|·]+|$))+",
    re.IGNORECASE,
)
_TURN = compiled(rf"(?:(?P<of>loss(?:es)?):\s+)?(?P<key>{NAME})\s+(?P<num>{NUMBER})", re.IGNORECASE)
#: Short for the losses of both splits where they stand side by side.
_BOTH_SPLITS = {"tl": "train loss", "vl": "val loss"}
IS_LOSS = compiled(
    rf"loss|{said('loss', 'cost')}|cost|error|nll|nloglik|^-\s?(?:log|ln)|xent|objective"
    r"|perplexity|ppl|mse|elbo|bce|(?<![a-z])mae(?![a-z])",
    re.IGNORECASE,
)
#: What ``print(loss)`` makes of a tensor: "tensor(1.79, device='cuda:0', grad_fn=<NllLossBackward0>)".
_TENSOR = compiled(rf"\btensor\(\[?\s*({NUMBER})\s*\]?(?:,(?!\s*[-+.\d])[^()]*)?\)", re.IGNORECASE)
#: "| nll_loss 8.0 | ppl 300 |": between bars a name and a number need no sign between them.
_BARRED = compiled(rf"\|\s*(?P<key>{_WORD}(?: {_WORD}){{0,2}})\s+(?P<num>{NUMBER})(?P<avg>)\s*(?=\||$)", re.IGNORECASE)
#: "|g| 4.83", "(|grad|=3.1)": the size of a gradient, as it is written by hand.
_SIZE = compiled(
    rf"(?<!\w)(?P<key>(?P<bars>\|{{1,2}})(?:d?g|grads?|gradient|dL|∇\w*)(?P=bars))\s*[:=]?\s*(?P<num>{NUMBER})(?P<avg>)",
    re.IGNORECASE,
)
#: "total loss is 3.01, inference loss is 1.10, decay loss is 1.91": where a line says so of several, each has its name.
_IS = compiled(rf"(?<![\w/.-])(?P<key>(?:[A-Za-z][\w-]*[ ]){{0,3}}?loss) is (?P<num>{NUMBER})(?P<avg>)", re.IGNORECASE)
_SAID_OF_SEVERAL = compiled(r"\bloss is .*\bloss is ")
#: "Generator loss 1.52 Discriminator loss 0.48": the same without any sign.
_OF_EACH = compiled(
    r"(?<![\w/.-])(?P<key>(?!(?:and|at|has|is|of|the|with) )[A-Za-z][\w-]* loss)"
    rf"\s+(?P<num>{NUMBER})(?![\w.]*\w_)(?P<avg>)",
    re.IGNORECASE,
)
#: "-logL/n = 1.62": what is minimised where a likelihood is to rise.
_NEGATIVE = compiled(
    r"(?<![\w-])(?P<key>-\s?(?:log|ln)[ _-]?(?:L|lik|likelihood)(?:/\w+)?|-(?:ELBO|MLL|LL|evidence)(?:/\w+)?)"
    rf"\s*[:=]?\s*(?P<num>{NUMBER})(?P<avg>)",
    re.IGNORECASE,
)
_MINUS = compiled(r"(?<![\w-])-\s?[A-Za-z]")
#: "[Loss] 0.31 | [step] 120": the names in brackets, their numbers behind.
_IN_BRACKETS = compiled(rf"\[(?P<key>{_WORD})\]\s+(?P<num>{NUMBER})(?=\s*(?:[|,;\[]|$))", re.IGNORECASE)
#: "Cost after iteration 5: 0.31", as a well-known course prints it.
_AFTER = compiled(
    rf"(?P<key>cost|loss|error|score(?= at iteration))\b[a-z ]*\d+\s*(?:[:=]|is\b)\s*(?P<num>{NUMBER})(?!:?\d)"
    r"(?P<avg>)",
    re.IGNORECASE,
)
#: Deeplearning4j's word for the value of the loss function.
_SCORE = {"Score": "Score (loss)"}
#: "epoch 3:577.97" in a file whose name says what the number is.
#: "12: 2.6512 (|g|=3.1)": the same with more in brackets behind it.
_BARE = compiled(
    r"\s*[:=,>-]{0,2}\s*(?P<num>[-+]?\d*\.\d+(?:e[-+]?\d+)?|nan|[-+]?inf)"
    rf"(?P<more>(?:(?:,\s*|\s+){NUMBER})*)\s*(?:$|(?<=\s)(?=\(\|?[A-Za-z]))",
    re.IGNORECASE,
)
#: "Epoch  0, Step  10: [0.512, 0.623]": several such in the brackets of a list.
_BARE_LIST = compiled(
    r"\s*[:=,>-]{0,2}\s*\[\s*(?P<num>[-+]?\d*\.\d+(?:e[-+]?\d+)?|nan|[-+]?inf)"
    rf"(?P<more>(?:(?:,\s*|\s+){NUMBER}){{1,7}})\s*,?\s*\]\s*$",
    re.IGNORECASE,
)
NAMELESS = "value"
#: What CatBoost calls the best value on its last data set up to a line.
BEST = "best"
#: darknet's heads print their terms each by itself, several times a step.
_HEAD = compiled(r"\bRegion (?P<head>\d+) Avg\b")
_CELL = compiled(rf"\s*(?P<num>{NUMBER})\s*\|", re.IGNORECASE)
#: "Evaluating test: L1 0.03", "Evaluating train: L1 0.03": of which data the evaluation is.
_EVALUATED = compiled(r"\b(evaluat(?:ing|ion) (?:on |of )?(?:train|test|val)\w*)\s*:", re.IGNORECASE)
#: "Evaluated 10/287 with L2 loss 0.3", "Inference batch 12: loss 0.3": what a program says of its work.
_WORKED = compiled(
    r"\W?(evaluated|validat(?:ed|ing)|tested|inference|inferring|predict(?:ed|ing)|scor(?:ed|ing))\W+"
    r"(?:on )?(?:(?:batch|sample|image|clip|video|case|item|example|sequence|subject)(?:es|s)?\W{1,3})?\d",
    re.IGNORECASE,
)
#: What TensorFlow's Estimator says when it has evaluated.
_SAVED = compiled(r"^Saving (dict) for global step ")
#: WeNet's word for its validation.
_CROSS = compiled(r"(CV) ")
#: Split words as they are said everywhere else.
_SAID = {
    "cv": "val",
    "验证": "val",
    "测试": "test",
    "evl": "eval",
    "dict": "eval",
    "validated": "val",
    "validating": "val",
    "tested": "test",
}
_SAID |= dict.fromkeys(("evaluated", "inference", "inferring", "predicted", "predicting", "scored", "scoring"), "eval")
#: "54200 quick_eval ppl 19.36 loss 2.96": of what data all numbers behind a bare step are.
_KIND = compiled(r"\d+\s+(?:[a-z]+_)?(valid|val|test|eval)\w*(?=\s+[A-Za-z])", re.IGNORECASE)
#: Heads of the parts of a line: "train: loss=0.5 acc=0.6 | valid (3 s): loss=0.7 acc=0.8", "loss=0.5 [valid] loss=0.7".
#: What follows one, up to the next, was measured on its data.
_PART_OF_LINE = compiled(
    r"(?:(?:^|[|;,/]|\s-|\s{2}|(?<=\d)\s)\s*(?P<head>train(?:ing)?|valid(?:ation)?|val|test(?:ing)?|dev|eval(?:uation)?)"
    r"(?:\s*\([^()]*\))?\s*:|(?<=\S)\s*\[(?P<marked>valid(?:ation)?|val|dev)\](?=\s))"
    r"(?=\s*[\[({]?['\"]?[A-Za-z_][\w/.@]*(?: [A-Za-z_][\w/.@]*){0,2}['\"]?\s*(?:[:=]|\s)\s*[-+]?\.?\d)",
    re.IGNORECASE,
)
SPLIT_IN_KEY = compiled(
    rf"{said('train', 'validation', 'test')}|(?<![a-z])(?:train(?:ing)?|val|valid(?:ation)?|eval\w*|test|dev)(?![a-z])"
    r"|(?<![a-z])(?:held|hold)[ _-]?out(?![a-z])",
    re.IGNORECASE,
)
#: "[trainer.cc:348]" names a line of the program.
_SOURCE_FILE = compiled(r"\.(?:py|cc|cpp|cu|cuh|c|h|rs|go|lua|jl|java)$", re.IGNORECASE)
#: Words before a number that say nothing about it: "INFO root loss: 0.5" is the loss.
_NOISE = compiled(
    r"^(?:(?:s\.|info|debug|true|false|none|root|and|with|the|is|then|mean of|current|model diverged with"
    r"|[a-z]+/s(?:ec)?|(?:done|finished|completed?|over|ended|saved)\.)\s+)+",
    re.IGNORECASE,
)
#: Lines that differ in their digits alone are of one shape; longer ones are not remembered.
_DIGITS = str.maketrans("123456789", "0" * 9)
LONGEST_SHAPE = 1000
_TAKEN = b"\x01"
_HOW_LONG = compiled(r"(?:(?:epoch|train(?:ing)?|elapsed|total|run|wall)[ _-]?)?time|elapsed|duration", re.IGNORECASE)
#: Names whose number is a duration, a version, or the place itself.
_UNTOLD = frozenset(
    ["eta", "step", "v_num", "epoch", "epochs", "end of epoch", "max_epochs", "best_epoch", "last best"]
)
#: A learning rate under the letter that textbooks give it; what is left of the time is no such number.
_RATE = compiled(r"(?:0?\.\d+|\d\.?\d*e-\d+)(?![\w.])", re.IGNORECASE)
_SHORT = {"trl": "train loss", "tel": "test loss", "L.r.": "learning rate"}
"""llm.c and its heirs write `s:10 trl:3.2 tel:3.3 norm:0.3`, Marian `Cost 5.3 : L.r. 1e-4`."""


_OTHER_WORK = compiled(
    r"map|load|token|generat|eval|valid|test|filter|process|cast|flatten|sav|extract|predict|sampl|fetch"
    # what libraries say while they prepare their data: "Truncating train dataset", "Adding EOS to train dataset"
    r"|^\W*(?:add|build|truncat|drop|pack|encod|writ|read|index|comput|collect|prepar|creat|convert|apply|cach)\w*ing\b",
    re.IGNORECASE,
)
#: How fast a bar is that goes through data, or a file, and trains nothing: "1000/1000 [00:00<00:00, 810 examples/s]".
_SPEED_OF_DATA = compiled(r"[^\]]*[\s\d](?:examples|rows|files|docs|[kMG]?i?B)/s[\],]")


@dataclass(slots=True)
class Record:
    """One line that says numbers. ``kind`` is the place's kind ("" where the line names none)."""

    kind: str
    values: dict[str, float] = field(default_factory=dict)
    step: int | None = None
    epoch: float | None = None
    n: int | None = None
    of: int | None = None
    epochs: int | None = None
    wall_time: float | None = None
    line: int = 0
    form: str = ""
    """How the line writes its numbers: "loss=1", "loss 1" and "| loss 1 |" are different statements."""
    name: str = ""
    """What the line says of which training it is, where one output may hold several."""
    aside: bool = False
    """A progress bar of something else than the training: data being mapped, an evaluation."""
    batch: int | None = None
    """How far an evaluation has come, which has no place of its own."""
    unsaid: tuple[str, ...] = ()
    """The names in whose place the line has a word for no number; their values are NaN until the output has told."""
    lap: int | None = None
    """What the label of a progress bar may count."""
    episode: int | None = None
    """What the line says of its episode beside its steps, which may be those that the episode took."""

    @property
    def template(self) -> tuple[str, ...]:
        """Lines printed by one statement of the program share it."""
        return _template(self.kind, self.form, tuple(self.values))


@lru_cache(maxsize=4096)
def _template(kind: str, form: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return (kind, form, *sorted(names))


_EVALUATING = compiled(r"\[Eval batch=\d+/\d+\]")


def read_record(text: str) -> Record | None:
    """The place and the numbers of a cleaned line; None when it has neither."""
    if (spelled := as_nan(text)) is not None and (record := read_record(spelled)) is not None and record.kind:
        record.unsaid = tuple(key for key, value in record.values.items() if value != value)
        return record
    if "tensor(" in text:
        if (lone := lone_tensor(text)) is not None:
            form, number, count = lone
            return Record("" if count is None else "count", number, step=count, form=form)
        text = _TENSOR.sub(r"\1", text)
    if "Namespace(" in text or is_command(text):
        return None  # what a program was started with
    if "Eval batch=" in text and _EVALUATING.match(text):
        return None  # Composer counts the batches of an evaluation; its numbers stand below, at the training's batch
    if "> " in text:
        text = with_its_name(text)
    text = respelled(text)
    if (whole := whole_line(text)) is not None:
        return Record(whole.kind, whole.values, step=whole.step, epoch=whole.epoch, batch=whole.batch)
    shape = text.translate(_DIGITS)
    place_pattern, has_values = _parts(shape) if len(shape) <= LONGEST_SHAPE else (place_in(text[:LONGEST_SHAPE]), True)
    if place_pattern is None and not has_values:
        return None
    place = place_at(text, place_pattern)
    values, form = _values(text, place[2] if place else None)
    if place is None:
        if head := _HEAD.search(text):
            values = {f"region {head['head']}/{name}": value for name, value in values.items()}
        return Record("", values, form=form) if values else None
    kind, match, _ = place
    groups = match.groupdict()
    record = Record(kind, values, form=form)
    # A bar's place begins with what is drawn before it.
    record.name = name_on(text, match.start("epoch" if kind == "bar" and groups.get("epoch") else 0))
    if kind == "epoch" and all(map(_HOW_LONG.fullmatch, values)):
        record.values = {}  # a heading that tells beside the epoch how long it took
    record.step = int_of(groups.get("step"))
    if unit := groups.get("unit"):
        record.step = round(float(groups["many"]) * (1_000_000 if unit == "M" else 1_000))
    record.n, record.of = int_of(groups.get("n")), int_of(groups.get("N"))
    record.batch = int_of(groups.get("batch"))
    data = kind == "bar" and _SPEED_OF_DATA.match(text, match.end()) is not None
    record.aside = "work" in groups or data or (kind == "bar" and _is_other_work(groups.get("what") or ""))
    if kind == "bar" and counts_trainings(groups.get("what") or ""):
        record.aside, record.name = True, TRAININGS
    record.epochs = int_of(groups.get("epochs"))
    epoch = groups.get("epoch")
    if epoch is None and kind != "epoch" and (found := EPOCH.search(text)):
        epoch = found["epoch"]
    record.epoch = float(epoch) if epoch is not None else None
    record.lap = lap_of(groups.get("what") or "") if kind == "bar" and epoch is None else None
    if kind == "step" and record.of is None and record.epoch is None:
        _take_inner_step(record, match, text)
    if kind == "step" and "pisode" in text and (told := EPISODE.search(text)):
        record.episode = int(told["step"])
    return record


def _is_other_work(what: str) -> bool:
    """Whether a bar is drawn for something else than training; a generator's loss behind it says no such thing."""
    if _OTHER_WORK.search(what) is None:
        return False
    for match in _PAIR.finditer(what):
        if IS_LOSS.search(match["key"]) and not SPLIT_IN_KEY.search(match["key"]):
            what = what.replace(match[0], "")
    return _OTHER_WORK.search(what) is not None


def _take_inner_step(record: Record, place: re.Match[str], text: str) -> None:
    """ "iteration: 3 step: 100/1687": of two counts the one that says its total is the place within the other."""
    inner = place.re.search(text, place.end())
    if inner is None or inner.groupdict().get("N") is None:
        return
    record.epoch, record.step = float(record.step or 0), int_of(inner["step"])
    record.of = int_of(inner["N"])
    record.values.pop(re.split(r"\W", inner[0].strip(), maxsplit=1)[0], None)


@lru_cache(maxsize=4096)
def _parts(shape: str) -> tuple[int | None, bool]:
    """Which pattern finds a place in lines of one shape, and whether one of them may hold a named number.

    No pattern tells one digit from another, and a program prints most of its lines with one statement: the search
    through all patterns is done once for each shape.
    """
    place = place_in(shape)
    return place, place is not None or any(p.search(shape) for p in (_PAIR, _SPACED, _BARRED, _NEGATIVE))


def _values(text: str, place: tuple[int, int] | None) -> tuple[dict[str, float], str]:
    """The named numbers of a line and the form in which most of them are written."""
    values: dict[str, float] = {}
    form = ""
    ahead_of_all: re.Match[str] | None = None  # "Valid Epoch: 1 Loss: 0.5": the place is named after the data
    spans: list[tuple[int, int]] = [place] if place else []
    taken = bytearray(len(text))  # the same, a byte a character: a line may hold thousands of numbers
    if place:
        taken[place[0] : place[1]] = _TAKEN * (place[1] - place[0])
    # What the place said is no part of a name: in "E005 tr_loss=0.3" the name is tr_loss.
    rest = text if place is None else text[: place[0]] + " " * (place[1] - place[0]) + text[place[1] :]
    parts = [(m.end(), _split_of(m["head"] or m["marked"])) for m in _PART_OF_LINE.finditer(rest)]
    patterns = [("=", _PAIR), (" ", _SPACED), ("|", _BARRED)]
    if "|" in rest:
        patterns.append((" ", _SIZE))
    if "loss is " in rest and _SAID_OF_SEVERAL.search(rest):
        patterns.insert(0, (" ", _IS))
    elif rest.count("oss ") > 1 and len(_OF_EACH.findall(rest)) > 1:
        patterns.insert(0, (" ", _OF_EACH))
    if _MINUS.search(rest):
        patterns.insert(0, ("=", _NEGATIVE))
    for name, pattern in patterns:
        for match in pattern.finditer(rest):
            if taken.find(_TAKEN, *match.span("num")) >= 0:
                continue
            first, end = match.span()
            spans.append((first, end))
            taken[first:end] = _TAKEN * (end - first)
            key = _NOISE.sub("", match["key"])
            key = _SHORT.get(key, key)
            untold = key.lower() in _UNTOLD or key.lower().split()[-1] in _UNTOLD
            if _SOURCE_FILE.search(key) or (untold and not (key == "eta" and _RATE.match(match["num"]))):
                ahead_of_all = ahead_of_all or (None if values else VALIDATION.match(key))
                continue
            part = next((split for start, split in reversed(parts) if match.start() >= start), "")
            if part and not SPLIT_IN_KEY.search(key):
                key = f"{part}/{key}"
            number = match["num"]
            if pattern is _SPACED and number.isdigit() and (behind := _BEHIND_A_COUNT.match(rest, match.end("num"))):
                number = behind["num"]
            values.setdefault(key, float_of(number))
            form = form or name
            # Behind a sign stands by how much a number changed, not its average.
            if match["avg"] and (match["avg"][0] not in "+-" or match["num"][0] == "-"):
                values.setdefault(f"{key} (avg)", float_of(match["avg"]))
    if place:
        told = told_alone(rest) if not values else {}
        values, form = (told, " ") if told else _in_turn(rest, values, form, spans)
        if values and "train " in rest.lower() and not any(IS_LOSS.search(k) or SPLIT_IN_KEY.search(k) for k in values):
            values = {**beside_fields(rest, spans), **values}
    if not values and place:
        values = {_SCORE.get(match["key"], match["key"]): float_of(match["num"]) for match in _AFTER.finditer(text)}
        values = values or {f"{match['key']} loss": float_of(match["num"]) for match in SPLITS.finditer(text)}
    if place and text[place[1] - 1] == "|" and (cell := _CELL.match(rest, place[1])):
        values = {NAMELESS: float_of(cell["num"]), **values}
    ahead = EPOCH.sub("", rest[: place[0]]).strip(" ,;|-") if place else ""
    nameless = place is not None and not ahead and not any(map(IS_LOSS.search, values))
    pattern = _BARE_LIST if rest.endswith("]") else _BARE
    if nameless and place and NAMELESS not in values and (bare := pattern.match(rest, place[1])):
        values = {NAMELESS: float_of(bare["num"]), **values}
        for number, more in enumerate(re.split(r",\s*|\s+", bare["more"].strip(", \t")) if bare["more"] else (), 2):
            values[f"{NAMELESS} {number}"] = float_of(more)
    if not values and place:
        values = {m["key"]: float_of(m["num"]) for m in _IN_BRACKETS.finditer(rest) if m["key"].lower() not in _UNTOLD}
    # CatBoost: the errors of its data sets, and times; its cross validation prints no times
    if "learn" in values and ("remaining" in values or ROUND.match(text)):
        values = {
            key if key == BEST else f"{key} loss": value
            for key, value in values.items()
            if key in ("learn", BEST) or key.startswith("test")
        }
    if not values:
        return values, form
    values = of_other_split(values)
    first = min((start for start, _ in spans[1 if place else 0 :]), default=0)
    split = (
        _EVALUATED.search(text[:first])
        or VALIDATION.search(text[:first])
        or ahead_of_all
        or _KIND.match(text)
        or _SAVED.match(text)
        or _WORKED.match(text)
        or (place and (VALIDATION.search(text[place[0] : place[1]]) or _CROSS.match(text[place[0] : place[1]])))
    )
    if split:
        word = split[split.lastindex or 1].lower()
        word = _SAID.get(word, word)
        values = {k if SPLIT_IN_KEY.search(k) else f"{word}/{k}": v for k, v in values.items()}
    return values, form


def _split_of(head: str) -> str:
    """What stands before the names of a part of a line; nothing for the training's."""
    return "" if head.lower().startswith("train") else head.lower()


def _in_turn(
    rest: str, values: dict[str, float], form: str, spans: Sequence[tuple[int, int]]
) -> tuple[dict[str, float], str]:
    """The numbers of a line that holds, behind its place, names and numbers in turn and nothing else.

    A name may be as short as its program likes ("ent", "kl", "gn"): that the line gives a number to every name on it
    is what tells it. ``spans`` are the stretches of ``rest`` that have been read.
    """
    if not _IN_TURN.fullmatch(rest):
        return values, form
    pairs = [
        m for m in _TURN.finditer(rest) if not any(m.start("num") < end and start < m.end() for start, end in spans)
    ]
    if any(m["key"].lower() == "is" for m in pairs):
        return values, form  # a sentence: "Score at iteration 20 is 408.2"
    # "recall 26, loss: x 2.3, conf 31.1, total 46.0": what stands behind the word are terms of the loss.
    terms_from = min((m.start() for m in pairs if m["of"]), default=len(rest))
    found = {
        f"loss/{m['key']}" if m.start() >= terms_from else m["key"]: float_of(m["num"])
        for m in pairs
        if m["key"].lower() not in _UNTOLD
    }
    if found.keys() >= _BOTH_SPLITS.keys():
        found = {_BOTH_SPLITS.get(key, key): value for key, value in found.items()}
    # "train 0.31 val 0.42" names the split alone: what is meant is the loss, as in "251 train 0.31 norm 0.42".
    if pairs and SPLITS.fullmatch(f"{pairs[0]['key']} 0.0") and not any(map(IS_LOSS.search, found)) and len(found) > 1:
        found = {f"{key} loss" if SPLITS.fullmatch(f"{key} 0.0") else key: value for key, value in found.items()}
    if not found or all(SPLITS.fullmatch(f"{key} 0.0") for key in found):
        return values, form
    return {**found, **values}, form or " "
