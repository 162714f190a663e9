"""A run stored by Sacred's own observer of files: metrics, settings and what was printed.

python -m tests.parsers.data.make_sacred
"""

from __future__ import annotations

import math
import shutil
import tempfile
from pathlib import Path

from sacred import Experiment
from sacred.observers import FileStorageObserver

from tests.parsers import truth as kept

HERE = Path(__file__).parent / "sacred"
#: What the observer writes of the machine and of the sources is left out.
STORED = ("metrics.json", "config.json", "cout.txt")


def main() -> None:
    seen: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        experiment = Experiment("fit", save_git_info=False)
        experiment.captured_out_filter = None
        experiment.add_config(learning_rate=0.1, epochs=30)
        experiment.observers.append(FileStorageObserver(folder))

        @experiment.main
        def fit(_run, learning_rate, epochs):
            weight = 1.0
            for epoch in range(epochs):
                weight -= learning_rate * 2 * weight * (1.0 if epoch < 20 else 3.0)
                loss = weight * weight + 0.1 if epoch < 28 else float("nan")
                for name, value in (("training.loss", loss), ("training.weight", weight)):
                    _run.log_scalar(name, value, epoch * 10)
                    seen.setdefault(name, []).append([epoch * 10, value])
                print(f"epoch {epoch} done")
            return None if math.isnan(loss) else loss

        experiment.run()
        target = HERE / "1"
        shutil.rmtree(HERE, ignore_errors=True)
        target.mkdir(parents=True)
        for name in STORED:
            shutil.copy(Path(folder) / "1" / name, target)
    kept.save(target / "metrics.json", seen)


if __name__ == "__main__":
    main()
