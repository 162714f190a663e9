"""What OpenNMT-py and PaddlePaddle print and keep, each installed in an environment of its own.

python -m tests.parsers.data.make_printed_others opennmt|paddle|paddle_lines

OpenNMT-py asks for fasttext, which only one filter of its corpora uses: an empty module in its place will do.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

from tests.parsers.data.capture import Truth, make

_WORDS = [f"w{i}" for i in range(30)]


def opennmt(here: Path) -> None:
    """``onmt_train``: turn sentences round, with the numbers as its report manager is given them."""
    from types import ModuleType

    sys.modules["fasttext"] = ModuleType("fasttext")
    from onmt.bin import train
    from onmt.utils.report_manager import ReportMgr

    truth = Truth()
    report_training, report_step = ReportMgr._report_training, ReportMgr._report_step

    def training(self, step, num_steps, learning_rate, patience, report_stats):
        truth.note(step, xent=report_stats.xent(), ppl=report_stats.ppl(), acc=report_stats.accuracy())
        truth.note(step, lr=learning_rate)
        return report_training(self, step, num_steps, learning_rate, patience, report_stats)

    def evaluation(self, lr, patience, step, valid_stats=None, train_stats=None):
        truth.add(step, {"Validation perplexity": valid_stats.ppl(), "Train perplexity": train_stats.ppl()})
        truth.add(step, {"Validation accuracy": valid_stats.accuracy(), "Train accuracy": train_stats.accuracy()})
        return report_step(self, lr, patience, step, valid_stats, train_stats)

    ReportMgr._report_training, ReportMgr._report_step = training, evaluation
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        options, _ = train._get_parser().parse_known_args(["-config", _corpus(Path(scratch))])
        train.train(options)
    truth.save(here / "train.log")


def _corpus(scratch: Path) -> str:
    chance = random.Random(0)
    for name, count in (("train", 800), ("valid", 100)):
        lines = [chance.choices(_WORDS, k=chance.randint(3, 8)) for _ in range(count)]
        (scratch / f"{name}.src").write_text("".join(f"{' '.join(line)}\n" for line in lines))
        (scratch / f"{name}.tgt").write_text("".join(f"{' '.join(reversed(line))}\n" for line in lines))
    (scratch / "vocab").write_text("".join(f"{word}\t100\n" for word in _WORDS))
    (scratch / "config.yaml").write_text(
        "{save_data: run, src_vocab: vocab, tgt_vocab: vocab, overwrite: true, save_model: run/model, seed: 1,\n"
        "data: {corpus_1: {path_src: train.src, path_tgt: train.tgt},"
        " valid: {path_src: valid.src, path_tgt: valid.tgt}},\n"
        "train_steps: 400, valid_steps: 50, report_every: 10, save_checkpoint_steps: 200, encoder_type: rnn,\n"
        "decoder_type: rnn, hidden_size: 32, word_vec_size: 32, layers: 1, optim: adam, learning_rate: 0.01,\n"
        "start_decay_steps: 200, decay_steps: 100, batch_size: 32, batch_type: sents, num_workers: 0,"
        " bucket_size: 400}\n"
    )
    return str(scratch / "config.yaml")


def paddle(here: Path, verbose: int = 1) -> None:
    """``Model.fit`` with its bar and VisualDL's records beside what it prints."""
    import numpy as np
    import paddle

    paddle.seed(0)
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((8, 1))
    x = rng.standard_normal((384, 8)).astype("float32")
    y = (x @ weights + 0.1 * rng.standard_normal((384, 1))).astype("float32")
    sets = [
        paddle.io.TensorDataset([paddle.to_tensor(part[a:b]) for part in (x, y)]) for a, b in ((0, 320), (320, 384))
    ]
    truth, records = Truth(), Truth()

    class Notes(paddle.callbacks.Callback):
        step = 0

        def on_train_batch_end(self, step, logs=None):
            self.step += 1
            records.note(self.step, **{"train/loss": logs["loss"][0]})
            if self.step % 5 == 0:
                truth.note(self.step, loss=logs["loss"][0])

        def on_eval_end(self, logs=None):
            for notes, tag in ((truth, "val/loss"), (records, "eval/loss")):
                notes.add(self.step, {tag: logs["loss"][0]})

    net = paddle.nn.Sequential(paddle.nn.Linear(8, 16), paddle.nn.ReLU(), paddle.nn.Linear(16, 1))
    model = paddle.Model(net)
    model.prepare(paddle.optimizer.Adam(0.01, parameters=net.parameters()), paddle.nn.MSELoss())
    # Beside the log, not in it: losslens would read the two as one run.
    kept = here.parent / "visualdl"
    shutil.rmtree(kept, ignore_errors=True)
    notes = [Notes(), paddle.callbacks.VisualDL(str(kept))]
    model.fit(*sets, epochs=8, batch_size=16, shuffle=False, log_freq=5, verbose=verbose, callbacks=notes)
    truth.save(here / "train.log")
    for part in kept.iterdir():
        part.rename(part.with_name("vdlrecords.1700000000.log"))
    records.save(kept / "vdlrecords.1700000000.log")


MAKERS = {"opennmt": opennmt, "paddle": paddle, "paddle_lines": partial(paddle, verbose=2)}


def main() -> None:
    warnings.simplefilter("ignore")
    make(MAKERS)


if __name__ == "__main__":
    main()
