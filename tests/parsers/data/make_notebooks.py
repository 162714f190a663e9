"""Notebooks run by Jupyter's own kernel: Hugging Face's and fastai's tables, Keras' bars, a loop that prints and dies.

python -m tests.parsers.data.make_notebooks hf|fastai|keras|loop

Each needs the libraries that it trains with, nbclient and ipykernel. The last line of each notebook writes what was
trained to a file, out of which the truth is kept; that cell shows nothing.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.parsers import truth as kept

HERE = Path(__file__).parent / "notebooks"

HF = (
    "%matplotlib inline\nlearning_rate = 1e-2\nbatch_size = 8",
    """\
import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

seen = {}

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))

    def forward(self, x, labels):
        return {"loss": torch.nn.functional.mse_loss(self.layers(x), labels)}

class Truth(TrainerCallback):
    def on_log(self, args, state, control, logs=None, **_):
        for name, tag in (("loss", "Training Loss"), ("eval_loss", "Validation Loss")):
            if name in (logs or {}):
                seen.setdefault(tag, []).append([state.global_step, logs[name]])

torch.set_num_threads(1)
torch.manual_seed(0)
x = torch.randn(64, 4)
rows = [{"x": row, "labels": row.sum().reshape(1)} for row in x]""",
    """\
import tempfile

args = TrainingArguments(tempfile.mkdtemp(), num_train_epochs=6, per_device_train_batch_size=batch_size,
                         learning_rate=learning_rate, logging_steps=8, eval_strategy="steps", eval_steps=4,
                         save_strategy="no", report_to=[], use_cpu=True)
trainer = Trainer(Net(), args, train_dataset=rows[:48], eval_dataset=rows[48:], callbacks=[Truth()])
trainer.train()""",
)

FASTAI = (
    """\
import torch
from fastai.basics import *
from fastai.callback.all import *

torch.set_num_threads(1)
set_seed(0)
x = torch.randn(96, 4)
sets = [torch.utils.data.TensorDataset(x[:64], x[:64].sum(1, keepdim=True)),
        torch.utils.data.TensorDataset(x[64:], x[64:].sum(1, keepdim=True))]
data = DataLoaders.from_dsets(*sets, bs=16, num_workers=0, device="cpu")
net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
parts = lambda net: [list(part.parameters()) for part in net]
learn = Learner(data, net, loss_func=nn.MSELoss(), lr=0.05, splitter=parts)
seen = {"train_loss": [], "valid_loss": []}

class Truth(Callback):
    order = 60
    def after_epoch(self):
        for name, value in zip(seen, self.recorder.values[-1]):
            seen[name].append([self.epoch, value])""",
    "learn.fine_tune(6, base_lr=0.05, cbs=Truth())",
)

KERAS = (
    """\
import numpy as np
import keras

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(320, 4))
y = x.sum(1)
seen = {}

def fit(net, **how):
    history = net.fit(x, y, batch_size=16, validation_split=0.2, **how)
    for name, values in history.history.items():
        seen.setdefault(name, []).extend([e + 1, float(v)] for e, v in zip(history.epoch, values))""",
    "net = keras.Sequential([keras.layers.Dense(8, 'tanh'), keras.layers.Dense(1)])\n"
    "net.compile(keras.optimizers.SGD(0.01), 'mse', metrics=['mae'])",
    "fit(net, epochs=5)",
    "fit(net, epochs=9, initial_epoch=5)",
)

LOOP = (
    "seen = {}\nlr = 0.1\nepochs = 12",
    """\
import random

random.seed(0)
level = 2.0
for epoch in range(epochs):
    level *= 0.9
    loss = level + 0.05 * random.random()
    seen.setdefault("loss", []).append([epoch, loss])
    print(f"epoch {epoch:2d} | loss {loss:.4f} | lr {lr}")
    if epoch == 9:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")""",
)

NOTEBOOKS = {"hf": HF, "fastai": FASTAI, "keras": KERAS, "loop": LOOP}


def make(name: str) -> None:
    """Run one notebook and keep it as Jupyter saves it, without the paths of the machine that ran it."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "truth.json"
        saving = f"import json\njson.dump(seen, open({str(told)!r}, 'w'), default=float)"
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in NOTEBOOKS[name]])
        book.cells.append(nbformat.v4.new_code_cell(saving))
        NotebookClient(book, timeout=600, allow_errors=True, resources={"metadata": {"path": folder}}).execute()
        book.cells.pop()
        book.metadata.pop("widgets", None)
        HERE.mkdir(exist_ok=True)
        path = HERE / f"{name}.ipynb"
        path.write_text(
            _without_paths(nbformat.writes(book), (folder, sys.prefix, os.getcwd(), str(Path.home()))) + "\n"
        )
        kept.save(path, json.loads(told.read_text()))


def _without_paths(text: str, places: tuple[str, ...]) -> str:
    for place in places:
        text = text.replace(place, "…")
    return text


def main() -> None:
    makers: dict[str, Callable[[str], None]] = dict.fromkeys(NOTEBOOKS, make)
    for name in sys.argv[1:]:
        makers[name](name)


if __name__ == "__main__":
    main()
