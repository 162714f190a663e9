"""Files of settings: hparams.yaml, config.json, .hydra/config.yaml, params.json, config.toml, args.txt and their like.

Read with a loader that builds plain values only: a tag such as ``!!python/object`` names code to run
and is passed over.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from losslens.errors import LosslensError, NotALogError, ParseError
from losslens.model import Damage, Log, Setting, SettingValue, Warning
from losslens.parsers.axes import normalise
from losslens.parsers.json_reading import Json, flatten, peek, read_document
from losslens.parsers.opening import LogFile, decode_head
from losslens.patterns import compiled

if TYPE_CHECKING:
    import yaml

NAME = "settings"

MAX_SETTINGS = 2_000
MAX_YAML_BYTES = 512 << 10
"""Settings are pages, not megabytes; reading YAML costs seconds a megabyte."""
MAX_YAML_NODES = 100_000
"""What a document may grow to once its aliases are filled in."""
MAX_TEXT = 500

_FILE_NAMES = compiled(
    r"(?:.*[_.-])?(?:config|configs|cfg|conf|args|arguments|hparams|hyper_?parameters|hyperparams|params|settings|opts?|"
    r"options|flags|overrides)",
    re.IGNORECASE,
)
#: "config_2", "args-resnet": the settings of one of several runs.
_NAMED_SETTINGS = compiled(r"(?:config|conf|cfg|args|hparams|params|settings|options)(?:\d|[_.-])", re.IGNORECASE)
_NOT_THESE = compiled(
    r"(?:.*[_.-])?(?:tokenizer|generation|preprocessor|processor|image_processor|feature_extractor|package|tsconfig|jsconfig"
    r"|docker|mkdocs|pre-commit|codecov|environment|tokens_map|model\.safetensors\.index)(?:[_.-].*)?",
    re.IGNORECASE,
)
_KNOWN = frozenset(
    [
        "lr",
        "learning_rate",
        "base_lr",
        "max_lr",
        "lr0",
        "lrate",
        "batch_size",
        "train_batch_size",
        "batchsize",
        "batch",
        "bs",
        "micro_batch_size",
        "per_device_train_batch_size",
        "optimizer",
        "optim",
        "optimiser",
        "epochs",
        "n_epochs",
        "num_epochs",
        "max_epochs",
        "num_train_epochs",
        "max_steps",
        "total_steps",
        "seed",
        "random_seed",
        "momentum",
        "weight_decay",
        "warmup",
        "warmup_steps",
        "warmup_epochs",
        "warmup_ratio",
        "scheduler",
        "lr_scheduler",
        "lr_scheduler_type",
        "grad_clip",
        "clip_grad",
        "clip_grad_norm",
        "max_grad_norm",
        "gradient_clip_val",
        "gradient_accumulation_steps",
        "gradient_clipping",
        "zero_optimization",
        "train_micro_batch_size_per_gpu",
        "dropout",
        "hidden_size",
        "n_layers",
        "num_layers",
        "amp",
        "fp16",
        "bf16",
        "precision",
        "beta1",
        "beta2",
        "adam_beta1",
        "adam_beta2",
        "eps",
        "epsilon",
        "gamma",
        "n_steps",
        "total_timesteps",
        "ent_coef",
        "vf_coef",
        "clip_range",
        "buffer_size",
        "loss",
        "loss_fn",
        "model",
        "model_name",
        "arch",
        "dataset",
        "data",
        "device",
        "gpus",
        "num_workers",
        "trainer",
    ]
)
_WEAK = frozenset(
    [
        "loss",
        "precision",
        "model",
        "model_name",
        "dataset",
        "data",
        "device",
        "trainer",
        "gamma",
        "eps",
        "epsilon",
        "arch",
    ]
)
"""Names that other files than settings hold too: they do not make one alone."""
_BOOKKEEPING = frozenset(["id2label", "label2id", "artifact_uri", "vocab", "merges"])
_YAML_LINE = compiled(r"(?:- )?['\"]?[\w./-][\w ./-]*['\"]?\s*:(?:\s|$)")
_SCIENTIFIC = compiled(r"[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+")
_FLAG = compiled(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_ASSIGNED = compiled(r"\+{0,2}([A-Za-z_][\w./]*)=(.*)", re.DOTALL)
_LINES = frozenset([".txt", ".cfg", ".conf", ".ini"])
_LINE = compiled(r"\s*(?:--)?([A-Za-z_][\w.-]*)\s*[:=]\s*(\S.*?)?\s*(?:\[default: .*\])?$")
_TOML_NAME = compiled(r"^\s*([A-Za-z_][\w-]*)\s*=", re.MULTILINE)
_ORDERED = "!!python/object/apply:collections.OrderedDict"
_OVERRIDES = "overrides.yaml"
_METADATA = "wandb-metadata.json"
_NOTHING = object()


def sniff(path: Path, head: bytes) -> bool:
    """Names and values, in a file that is called settings or holds at least two settings everybody knows."""
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    if _NOT_THESE.fullmatch(stem) or path.suffix.lower() in (".log", ".out", ".err"):
        return False
    text = decode_head(head)
    suffix = PurePath(path.name.removesuffix(".gz")).suffix.lower()
    if suffix == ".toml":
        return _is_toml(stem, text)
    if suffix in _LINES:
        return is_called_settings(stem) and holds_settings({normalise(name) for name, _ in _in_lines(text)})
    if text.lstrip()[:1] == "{":
        if sum(line.startswith("{") for line in text.splitlines()) > 1:
            return False  # a dict a line is a log, in JSON or as Python prints it
        value = peek(head)
        if not isinstance(value, dict) or not value:
            return False
        if path.name == _METADATA:
            return True
        names = _names(value)
        if "artifact_uri" in names or len(value) > 1_000:
            return False
        return _is_settings(stem, names)
    if suffix not in (".yaml", ".yml"):
        return False
    if text.startswith(_ORDERED) or path.name == _OVERRIDES:
        return is_called_settings(stem)
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "---", "%"))]
    top = [line for line in lines if not line[0].isspace()]
    if not top or sum(bool(_YAML_LINE.match(line)) for line in top) < 0.7 * len([t for t in top if t[0] != "-"]):
        return False
    keys = {normalise(line.split(":", 1)[0].strip(" -'\"")) for line in lines if ":" in line}
    if "artifact_uri" in keys or "runs_on" in keys or "services" in keys:
        return False
    return _is_settings(stem, keys)


def parse(path: Path) -> tuple[Log, ...]:
    """One Log with settings and no series. Raises ParseError for a document that cannot be read."""
    warnings: list[Warning] = []
    damage: tuple[Damage, ...] = ()
    suffix = PurePath(path.name.removesuffix(".gz")).suffix.lower()
    document: Json
    if suffix == ".toml":
        document = _read_toml(path)
    elif suffix in _LINES:
        document = dict(_in_lines(LogFile(path).document()[:MAX_YAML_BYTES]))
    elif isinstance(peek(LogFile(path).head), dict):
        read = read_document(path)
        document, damage = read.value, read.damage
    else:
        document, passed_over = read_yaml(path)
        if passed_over:
            text = f"{passed_over} values of Python's own types passed over: building them would run code"
            warnings.append(Warning("yaml-tags", text))
    if isinstance(document, list) and all(isinstance(item, str) for item in document):
        document = dict(flags([str(item) for item in document]))  # Hydra's overrides
    if not isinstance(document, dict):
        raise NotALogError(f"{path}: not a mapping of names to settings")
    settings = flat_settings(_as_tracked(document), path)
    if len(settings) >= MAX_SETTINGS:
        warnings.append(Warning("many-settings", f"only the first {MAX_SETTINGS} settings were read"))
    return (Log(str(path), NAME, {}, settings=settings, damage=damage, warnings=tuple(warnings)),)


def kept_in(file: Path) -> tuple[Setting, ...]:
    """The settings in a file that a logger keeps beside its numbers; none where it is not there or cannot be read."""
    try:
        return parse(file)[0].settings if file.is_file() else ()
    except LosslensError:
        return ()


def flat_settings(value: Mapping[str, Json], path: Path, prefix: str = "") -> tuple[Setting, ...]:
    """Nested settings as one tuple, names joined by dots, each with the file and key it came from."""
    settings: list[Setting] = []
    kept = {key: item for key, item in value.items() if key not in _BOOKKEEPING}
    for name, item in flatten(kept, prefix, "."):
        plain = _plain(item)
        if plain is not _NOTHING:
            settings.append(Setting(name, plain, f"{path}:{name}"))  # type: ignore[arg-type]
        if len(settings) >= MAX_SETTINGS:
            break
    return tuple(settings)


def plain_setting(text: str) -> SettingValue:
    """A setting that was written as text: the number, truth value or None it spells, else the text itself."""
    text = text.strip().strip("'\"")
    low = text.lower()
    if low in ("true", "false"):
        return low == "true"
    if low in ("none", "null"):
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _is_toml(stem: str, text: str) -> bool:
    """A table of settings; not the description of a package."""
    if re.search(r"^\s*\[(?:project|build-system|package|dependencies|tool\.)", text, re.MULTILINE):
        return False
    names = {normalise(name) for name in _TOML_NAME.findall(text)}
    return holds_settings(names) or (is_called_settings(stem) and bool(_KNOWN & names))


def _read_toml(path: Path) -> Json:
    import tomllib

    text = LogFile(path).document()
    if len(text) > MAX_YAML_BYTES:
        raise ParseError(f"{path}: a TOML file of more than {MAX_YAML_BYTES >> 10} KiB; not read as settings")
    try:
        document: Json = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ParseError(f"{path}: not TOML: {str(error).splitlines()[0]}") from error
    return document


def _in_lines(text: str) -> list[tuple[str, SettingValue]]:
    """Settings a line, "lr: 0.1" or "lr = 0.1", or the words of a command line, as programs save their arguments."""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and sum(line.lstrip().startswith("-") and "--" in line for line in lines) > 0.5 * len(lines):
        try:
            return flags(shlex.split(" ".join(lines)))
        except ValueError:  # a quote that is never closed
            return flags(" ".join(lines).split())
    matches = [match for line in lines if (match := _LINE.match(line))]
    if len(matches) < 0.6 * len(lines):
        return []
    return [(match[1], plain_setting(match[2] or "")) for match in matches]


def _as_tracked(document: dict[str, Json]) -> dict[str, Json]:
    """The settings in what W&B and SwanLab write: a config.yaml of ``{"lr": {"desc": null, "value": 0.1}}``, the
    command line."""
    wrapped = {name: item for name, item in document.items() if isinstance(item, dict) and "value" in item}
    every = len(wrapped) + ("wandb_version" in document) == len(document)
    if wrapped and every and all(item.keys() <= {"desc", "sort", "value"} for item in wrapped.values()):
        return {name: item["value"] for name, item in wrapped.items() if name != "_wandb"}
    arguments = document.get("args")
    if "heartbeatAt" in document or ("program" in document and isinstance(arguments, list)):
        return dict(flags([str(word) for word in arguments])) if isinstance(arguments, list) else {}
    return document


def flags(command: Sequence[str]) -> list[tuple[str, SettingValue]]:
    """The options of a command line: ``--lr 0.1 --amp`` or, as Hydra and OmegaConf take them, ``optim.lr=0.1``."""
    found: dict[str, str] = {}
    waiting = ""
    for word in command:
        flag, pair = _FLAG.fullmatch(word), _ASSIGNED.fullmatch(word)
        if flag:
            waiting = "" if flag[2] is not None else flag[1].replace("-", "_")
            found[flag[1].replace("-", "_")] = "true" if flag[2] is None else flag[2]
        elif pair:
            waiting = ""
            found[pair[1]] = pair[2]
        elif waiting:
            found[waiting] = word if found[waiting] == "true" else f"{found[waiting]} {word}"
    return [(name, plain_setting(value)) for name, value in found.items()]


def _plain(item: Json) -> SettingValue | object:
    """A scalar as it is; a short list of scalars as its text; anything else is no setting."""
    if item is None or isinstance(item, bool | int | float):
        return item
    if isinstance(item, str):
        if _SCIENTIFIC.fullmatch(item):
            return float(item)  # YAML 1.1 reads 1e-4 as text
        return item if len(item) <= MAX_TEXT else item[:MAX_TEXT] + "…"
    if isinstance(item, list) and len(item) <= 64 and not any(isinstance(part, list | dict) for part in item):
        return "[" + ", ".join(str(part) for part in item) + "]"
    return _NOTHING


def is_called_settings(stem: str) -> bool:
    """Whether a file's name without its ending says that it holds settings."""
    return bool(_FILE_NAMES.fullmatch(stem))


