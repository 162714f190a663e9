"""Lines that write their names and numbers in signs of their own, told as most programs print them.

"loss min|avg|max: 0.7|0.9|3.5", "step_100: loss_2.3", "loss of epoch3-batch-50: 2.3", "CrossE[472.03]".
"""

from __future__ import annotations

import re

from losslens.parsers.printed.lists import one_by_one
from losslens.parsers.printed.rounds import progress_told
from losslens.parsers.printed.wholes import NUMBER
from losslens.patterns import compiled

#: "inertia 4705.6." ends a sentence.
_STOP = compiled(r"(?<=\d)(\.\d+)\.$")
#: "step,20,loss,1.58,lr,1e-3": names and numbers in turn with nothing but commas in between.
_LISTED = compiled(
    r"[A-Za-z][\w/.]*,[-+]?\d[\d.]*(?:,[A-Za-z][\w/.]*,(?:[-+]?[\d.]+(?:e[-+]?\d+)?|nan|[-+]?inf))+", re.I
)
#: "epoch: {1/300}, loss : {1.9027643}": a format string with one pair of braces too many.
_IN_BRACES = compiled(rf"\{{\s*({NUMBER}(?:\s*/\s*\d+)?)\s*\}}", re.IGNORECASE)
#: "eval: bucket 2 perplexity 5.1": each of the groups that samples were sorted into by their length has its own.
_BUCKET = compiled(r"\b(bucket) (\d+):? (?=[a-z])", re.IGNORECASE)
#: "[1600/16000]\t[L1: 5.96][VGG: 0.2]\t65.8+0.4s", as EDSR's code and what was made of it print their losses: without
#: the word, and behind them how long the network and the data took.
_TIMED = compiled(rf"(\[\d+/\d+\])\s*((?:\[\w+: {NUMBER}\])+)\s+[\d.]+\+[\d.]+s", re.IGNORECASE)
#: "v_num: a1b2 train_loss: 0.5": a version of Lightning's that is a word stands in no name behind it.
_VERSION = compiled(r"\bv_num[:=]\s?(?=\w*[A-Za-z])\w+\s")
#: "CrossE[472.03]", "loss = [0.31]": what tf.Print and tf.print make of a tensor of one number.
_PRINTED = compiled(rf"([A-Za-z][\w/.]*(?: [A-Za-z][\w/.]*){{0,2}})\s*[:=]?\s*\[({NUMBER})\]", re.IGNORECASE)
#: "train_loss[ 6510 ]:  1.97": the brackets that the step stands in behind the name, with blanks.
_BRACKETED = compiled(r"(?<=\w)\[ +(\d+) *\](?=\s?[:=])")
#: "Time Step 3: MAPE 5.2%, 5.3%; MAE 2.2, 2.3": how far ahead a forecast was, as those of traffic are told.
_HORIZON = compiled(r"Time Step \d+: (?=MAPE )")
#: "idx: 0loss: 8.46": a number ends where the name of the next begins.
_GLUED = compiled(r"(?<![\w.])(\d+(?:\.\d+)?)(?=(?:[a-z]+_)?loss\w*['\"]?\s*[:=])")
#: How CatBoost begins the line of a round.
ROUND = compiled(r"(?:step )?\d+:\s+learn\b")
#: What it printed of one before 2018: "0:\tlearn 0.635passed: 17.4 sec", "0:\tlearn 0.635\ttest 0.64\tbestTest 0.64".
_ROUND_OF_OLD = compiled(rf"\b(learn|test\d*|best)(?:Test)? ({NUMBER})", re.IGNORECASE)
#: "step_78540:\tloss_-4.06", as the names of files have it: nothing but names and numbers with a dash below between.
_NAMED_BELOW = r"[A-Za-z]+(?:_[A-Za-z]+)*_"
_UNDERSCORED = compiled(rf"(?:{_NAMED_BELOW}{NUMBER}(?:[\s:,;|]+|$)){{2,}}", re.IGNORECASE)
_UNDERSCORE = compiled(rf"({_NAMED_BELOW[:-1]})_({NUMBER})", re.IGNORECASE)
#: "the train loss of epoch3-batch-50: 0.23", "loss at epoch 3 batch 50: 0.23": both places stand in the name.
_OF_A_PLACE = compiled(
    r"(?P<name>(?:[A-Za-z]+[ _])?(?:loss|cost|error)) (?:of|at|after|in|for) epoch[ _-]?(?P<epoch>\d+)[ ,_-]{1,2}"
    rf"(?P<counts>batch|step|iter(?:ation)?)[ _-]?(?P<at>\d+)\s*[:=]\s*(?P<number>{NUMBER})",
    re.IGNORECASE,
)
#: "loss min|avg|max: 0.73|0.97| 3.5": of one batch or some, the number itself between its extremes.
_EXTREME = r"(?:min|max|avg|mean|median|std)"
_EXTREMES = compiled(
    rf"(?P<of>[A-Za-z_]\w*(?: [A-Za-z_]\w*)?)[ _](?P<names>{_EXTREME}(?:[|/]{_EXTREME}){{1,4}})"
    rf"\s*[:=]?\s*(?P<numbers>{NUMBER}(?:\s*[|/]\s*{NUMBER}){{1,4}})(?![\w./])",
    re.IGNORECASE,
)
_PARTED = compiled(r"\s*[|/]\s*")
#: The first of these that stands between the extremes has no other name than what it is of.
_THE_NUMBER = ("avg", "mean", "median")
#: "Loss 1: 0.53, Loss 2: 0.61": where a line has several, the count behind the name says which loss it is.
_NUMBERED = compiled(
    rf"\b(loss|cost|error) (\d{{1,2}})(?=\s?[:=]\s?{NUMBER}|\s+(?:\d*\.\d|nan\b|inf\b))", re.IGNORECASE
)
#: "CV Batch 4/0 loss 28.51 loss_att 24.1 history loss 27.95": WeNet's mean so far of an evaluation.
_HISTORY = compiled(rf"(\bCV Batch \d+/\d+ loss {NUMBER})(.*?)\s+history loss ({NUMBER})", re.IGNORECASE)
#: "Eit 12400  lr 0.0002  Le 25.6000 (25.6000)": the loss of VSE++ and of what was made of it.
_OF_VSE = compiled(rf"(\bEit \d+\s+lr {NUMBER}\s+Le)\s+(?={NUMBER})", re.IGNORECASE)
#: "Loss Change: 3.52 -> 3.41": the loss ahead of an update and behind it, and no number of a change.
_CHANGED = compiled(rf"\b((?:loss|cost|error))[ _]changed?(\s*[:=]?\s*{NUMBER}\s*[-=]+>)", re.IGNORECASE)
#: "step:200 smpl:6K ep:9 epch:0.03": LeRobot counts episodes of its data, and calls a pass over them so.
_OF_LEROBOT = compiled(r"\bep:(\d\S*) epch:(?=\d)")
#: "-6.884 per-word bound, 118.1 perplexity estimate based on a held-out corpus of 200 documents", as gensim's LDA says.
_OF_LDA = compiled(rf"({NUMBER}) per-word bound, ({NUMBER}) perplexity estimate\b.*")
#: "iter  1 f 1.084e+03 |g| 3.291e+02 CG   2", and with more ahead of the objective, as liblinear prints it.
_OF_LIBLINEAR = compiled(rf"\biter +(\d+) (?:(?:act|pre|delta) +\S+ +)*f +({NUMBER}) +\|g\| +({NUMBER})\b.*")
#: "statistics:[('average_q', 0.1), ('average_loss', 0.5), ('cumulative_steps', 10)]": pairs as Python writes them.
_PAIRS = compiled(rf"\[(?:\('\w+', {NUMBER}\)(?:, |(?=\])))+\]", re.IGNORECASE)
_PAIR = compiled(rf"\('(\w+)', ({NUMBER})\)", re.IGNORECASE)
#: What PFRL calls the step of the environment among them.
_STEPS_OF_PFRL = "cumulative_steps: "
#: "Train tree 3/200 train-loss:0.98", as YDF prints a round of boosting.
_OF_YDF = compiled(r"^(.*\s)?Train tree (\d+)/\d+ (?=train-)")

