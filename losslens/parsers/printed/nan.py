"""What a message says of numbers that are not finite: that the program dies of them, or that it goes on."""

from __future__ import annotations

import re

from losslens.model import LogEvent
from losslens.patterns import compiled

#: NaN and Inf as words of their own: no part of a path, of a name or of an option.
_NOT_FINITE = (
    r"(?:(?<![\w./])[-+]?(?:nans?|infs?|infinity)(?:\(ind\))?(?![\w/]|\.\w)|\bnon-?\s?finite\b|\bnot finite\b"
    r"|\b(?:is|are|was|were|became|becomes?) infinite\b)"
)
#: What is trained, and what it is trained by.
_LOSS = (
    r"\b(?:loss(?:es)?|LossTensor|costs?|objective(?: function)?|objf|elbo|perplexity|nll|[a-z]+_loss|loss_[a-z]+)\b"
)
_MEASURED = (
    rf"(?:{_LOSS}|\b(?:grad(?:ient)?s?(?:[ _]norm)?|param(?:eter)?s?|weights?|activations?|tensors?|logits?|outputs?"
    r"|predictions?|embeddings?|probabilit\w+|hidden states?|error|values?)\b)"
)
#: A loss that is told to be none, or to have run away, and the numbers that its computation gave.
SAYS_NAN = compiled(
    rf"{_MEASURED}`?.{{0,40}}?\b(?:is|are|was|were|became|becomes?|has become|contains?|had|went to)"
    rf"[\s'\"`]{{1,3}}(?:an? |all |some |the )?(?:{_NOT_FINITE}|infinite\b)"
    rf"|\bmodel diverged\b.{{0,20}}{_NOT_FINITE}|\bdiverged with loss\b"
    rf"|(?<![\w-])(?:nans?|infs?|non-?\s?finite)(?:\W{{1,3}}(?:or|and|and/or|/)\W{{1,3}}(?:nans?|infs?))?"
    rf"(?: values?| numbers?)? (?:detected|(?:was |were )?found|encountered|in {_MEASURED})"
    r"|\b(?:nan|non-?\s?finite) (?:loss\b|grad)|FloatingPointError"
    rf"|\b(?:detected|found|got|encountered|returned|produced|hit) (?:an? |some )?{_NOT_FINITE}(?!s?\s*[:=(])"
    r"|InvalidArgumentError.*NaN|\binvalid loss, terminating|\bDomainError with.{0,20}\bnan\b"
    r"|\binvalid values?:?\s*tensor\([\s\[]*[-+]?(?:nan|inf)\b|\binvalid value \(nan\)"
    rf"|\b(?:bad|invalid)\b[\w ]{{0,20}}[:=]\s*{_NOT_FINITE}|\b(?:is|are) bad:\s*{_NOT_FINITE}"
    r"|\b(?:loss|gradients?|cost)(?: has| have| is| are)? exploded\b",
    re.IGNORECASE,
)
#: Half precision: no scale of the loss is left at which its gradients are finite.
_NO_SCALE_LEFT = compiled(r"minimum loss scale reached|loss scale already at minimum", re.IGNORECASE)
_SAYS_LOSS = compiled(r"\bloss\b", re.IGNORECASE)
_STOPS = compiled(r"stopp|terminat|abort|exit|quit", re.IGNORECASE)
#: The last line of a traceback, and what a program writes before it, or an exception as TensorFlow reports it, or C++.
_THROWN = compiled(
    r"^(?:\W*(?:ERROR|FATAL|CRITICAL|Exception|uncaught|unhandled)\b[\w\s:]{0,30}?)?"
    r"(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)\b['\">]*\s*(?:[:,(]|with\b|$)|^Exception: |Error reported to Coordinator"
    r"|^F\d{4} .*Check failed|^Check failed: |^\(?\d?\)? ?Invalid argument: |^ERROR: DomainError|^ERROR: LoadError"
    r"|^what\(\): ",
)
#: Exceptions that name a NaN without having met one: a name that is not there, data that are of another kind.
_NO_NUMBER = compiled(
    r"^(?:[\w.]+\.)?(?:NameError|ImportError|ModuleNotFoundError|AttributeError|KeyError|FileNotFoundError|TypeError"
    r"|SyntaxError|NotImplementedError|JSON\w*Error|IntCastingNaNError|ParserError|ArgumentError|ConfigError)\b"
    r"|JSON compliant|could not convert string|\bdtype\b.{0,30}\bobject\b|\b(?:NA|NaN|None) or (?:inf\b|NA\b)"
)
_NUMBER = compiled(_NOT_FINITE, re.IGNORECASE)
_RAN_AWAY = compiled(r"\b(?:loss|gradients?|cost|training|model|weights?)\b.{0,30}\b(?:explod|diverged)", re.IGNORECASE)
#: A message of a program that goes on, or that only might have met a NaN.
_GOES_ON = compiled(
    r"skip|ignor|replac|clip|filter|zero|reset|re-?try|continu|roll|revert|reduc|lower|nan_?to_?num|warn|\bnot updat"
    r"|\bno update|do not|don't|discard|drop|fall(?:ing|s)? ?back|restor|reload|back(?:ing)? off|mask|remov|will\b"
    r"|set to|setting|number of|\bcount|check(?:s|ing)?\b|enabl|disabl|anomaly|\bif\b|\bmay\b|might|could|avoid"
    r"|prevent|guard|in input tensor|impute|fill|sanit|patience|treat|exclud|omit|keep|safe|handl|toleran"
    r"|\bno (?:nan|inf)|without|\b(?:val|valid|validation|eval\w*|test|dev|metric)\b|val_|metrics?\b",
    re.IGNORECASE,
)


def stops_for_nan(event: LogEvent) -> bool:
    """Whether a message says that the program stops because its loss is no number any more."""
    if event.kind != "nan-message" or not _SAYS_LOSS.search(event.text):
        return False
    return bool(_STOPS.search(event.text) or _THROWN.search(event.text))


def is_thrown_nan(text: str) -> bool:
    """Whether a line is an exception that names numbers which are not finite, or have run away."""
    if _THROWN.search(text) is None or _NO_NUMBER.search(text):
        return False
    return any(said.search(text) for said in (_NUMBER, SAYS_NAN, _NO_SCALE_LEFT, _RAN_AWAY))


def last_words_of_nan(event: LogEvent) -> bool:
    """Whether a message, when nothing was logged behind it, says that the training ended in a NaN.

    An exception that names one does; any other message where it speaks of the loss, of nothing in particular or of the
    end of the program, and of no way to go on.
    """
    if is_thrown_nan(event.text):
        return True
    if event.kind == "overflow":
        return bool(_NO_SCALE_LEFT.search(event.text) and (_STOPS.search(event.text) or "explod" in event.text))
    if event.kind != "nan-message" or _GOES_ON.search(event.text):
        return False
    return bool(re.search(_LOSS, event.text, re.IGNORECASE) or _STOPS.search(event.text) or _IS_ALL.search(event.text))


#: "NaN detected", "bad cost detected: nan": all that the message says.
_IS_ALL = compiled(
    rf"^\W*(?:error\W+)?(?:{_NOT_FINITE}\W*(?:or \w+ )?(?:values? )?(?:was |were )?(?:detected|found|encountered)"
    rf"|(?:detected|found|got|encountered) {_NOT_FINITE}"
    rf"|[\w ]{{0,30}}\b(?:bad|invalid)\b[\w ]{{0,20}}[:=]\s*{_NOT_FINITE})\W*$",
    re.IGNORECASE,
)
