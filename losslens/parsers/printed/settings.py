"""Lines of a job's output that say what it was started with: dumps of arguments and configurations, command lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from losslens.model import Setting, SettingValue
from losslens.parsers.printed.commands import is_command, options_of
from losslens.parsers.printed.records import IS_LOSS
from losslens.parsers.settings import is_known, plain_setting
from losslens.patterns import compiled

#: A dictionary of mixed values on one line is what a program was started with, not what it measured. Newer versions of
#: Hugging Face's Trainer print measured numbers in quotes. Ahead of it may stand the moment, in whatever form.
MIXED_DICT = compiled(
    r"^(?:\[[^\]{}]{0,40}\]\s*)?(?:[\w ]{0,30}[:=]\s*)?\{.*:\s*"
    r"(?:'(?!nan|inf)[A-Za-z/][^']*'|\"(?!nan|inf)[A-Za-z/][^\"]*\"|True|False|None|\[).*\}\s*$"
)
_IN_DICT = compiled(r"['\"]([A-Za-z_][\w.\- ]*)['\"]:\s*('[^']*'|\"[^\"]*\"|\[[^\]]*\]|\([^)]*\)|[^,{}()\s]+)")
_NAMESPACE = compiled(r"\b(?:Namespace|Config|Args|Arguments|\w*Config|\w*Args|TrainingArguments)\((.*)\)")
_NAMED = compiled(r"([A-Za-z_]\w*)=('[^']*'|\"[^\"]*\"|\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|[^,()\s]+)")
_FLAG = compiled(r"(?:^|\s)--([A-Za-z][\w.-]*)(?:[ =]([^\s-]\S*|-[\d.]\S*))?")
#: "lr: 0.1", "lr = 0.1", "lr ........ 0.1" as Megatron-LM prints it, "| lr | 0.1 |" as tables do.
_SINGLE = compiled(
    r"^\s*(?:\[\w+\]\s*)?(?:[Oo]verrid(?:ing|e):?\s+|Config param(?:eter)?:?\s+)?(?:--)?"
    r"['\"]?([A-Za-z_][\w.\-/ ]{0,60}?)['\"]?\s*(?::(?!:)|=|\.{3,})\s*(\S.{0,80}?),?\s*$"
)
_ROW = compiled(r"^[|│┃]\s*([A-Za-z_][\w.\-/ ]{0,60}?)\s*[|│┃]\s*(\S[^|│┃]{0,80}?)\s*[|│┃]$")
#: What a trainer found on the machine or counted in the net: nobody set it.
_FOUND = compiled(
    r"(?:GPU|TPU|IPU|HPU|MPS|CUDA) available|(?:(?:non-)?trainable |total )?params(?: size.*)?"
    r"|nohup|log file created at|running on machine|log line format"  # what glog says at the top of each of its files
    r"|output data size|top shape|memory required for data"  # Caffe of its nets
    r"|total (?:estimated model params size.*|FLOPs)|modules in (?:train|eval) mode",
    re.IGNORECASE,
)
#: A line that says where the training is and nothing else.
_PLACE = compiled(r"\W*(?:global[_ ])?(?:step|iteration)\s*[:=]\s*\d+\W*", re.IGNORECASE)
#: "Sun 22 Nov 2026 20" of "Sun 22 Nov 2026 20:37:39 INFO": a moment up to its first colon, and what stands behind it.
_MOMENT = compiled(
    r".*\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b.*\b\d{1,2}", re.IGNORECASE | re.DOTALL
)
_REST_OF_MOMENT = compiled(r"[0-5]\d\b")
#: "batch size per device / バッチサイズ": what the name is in another script.
_IN_TWO_LANGUAGES = compiled(r" / (?=.*[^\x00-\u024f]).*$")
#: What a warning quotes of the program: "xyz = torch.from_numpy(points)".
_CALL = compiled(r"(?:torch|np|numpy|jnp|jax|tf|pd|self|os|super\(\))\.(?:\w+\.)*[a-z_]\w*\(")
#: What stands behind a value in a configuration that is a program itself.
_COMMENT = compiled(r"\s#(?:\s.*)?$")


#: "lr=0.01", "fold 2", "Model: resnet18" in a heading.
_SAID = compiled(r"(?P<name>[A-Za-z]\w*(?: (?:rate|size|decay))?)\s*(?:[:=#]|\s)\s*(?P<value>[\w.+-]+)")


#: "Starting training, SGD lr=0.6": a word of a sentence that gives a setting its number.
_AMONG = compiled(r"(?<![\w.-])([A-Za-z_]\w*)=(\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)(?![\w.])")
_OPTIMIZER = compiled(
    r"(?<![\w.])(SGD|Adam|AdamW|RMSprop|Adagrad|NAdam|RAdam|Adafactor|Lion|LAMB)(?![\w.])", re.IGNORECASE
)
#: "Trainer is initialized with local batch size 2, sequence length 64": so many of such in one sentence.
_IN_WORDS = compiled(
    r"\b((?:(?:local|global|micro|mini|train|total|effective)[ _-])?batch[ _-]size|gradient[ _-]accumulation[ _-]steps"
    r"|sequence length|weight decay|learning rate|total steps) (\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?![\w.]*\w)",
    re.IGNORECASE,
)
_FEWEST_IN_WORDS = 2
#: "Optimizer AdamW (model_part=0): 45 params {'lr': 0.001, 'weight_decay': 0.1}": what its parameters are set to.
_PARAMETERS = compiled(r"^(?:[\w:,.-]+\s+)?Optimizer:? (\w+)\b.*?(\{[^{}]*\})?\s*$", re.IGNORECASE)
#: A line that says where it stands tells what is so there, as the first rate of a warm-up.
_PLACED = compiled(r"(?:epoch|step|iter|round)\w*\W{0,3}\d", re.IGNORECASE)


def names_settings(names: Collection[str]) -> bool:
    """Whether names that stand behind "mini_batch = 4," or "epochs=30," are settings rather than what was measured."""
    return any(is_known(name) for name in names) and not any(IS_LOSS.search(name) for name in names)


def settings_said(headings: Sequence[str], source: str) -> list[Setting]:
    """The settings that the headings above one of several trainings name."""
    found = (match for text in headings for match in _SAID.finditer(text))
    return [Setting(match["name"], plain_setting(match["value"]), source) for match in found]


def settings_among(text: str) -> list[tuple[str, SettingValue]]:
    """The numbers that a sentence ahead of a training gives to known settings, and the optimizer beside."""
    if len(in_words := _IN_WORDS.findall(text)) >= _FEWEST_IN_WORDS:
        return [(re.sub(r"[ -]", "_", name.lower()), plain_setting(value)) for name, value in in_words]
    if "=" not in text or _PLACED.search(text):
        return []
    found = [(name, plain_setting(value)) for name, value in _AMONG.findall(text) if is_known(name) and name != "loss"]
    named = {name.lower() for name in _OPTIMIZER.findall(text)} if found else set()
    return [*found, ("optimizer", named.pop())] if len(named) == 1 else found


def _within_dict(name: str, value: str) -> tuple[str, str]:
    """A setting on a line of its own of a dictionary printed over many: "'train': {'epochs': None,", "'b': 2}}"."""
    if value.count("{") > value.count("}") and (first := _SINGLE.match(value.lstrip("{ "))):
        return _within_dict(first[1].strip(), first[2])
    if (more := value.count("}") - value.count("{")) > 0 and value.endswith("}" * more):
        return name, value[:-more]
    return name, value


def settings_in(text: str) -> list[tuple[str, SettingValue]]:
    """The settings that a cleaned line names, in its order; none for most lines."""
    found: list[tuple[str, str]] = []
    namespace = _NAMESPACE.search(text)
    if (own := _PARAMETERS.match(text)) and _OPTIMIZER.fullmatch(own[1]):
        found = [("optimizer", own[1]), *_IN_DICT.findall(own[2] or "")]
    elif namespace:
        found = _NAMED.findall(namespace[1])
    elif MIXED_DICT.match(text) or (text.startswith("{") and text.endswith("}")):
        found = _IN_DICT.findall(text)
    elif is_command(text):
        found = options_of(text)
    elif "--" in text:
        found = [(name.replace("-", "_"), value or "True") for name, value in _FLAG.findall(text)]
    if (
        not found
        and not _PLACE.fullmatch(text)
        and (single := _SINGLE.match(_COMMENT.sub("", text)) or _ROW.match(text))
    ):
        found = [_within_dict(single[1].strip(), single[2])]
    found = [(name, value) for name, value in found if not _FOUND.fullmatch(name) and not _CALL.match(value)]
    found = [(name, value) for name, value in found if not (_MOMENT.fullmatch(name) and _REST_OF_MOMENT.match(value))]
    found = [(_IN_TWO_LANGUAGES.sub("", name), value) for name, value in found]
    return [(name, plain_setting(value)) for name, value in found]