def _is_settings(stem: str, names: set[str]) -> bool:
    """By its name, by what it holds, or, where its name says whose settings it holds, by a little of both."""
    if is_called_settings(stem) or holds_settings(names):
        return True
    return bool(_NAMED_SETTINGS.match(stem)) and not (_KNOWN & names) <= _WEAK


def is_known(name: str) -> bool:
    """Whether everybody knows the name for that of a setting."""
    return normalise(name) in _KNOWN


def holds_settings(names: set[str]) -> bool:
    """Whether two of the names, normalised, are settings that everybody knows."""
    known = _KNOWN & names
    return len(known) >= 2 and not known <= _WEAK


def _names(value: Mapping[str, Json]) -> set[str]:
    """The names of the first two levels, normalised."""
    names = {normalise(key) for key in value}
    for item in value.values():
        if isinstance(item, dict):
            names.update(normalise(key) for key in list(item)[:200])
    return names


def read_yaml(path: Path, *, what: str = "settings", many: bool = False) -> tuple[Json, int]:
    """A YAML document as plain values, and how many tagged nodes were passed over; of ``many`` a list of them.

    Raises ParseError for a document that is too large (also once its aliases are filled in), too deep or broken.
    """
    import yaml

    text = LogFile(path).document()
    if len(text) > MAX_YAML_BYTES:
        raise ParseError(f"{path}: a YAML file of more than {MAX_YAML_BYTES >> 10} KiB; not read as {what}")
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(text)
        nodes = [] if many else [loader.get_single_node()]
        while many and loader.check_node():
            nodes.append(loader.get_node())
        found = [node for node in nodes if node is not None]
        sizes: dict[int, int] = {}
        if sum(_grown(node, sizes) for node in found) > MAX_YAML_NODES:
            raise ParseError(f"{path}: its aliases expand to more than {MAX_YAML_NODES} values; not read")
        passed_over: list[str] = []
        values = [_value(loader, node, passed_over) for node in found]
        return (values if len(values) > 1 else next(iter(values), {})), len(passed_over)
    except RecursionError as error:
        raise ParseError(f"{path}: nested too deeply to be settings") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ParseError(f"{path}: not YAML{where}: {problem}") from error
    finally:
        if loader is not None:
            loader.dispose()