#: "Epoch: 1/3, step 10/36 completed (loss: 0.52):  33%|███▎ | 3/9 [03:17<06:31]", as llama-recipes draws it: the bar
#: counts the updates, and what it says ahead of itself the batches, each of which has a loss.
_BATCHES_AHEAD = compiled(
    r"(?P<ahead>.*?)\b(?:step|batch|iter(?:ation)?):? (?P<n>\d+)/(?P<of>\d+)(?P<said>[^|%]*\D)"
    r"(?P<drawn>\d{1,3}%\|[^|]*\| *)(?P<updates>\d+)/(?P<all>\d+)(?= \[)",
    re.IGNORECASE,
)

#: "loss: 8.30 -> nan": ahead of what was done and behind it, as federated clients tell it: the later counts.
_BEFORE_AND_AFTER = compiled(
    rf"\b(?P<name>(?:[A-Za-z]+[ _])?(?:loss|cost|error|acc(?:uracy)?)) *[:=] *(?P<before>{NUMBER})(?P<unit>%?)"
    rf" *[-=]+> *(?P<after>{NUMBER})(?P=unit)(?![\w.])",
    re.IGNORECASE,
)
#: "-----------loss------------:  0.31": a name between rules.
_BETWEEN_RULES = compiled(rf"[-=*#~>]{{3,}} *([A-Za-z][\w ]*?) *[-=*#~<]{{3,}} *:? *(?={NUMBER}$)", re.IGNORECASE)
_RULES = frozenset(3 * sign for sign in "-=*#~>")
#: "[Train](1000/40000) average loss: 0.31", as DGL-KE says where it is.
_OF_DGL = compiled(r"\[Train\]\((\d+/\d+)\) (?=average )")

