"""How programs write where they are: "Epoch: [3][120/391]", "iter 120:", "| epoch 3 | 120/ 391 batches |", a bar.

Each way to write it is one line of the table below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from losslens.languages import said
from losslens.parsers.printed.wholes import NO_NUMBER, NUMBER
from losslens.patterns import compiled

_N_OF = r"\s*(?P<n>\d+)\s*/\s*(?P<N>\d+)\s*"
#: A count; some programs write 121,400.
_COUNT = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
#: A name of a number; the size of a gradient is written "|g|".
#: "loss", "||grad||", and "D(G(z))", as papers write it.
NAME = rf"(?:{NO_NUMBER}[^\W\d_][\w/.]*(?:-[A-Za-z][\w/.]*)*(?:\((?:\w|\(\w+\))+\))?|\|{{1,2}}[A-Za-z]\w*\|{{1,2}})"
#: What may stand behind a number.
A_UNIT = r"\s?(?:%|ms|s|sec|k|[kKMG]?B|dB|it/s|tok/s|bits?|nats?|px|mm|cm|deg|°)(?![\w/])"
UNIT = rf"(?:{A_UNIT})?"

#: What people count by words of their own.
_COUNTED = (
    r"chunk|sweep|pass|tick|cycle|block|shard|call|frame|part|fit|turn|visit|loop|tree|boost|stage|level|lap|transition"
)
#: Words before a whole number that may go up and is no count of steps.
_NO_COUNT = r"(?:time|sec|elapsed|eta|hour|min|mem|gpu|loss|err|acc|score|rew|lr|rate|norm|size|rank|fold|layer|seed)"


#: What is measured for each of something else, and the same of two letters at most, which other words end in.
_MEASURED = (
    *("sec", "secs", "second", "seconds", "min", "mins", "minutes", "hour", "hours", "dt"),
    *("tok", "toks", "token", "tokens", "sample", "samples", "seq", "seqs", "frame", "frames", "word", "words"),
    *("step", "steps", "batch", "batches", "iter", "iters", "iterations", "update", "updates"),
    *("img", "imgs", "image", "images", "example", "examples", "item", "items", "flop", "flops"),
)
_WORD_BEGINS = r"\b"
_MEASURED_BRIEFLY = ("s", "h", "ms", "us", "ns", "ex")


def _not_behind(words: Iterable[str], boundary: str = "") -> str:
    """A look behind "/" for words; those of one have to be of one length."""
    by_length = groupby(sorted(words, key=len), key=len)
    return "".join(f"(?<!{boundary}(?:{'|'.join(alike)})/)" for _, alike in by_length)


#: "ms/step: 76", "sec per epoch: 74" say how long one took, or how many of something it held: what stands behind "/"
#: is a count only where the word ahead names data or a folder ("train/step", "time/iterations").
_NOT_PER = rf"(?<!per[ _])(?:(?<!/)|{_not_behind(_MEASURED)}{_not_behind(_MEASURED_BRIEFLY, _WORD_BEGINS)})"
#: The same of a time, which folders are named after as well: "time/iter: 76", "time/iterations: 5".
_NOT_TIME_PER = r"(?<!time/)"
#: Which of several trainings a line is of.
_WHOSE = r"(?:fold|seed|trial|run)"
#: How programs write where they are; the first that fits a line is taken. Groups: ``step`` counts on for the whole
#: job; ``n`` of ``N`` counts within the epoch.
PLACES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, compiled(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "step",
            r"(?<![\w.])(?:global[_ ]?step(?:/max_steps)?|num[_ ]updates|train(?:ing)?[_ ]step)['\"]?\s*[:=#]?\s*['\"]?"
            r"(?P<step>\d+)(?![\d.]*[.eE]\d)",
        ),
        (
            "bar",
            # The header and the rows of a table ahead of a bar, as YOLO draws it, are none of its description.
            r"^(?!\s*(?:\d+/\d+\s+[\d.]+[A-Za-z]?\s+[\d.]+|Class\s+Images)\s)"
            # AllenNLP ends its description in two bars: "loss: 0.5 ||: 100%|###| 8/8 [00:02<00:00".
            rf"(?P<what>(?:[^%|]|%(?!\|)|\|\|(?=:)|(?<=\s)\|(?=\s+[A-Za-z])){{0,240}}?)(?:epoch\W{{0,3}}(?P<epoch>\d+)(?:\s*/\s*\d+)?\D{{0,24}}?)?"
            rf"\d{{1,3}}%\|[^|]*\|{_N_OF}\[",
        ),
        # the same with nothing drawn, as torch-ngp has it: "loss=0.5 (0.6), lr=0.01: :  4% 4/100 [00:01<00:24"
        ("bar", rf"^(?P<what>[^%|]{{0,160}}?)\d{{1,3}}% {_N_OF}\[(?=\d+:\d\d)"),
        # a bar without a total: "Epoch 1: 12it [00:05,  4.36s/it, loss=0.5]"
        (
            "bar",
            r"^(?P<what>[^%|]{0,60}?)(?:epoch\W{0,3}(?P<epoch>\d+)(?:\s*/\s*\d+)?\D{0,24}?)?\b(?P<n>\d+)it \[\d+:\d\d",
        ),
        # the same as Lightning draws it: "Epoch 3: |          | 17/? [00:00<00:00, 34.1it/s, loss=0.5]"
        (
            "bar",
            r"^(?P<what>[^%|]{0,60}?)(?:epoch\W{0,3}(?P<epoch>\d+)(?:\s*/\s*\d+)?\D{0,24}?)?"
            r"\|[^|]{0,80}\|\s*(?P<n>\d+)/\?\s*\[\d+:\d\d",
        ),
        # ignite puts the count before the bar.
        ("bar", r"^(?:epoch\s*)?(?:\[(?P<epoch>\d+)(?:/\d+)?\]:?\s*)?\[(?P<n>\d+)/(?P<N>\d+)\]\s*\d{1,3}%\|"),
        (
            "bar",
            r"^(?P<what>[^━╸]{0,60}?)(?:epoch\W{0,3}(?P<epoch>\d+)(?:\s*/\s*\d+)?\D{0,24}?)?"
            r"[━╸╺]{3,}\s*(?P<n>\d+)\s*/\s*(?P<N>\d+)\s+\d+:\d\d:\d\d",
        ),
        ("step", r"\[(?:step|iter(?:ation)?)\]\s+(?P<step>\d+)(?![\d.])"),
        # "Loss after 3 epochs: 0.27": the count stands ahead of what is counted
        ("epoch", r"\bafter\s+(?P<epoch>\d+)\s+epochs?\b(?=\s*[:=,|-])"),
        # "003 epoch, 02000 iter, loss 4.1": the same of both
        (
            "batch",
            r"^(?P<epoch>\d+)\s*(?:completed |finished |full |whole )?epochs?\b[\s,|]{1,3}"
            r"(?P<n>\d+)\s*(?:iter\w*|batch(?:es)?|steps?)\b(?=\s*[,:|]|\s+[A-Z][a-z]+ )",
        ),
        # keras-rl counts the steps of the whole job ahead of what it says of the episode.
        ("step", r"^(?P<step>\d+)/\d+:\s+episode:"),
        # char-rnn and its many copies: "120/21150 (epoch 0.284), train_loss = 3.1" counts the batches of the whole job
        ("step", r"^(?P<step>\d+)/\d+ \(epoch (?P<epoch>\d+(?:\.\d+)?)\),"),
        # WeNet: "TRAIN Batch 3/200 loss 5.1" is a batch of an epoch, "CV Batch 3/20" one of its validation
        ("batch", r"\bTRAIN Batch (?P<epoch>\d+)/(?P<n>\d+)(?=\s)"),
        ("evaluation", r"\bCV Batch (?P<epoch>\d+)/(?P<batch>\d+)(?=\s)"),
        # "| end of split  59 / 85 | epoch   0 |": the data of an epoch in pieces, as flair's language models are fed
        ("batch", rf"\bend of (?!epoch)[a-z]+\s{_N_OF}(?=\|\s*epoch\b)"),
        ("batch", r"^E(?P<epoch>\d+)\s+B(?P<n>\d+)\b"),
        # Sockeye counts batches in its lines, and in those of a checkpoint updates of several batches each.
        ("step", r"^E(?:poch)?=(?P<epoch>\d+)\s+B=(?P<step>\d+)\b"),
        ("epoch", r"^Checkpoint \[\d+\]\s+Updates=\d+\s+Epoch=(?P<epoch>\d+)"),
        ("keras", r"^\s*(?P<n>\d+)/(?P<N>\d+|unknown)\s+(?:\[[=>.]+\]|━+|-\s+\d)"),
        # MiniMind has "Epoch:[0/19](100/24681)"
        (
            "batch",
            rf"\b(?:epoch|train|val\w*|test)(?:\(\w+\))?\s*:?\s*\[\s*(?P<epoch>\d+)(?:/\d+)?\]\s*[\[(]{_N_OF}[\])]",
        ),
        ("batch", rf"epoch\s*\[\s*(?P<epoch>\d+)\s*/\s*\d+\s*\]\W{{1,3}}(?:step|iter\w*|batch)\s*:?\s*\[{_N_OF}\]"),
        ("samples", rf"epoch\s*:?\s*(?P<epoch>\d+)\s*\[{_N_OF}\("),
        ("batch", rf"\b(?:train|test|val\w*|epoch)\s*:?\s*(?P<epoch>\d+)\s*\[{_N_OF}(?:\(|\])"),
        ("batch", rf"\b(?P<epoch>\d+)-epoch\s*\({_N_OF}\)"),
        ("batch", rf"epoch\s*:?\s*(?P<epoch>\d+)\s*[:|,\s]{_N_OF}(?:batches|\||(?=[;,]?\s*(?:loss|\w+[=:])))"),
        # "Process 100/3161(3.16%) objf: -0.4, epoch 5"
        ("batch", rf"^(?:[A-Za-z][\w-]*\s*[:#]?\s*)?{_N_OF}\(\s*\d{{1,3}}(?:\.\d+)?\s?%\)(?=[\s:,|-]+[A-Za-z])"),
        # "[epoch 1][4/800]", and the "[0/5][0/1583]" of the best known GAN of all tutorials
        ("batch", rf"\[\s*epoch\s*:?\s*(?P<epoch>\d+)(?:\s*/\s*\d+)?\s*\]\s*\[{_N_OF}\]"),
        ("batch", rf"^\[\s*(?P<epoch>\d+)\s*/\s*\d+\s*\]\s*\[{_N_OF}\]"),
        # "lr:0.0004,[2/100:5/500] ==> loss:26.19"
        ("batch", rf"(?:^|[\s,;|])\[(?P<epoch>\d+)/\d+\s*:\s*{_N_OF}\](?=[\s:=>-]+[A-Za-z])"),
        ("step", r"\biter\((?:train|val|test)\)\s*\[\s*(?P<step>\d+)/\s*\d+\s*\]"),
        ("evaluation", r"\b(?:test|val\w*|eval\w*)\s*:\s*\[\s*(?P<batch>\d+)\s*(?:/\s*\d+\s*)?\]"),
        # MaxText counts the batches of each evaluation: "Completed eval step: 3, seconds: 0.1, running loss=4.3"
        ("evaluation", r"^completed eval(?:uation)? step:?\s*(?P<batch>\d+)(?=,)"),
        ("batch", r"^\[\s*(?P<epoch>\d+),\s*(?P<n>\d+)(?:\s*/\s*(?P<N>\d+))?\]\s"),
        # ESPnet: "3epoch:train:100-200batch: loss=…", "3epoch results: [train] loss=…, [valid] loss=…"
        ("batch", r"\b(?P<epoch>\d+)epoch:train:\d+-(?P<n>\d+)batch:"),
        ("epoch", r"\b(?P<epoch>\d+)epoch results:"),
        ("batch", rf"^\D{{0,3}}{_N_OF}(?:batches )?in (?:the )?(?P<epoch>\d+)(?:st|nd|rd|th)? epoch\b"),
        (
            "step",
            r"(?<![\w.])(?:step|iter(?:ation)?|update)\s*[:=]?\s*(?P<many>\d+(?:\.\d+)?)(?-i:(?P<unit>[kKM]))\b(?!/s)",
        ),
        # MobileFaceNet counts all steps in what it calls total_step: "epoch 5, total_step 349550, total loss is 6.06"
        ("step", r"^epoch:? \d+, total_step:? (?P<step>\d+)(?=,\s[\w ]*loss)"),
        # "Inference batch 380: loss 0.3", "Evaluating sample 12: loss 0.3"
        (
            "evaluation",
            r"^\W?(?P<work>evaluat(?:ed|ing)|testing|validating|inference|predict(?:ed|ing))\W+(?:on )?"
            r"(?:batch|sample|image|clip|video|case|item|example|sequence|subject)(?:es|s)?\b\W{0,3}(?P<batch>\d+)\b",
        ),
        (
            "step",
            # "warmup_steps: 500" is how often or how long, not where.
            rf"(?<![\w.]){_NOT_PER}"
            r"(?!(?:warmup|eval|save|log|logging|max|min|total|num|decay|report|print|val|checkpoint|display|episode)_"
            r"|per[_ ])"
            r"(?:[a-z]+[_ ])?"
            rf"(?:steps|iterations|iters|{_NOT_TIME_PER}(?:step|iteration|iter)|updates?|up(?:d|\.)"
            rf"|(?:mini)?{_NOT_TIME_PER}batch(?:_idx|_num|_id|_no|_number|[ _]count(?=\s?[:=]\s?\d+\s?/))?"
            r"|(?<!/)(?:it|s)"
            rf"|{said('step')})"
            rf"['\"]?(?:(?:\s*[:=#\[(]){{1,2}}\s*|\s+)(?P<step>{_COUNT})(?![\d.]*[.eE]\d)(?!\s*(?:ms|s|it)\b)"
            r"(?:\s*/\s*(?P<N>\d+))?",
        ),
        (
            "episode",
            rf"(?<![\w.])(?:(?:episode|game|round)s?|{said('round')})['\"]?\s*[:=#]?\s*(?P<step>\d+)(?![\d.]*[.eE]\d)",
        ),
        (
            "generation",
            r"^\W*gen(?:eration)?\b['\"]?\s*[:=#]{0,2}\s*(?P<step>\d+)(?!\w|[\d.]*[.eE]\d)",
        ),
        ("tokens", r"(?<![\w.])tokens(?:_seen)?['\"]?\s*[:=]\s*(?P<step>\d+)(?![\d.]*[.eE]\d)"),
        ("step", r"(?<![\w./])['\"]?[tikn]['\"]?\s*[:=]\s*(?P<step>\d+)(?![\d.]*[.eE]\d)"),
        ("step", r"^(?P<step>\d+):(?=\s+learn\b)"),
        # torchtune draws "1|5|Loss: 3.21:   8%|█| 5/60" (epoch, step) where it does not log.
        ("step", r"^(?P<epoch>\d+)\|(?P<step>\d+)\|(?=\s*loss\b)"),
        ("step", r"^\((?P<step>\d+)\)\s+(?=\w)"),
        # YOLACT: "[  0]     120 || B: 4.2 | C: 9.1"
        ("step", r"^\[\s*(?P<epoch>\d+)\]\s+(?P<step>\d+)\s*\|\|"),
        ("step", r"^\[\s*(?P<step>\d+)\]:?\s"),
        ("step", r"^(?P<step>\d+)\)\s+(?=\w+ =)"),
        # "Train loss 12001 0.166", "Validation loss 6312: 0.15", "loss[12001]: 0.17", "loss @ 40: 0.2": the count
        # stands behind the name, and behind it the number
        (
            "count",
            r"(?:(?<=loss)|(?<=cost)|(?<=error))(?: ?@ ?| ?[\[(]|\s+)(?P<step>\d{1,12})[\])]?"
            r"(?=\s?[:=]\s*(?!\d+/)[-+]?(?:\d*\.\d|nan\b|inf\b)|\s+[-+]?(?:\d*\.\d|(?:nan|inf)\b))",
        ),
        ("epoch", r"第\s*(?P<epoch>\d+)\s*(?:轮|輪|回合|[个個]?epoch)"),
        ("epoch", r"^e(?:p\.?)?\s?(?P<epoch>\d+)\b(?!\.\d)"),
        (
            "epoch",
            rf"(?<![\w.]){_NOT_PER}(?<!num )(?:epoch(?:es|s)|{_NOT_TIME_PER}epoche?(?:\.{{3}})?|{said('epoch')}|ep\b\.?"
            r"|pass(?=\s\d+\s(?:batch|step|iter)))"
            # "Epoch0 loss = 7796" has nothing between; a file may be called epoch10.pth.
            r"(?:['\"]?(?:(?:\s*[:=#\[(]){1,2}\s*|\s+)['\"]?|(?<=epoch)(?=\d+(?![\w.]|/\D))"
            r"|(?<=epoch)-(?=\d+(?:/\d+)?(?:[:,|]|\s|$)))"
            r"(?P<epoch>\d+(?:\.\d+)?)(?:\s*/\s*(?P<epochs>\d+))?",
        ),
        # Whatever a line counts at its very beginning, as long as it counts up: "chunk 1/100", "[4/800]", ">>> 004 ::"
        ("count", rf"^\[{_N_OF}\](?=[\s:,|-]*[A-Za-z])"),
        # "[fold_2] 012/050 loss=0.3", "fold 2 | [12/50] | loss 0.3", "[train] 12/50 loss=0.3": behind whose the line is
        (
            "count",
            rf"^(?:\[\s*[A-Za-z][\w .:=#-]{{0,24}}\]|{_WHOSE}[\s_:=#-]{{0,2}}\d+(?!\d))\s*[:|,-]?\s*[\[(]?{_N_OF}[\])]?"
            r"(?=[\s:,|>-]*[A-Za-z])",
        ),
        ("count", rf"^\[{_WHOSE}[\s_:=#-]{{0,2}}\d+\]\s*[:|,-]?\s*(?P<step>\d{{1,12}})(?=[\s:,|>-]+[A-Za-z])"),
        # "[Train 10/2000] loss: 0.3", "[ Train | 010/100 ] loss = 0.3"
        ("count", rf"^\[\s*[A-Za-z]+\s*[:|,-]?{_N_OF}\](?=[\s:,|>-]*[A-Za-z])"),
        ("count", r"^(?:\[(?P<n>\d+)\|(?P<N>\d+)\]|#(?P<step>\d+)/\d+\s*-)(?=[\s:,|-]*[A-Za-z])"),
        # "  40/700 | D 0.46 | G 0.63", "12/500 loss 2.5", "(12/500) loss: 2.5", "12/500: loss 2.5"
        (
            "count",
            rf"^\(?{_N_OF}\)?(?=[|:,;>-]{{0,3}}\s*[^\W\d][\w/ ]*?(?:\s*[:=]\s*|\s)[-+]?(?:\.?\d|nan|inf))",
        ),
        # "[ 50%]   300/600  loss 2.31"
        ("count", rf"^\[\s*\d{{1,3}}(?:\.\d+)?\s?%\]{_N_OF}(?=[\s:,|-]*[A-Za-z])"),
        ("count", rf"^[A-Za-z][\w-]*\s*[:#]?\s*[\[(]?{_N_OF}[\])]?(?=[\s:,|>-]+[A-Za-z])"),
        ("count", r"^[>#*\s]{0,8}(?P<step>\d{1,12})\s*(?:::|\|)\s*(?=[A-Za-z])"),
        # "Train 3, loss: 1.5", "Test 3, loss: 1.6", as the code of DGCNN has it; "1200 iter, loss 2.1"
        ("count", r"^(?:train(?:ing)?|val\w*|test(?:ing)?|eval\w*) (?P<step>\d{1,12})(?=\s*[,:|]\s*[A-Za-z])"),
        ("count", r"^(?P<step>\d{1,12})\s*(?:iter(?:ation)?s?|steps?|epochs?|batch(?:es)?)\b(?=\s*[,|]\s*[A-Za-z])"),
        ("count", rf"^(?:{_COUNTED}) ?[:#=]? ?(?P<step>\d{{1,12}})(?![\d.]*[.eE]\d)(?=[\s:,|>-]+[A-Za-z])"),
        # "250 val 6.1204", "251 train 6.2131": step, data set and loss, as the best known course on GPT-2 writes them
        (
            "count",
            rf"^(?P<step>\d{{1,12}})\s+(?=(?:[a-z]+_)?(?:train|val|valid|test|eval\w*)\s+(?:[A-Za-z]\w*\s+)?{NUMBER})",
        ),
        # "10 | 2.3118 | acc 0.06": the loss stands between bars and has no name
        ("count", r"^(?P<step>\d{1,12})\s*\|(?=\s*[-+]?\d+\.\d+\s*\|\s*[A-Za-z])"),
        # "20 total 1.169e+00 pde 1.110e+00 lr 8.0e-03": a count, and then nothing but names and numbers
        ("count", rf"^(?P<step>\d{{1,12}})\s+(?=(?:{NAME}\s+{NUMBER}{UNIT}(?:[\s,;|]+|$)){{2,}}$)"),
        ("count", r"^#(?P<step>\d{1,12})[:,]?\s+(?=[A-Za-z])"),
        # "train loss of round 12: 0.31", "cost at 12: 0.31": the count stands in the name
        (
            "count",
            r"(?:(?<=loss)|(?<=cost)|(?<=error)) (?:of|after|at|in) (?:[a-z]+ )?"
            r"(?P<step>\d{1,12})(?=\s?[:=]\s?[-+]?\d*\.\d)",
        ),
        # "150 [D loss: 0.31] [G loss: 2.8]", as a well-known collection of GANs prints it
        ("count", r"^(?P<step>\d{1,12}):?\s+(?=\[[A-Za-z][\w ]*[:=]\s*[-+.\d])"),
        # "|   900 | 2.0e-03 | loss 3.1 | ppl 22 |"
        ("count", r"^\|\s*(?P<step>\d{1,12})\s*(?=\|(?:\s*[-+\d.e]+\s*\|)*\s*[A-Za-z][\w ]*\s[-+]?[\d.]+\S*\s*\|)"),
        # "visit 40 | nll 1.21": whatever word it is that counts up
        ("count", rf"^(?!{_NO_COUNT})[A-Za-z][a-z]{{1,11}}\s+(?P<step>\d{{1,12}})(?=\s*[|·]\s*[A-Za-z])"),
    )
)
#: "Total training steps: 3746" says how many there will be, not which it is.
LENGTH = compiled(r"\b(?:total|max(?:imum)?|number of)(?: \w+)? (?:steps|iterations|updates|batches)\b", re.IGNORECASE)
EPOCH = next(pattern for kind, pattern in reversed(PLACES) if kind == "epoch")
EPISODE = next(pattern for kind, pattern in PLACES if kind == "episode")


def place_in(text: str) -> int | None:
    """The row of ``PLACES`` that fits first."""
    for row, (kind, pattern) in enumerate(PLACES):
        if kind == "bar" and "%" not in text and "━" not in text and "it [" not in text and "/? [" not in text:
            continue
        if pattern.search(text):
            return row
    return None


def place_at(text: str, row: int | None) -> tuple[str, re.Match[str], tuple[int, int]] | None:
    if row is None:
        return None
    kind, pattern = PLACES[row]
    match = pattern.search(text)
    if match is None:
        return None
    # A bar is drawn behind what its program describes it with, which may hold the numbers of the training.
    return kind, match, (match.end("what") if "what" in match.re.groupindex else match.start(), match.end())