def _grown(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many values a node stands for with every alias filled in; an alias to itself counts as endless."""
    import yaml

    known = sizes.get(id(node))
    if known is not None:
        return known
    sizes[id(node)] = MAX_YAML_NODES + 1
    size = 1
    if isinstance(node, yaml.MappingNode):
        size += sum(_grown(key, sizes) + _grown(item, sizes) for key, item in node.value)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_grown(item, sizes) for item in node.value)
    sizes[id(node)] = min(size, 10 * MAX_YAML_NODES)
    return size


def _value(loader: yaml.SafeLoader, node: yaml.Node, passed_over: list[str]) -> Json:
    """Plain values from nodes. Sequences and mappings keep what is plain in them, whatever Python type they name."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        if node.tag.startswith("tag:yaml.org,2002:python/object"):
            passed_over.append(node.tag)
            return {}
        mapping: dict[str, Json] = {}
        for key, item in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            value = _value(loader, item, passed_over)
            if name == "<<" and isinstance(value, dict):
                mapping = {**value, **mapping}
            else:
                mapping[name] = value
        return mapping
    if isinstance(node, yaml.SequenceNode):
        if node.tag.endswith("python/object/apply:collections.OrderedDict") and len(node.value) == 1:
            # A list of pairs under a name that is known to do nothing else: rl-zoo saves its settings so.
            pairs = _value(loader, node.value[0], passed_over)
            items = pairs if isinstance(pairs, list) else []
            return {str(pair[0]): pair[1] for pair in items if isinstance(pair, list) and len(pair) == 2}
        if "python/object" in node.tag:
            passed_over.append(node.tag)
            return {}
        return [_value(loader, item, passed_over) for item in node.value]
    if node.tag.startswith("tag:yaml.org,2002:python/") or not node.tag.startswith("tag:yaml.org,2002:"):
        name = node.tag.rsplit("/", 1)[-1]
        if name in ("str", "unicode", "int", "float", "bool"):
            return str(node.value)
        passed_over.append(node.tag)
        return {}
    value = loader.construct_object(node)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