#: "('Epoch:', 3, ' loss: ', 0.31)": what Python 2 made of a print with brackets.
_A_SAYING = r"(?:'[^'()]*'|\"[^\"()]*\")"
_TUPLE = compiled(rf"\((?=.*['\"])(?:{_A_SAYING}|{NUMBER})(?:, (?:{_A_SAYING}|{NUMBER}))+\)", re.IGNORECASE)
_SAYING = compiled(rf"{_A_SAYING}|{NUMBER}", re.IGNORECASE)
#: "After 100 training step(s), loss on training batch is 0.31", "Loss after 100 steps: 0.31".
_AFTER_SO_MANY = compiled(
    r"(?:After (?P<n>\d+) (?:training )?(?P<of>step|iteration|epoch|batch)(?:e?s|\(e?s\))?,? (?:the )?"
    r"(?P<name>[A-Za-z][\w ]{2,40}?)|(?P<loss>(?:[A-Za-z]+ )?(?:loss|cost|error)) after (?P<many>\d+) "
    rf"(?P<unit>step|iteration|epoch|batch)(?:e?s)?) ?(?: is|[:=]) *(?P<number>{NUMBER})\.?$",
    re.IGNORECASE,
)


#: "ITERATION 01: TRAIN AVG.LOSS 2.0844, (lrate0.008), CROSSVAL AVG.LOSS 2.2329, nnet accepted (nnet_iter01_…)": Kaldi's
#: scheduler of its first networks.
_OF_KALDI = compiled(
    rf"^ITERATION (\d+): TRAIN AVG\.LOSS ({NUMBER}), \(lrate({NUMBER})\), CROSSVAL AVG\.LOSS ({NUMBER}),.*", re.I
)

#: "Time 0.512  Data 0.001  Err 2.3102  top1  50.0  top5  20.0": the loss of Torch's programs for ImageNet.
_OF_TORCH = compiled(rf"\bErr (?={NUMBER}\s+top-?1\b)", re.IGNORECASE)


def respelled(text: str) -> str:
    """A cleaned line in the signs that names and numbers stand in elsewhere; as it is where it has none of its own."""
    if "{" in text:
        text = _IN_BRACES.sub(r"\1", text)
    if "loss value: " in text:
        text = text.replace("loss value: ", "loss: ")  # Megatron's validation: no loss of a value function
    if text.endswith("."):
        text = _STOP.sub(r"\1", text)
    if text.endswith("]") and (one := _PRINTED.fullmatch(text)) is not None:
        text = f"{one[1]}: {one[2]}"
    if text.startswith("Time Step "):
        text = _HORIZON.sub("", text)
    if "[ " in text:
        text = _BRACKETED.sub(r"[\1]", text)
    text = one_by_one(text)
    if "loss" in text:
        text = _GLUED.sub(r"\1 ", text)
    if "bucket " in text:
        text = _BUCKET.sub(r"\1\2_", text)
    if "learn " in text and ROUND.match(text):
        text = _ROUND_OF_OLD.sub(r"\1: \2 ", text)
    if "v_num" in text:
        text = _VERSION.sub("", text)
    if "," in text and _LISTED.fullmatch(text):
        text = text.replace(",", " ")
    if "][" in text.replace("\t", "").replace(" ", "") and (timed := _TIMED.fullmatch(text)):
        text = f"{timed[1]} " + timed[2].replace("[", "").replace(":", " loss:").replace("]", ", ")
    if "_" in text and _UNDERSCORED.fullmatch(text):
        text = _UNDERSCORE.sub(r"\1: \2", text)
    if " epoch" in text:
        text = _OF_A_PLACE.sub(r"epoch \g<epoch> \g<counts> \g<at>: \g<name>: \g<number>", text)
    if "min" in text or "max" in text:
        text = _EXTREMES.sub(_between_extremes, text)
    if "history loss" in text:
        text = _HISTORY.sub(r"\1 (\3)\2", text)
    if "CV info cv_loss" in text:
        text = text.replace("CV info cv_loss", "val/loss")  # WeNet's mean of an evaluation
    if " Le " in text:
        text = _OF_VSE.sub(r"\1 loss: ", text)
    if ">" in text:
        text = _BEFORE_AND_AFTER.sub(r"\g<name>: \g<after>, \g<name> before: \g<before>", text)
        text = _CHANGED.sub(r"\1\2", text)
    if " epch:" in text:
        text = _OF_LEROBOT.sub(r"episodes:\1 epoch:", text)
    if " perplexity estimate" in text:
        text = _OF_LDA.sub(r"per-word bound: \1, perplexity: \2", text)
    if "|g|" in text:
        text = _OF_LIBLINEAR.sub(r"iter: \1, objective: \2, |g|: \3", text)
    if "[('" in text:
        text = _PAIRS.sub(_told_in_pairs, text)
    if "%|" in text and (bar := _BATCHES_AHEAD.match(text)) is not None and int(bar["of"]) > int(bar["all"]):
        text = f"{bar['ahead']}{bar['said']}{bar['drawn']}{bar['n']}/{bar['of']}{text[bar.end() :]}"
    if text.startswith("(") and _TUPLE.fullmatch(text):
        text = " ".join(one.strip(" '\"") for one in _SAYING.findall(text))
    if "fter " in text:
        text = _AFTER_SO_MANY.sub(_after_so_many, text)
    if text[:3] in _RULES:
        text = _BETWEEN_RULES.sub(r"\1: ", text)
    if text.startswith("[Train]("):
        text = _OF_DGL.sub(r"step \1: ", text)
    if "fit progress: (" in text:
        text = progress_told(text)
    if "Train tree " in text:
        text = _OF_YDF.sub(r"step: \2 ", text)
    if "Err " in text:
        text = _OF_TORCH.sub("loss ", text)
    if "AVG.LOSS" in text:
        text = _OF_KALDI.sub(r"iteration: \1, train loss: \2, lr: \3, val loss: \4", text)
    if len(numbered := _NUMBERED.findall(text)) > 1 and len({number for _, number in numbered}) > 1:
        text = _NUMBERED.sub(r"\1_\2", text)
    return text


def _after_so_many(match: re.Match[str]) -> str:
    unit = (match["of"] or match["unit"]).lower()
    return f"{unit} {match['n'] or match['many']}: {match['name'] or match['loss']}: {match['number']}"


def _told_in_pairs(match: re.Match[str]) -> str:
    told = ", ".join(f"{name}: {number}" for name, number in _PAIR.findall(match[0]))
    return told.replace(_STEPS_OF_PFRL, "step: ")


def _between_extremes(match: re.Match[str]) -> str:
    """ "loss: 0.97, loss min: 0.73, loss max: 3.5"; as it is where there are more names than numbers, or fewer."""
    names, numbers = _PARTED.split(match["names"].lower()), _PARTED.split(match["numbers"])
    if len(names) != len(numbers):
        return match[0]
    itself = next((name for name in _THE_NUMBER if name in names), "")
    told = sorted(zip(names, numbers, strict=True), key=lambda pair: pair[0] != itself)
    return ", ".join(f"{match['of']}{'' if name == itself else f' {name}'}: {number}" for name, number in told)
