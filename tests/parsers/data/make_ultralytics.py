"""ultralytics' results.csv and args.yaml: a small YOLO from its yaml on a few generated images, nothing downloaded.

python -m tests.parsers.data.make_ultralytics
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from ultralytics import YOLO, settings

from tests.parsers import truth as kept

HERE = Path(__file__).parent / "ultralytics"


def dataset(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        (folder / split / "images").mkdir(parents=True)
        (folder / split / "labels").mkdir(parents=True)
        for n in range(8):
            picture = rng.integers(0, 60, (64, 64, 3), dtype=np.uint8)
            x, y = rng.integers(8, 40, 2)
            picture[y : y + 16, x : x + 16] = 230
            Image.fromarray(picture).save(folder / split / "images" / f"{n}.png")
            label = f"0 {(x + 8) / 64} {(y + 8) / 64} 0.25 0.25\n"
            (folder / split / "labels" / f"{n}.txt").write_text(label)
    description = folder / "data.yaml"
    description.write_text(f"path: {folder}\ntrain: train/images\nval: val/images\nnames: [square]\n")
    return description


def main() -> None:
    settings.update({"sync": False})
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    seen: dict[str, list[list[float]]] = {}

    def note(trainer) -> None:
        metrics = {**trainer.label_loss_items(trainer.tloss), **trainer.metrics, **trainer.lr}
        for name, value in metrics.items():
            seen.setdefault(name, []).append([trainer.epoch + 1, float(value)])

    with tempfile.TemporaryDirectory() as folder:
        data = dataset(Path(folder) / "squares")
        net = YOLO("yolov8n.yaml")
        net.add_callback("on_fit_epoch_end", note)
        net.train(
            data=str(data),
            epochs=4,
            imgsz=64,
            batch=4,
            device="cpu",
            amp=False,
            plots=False,
            workers=0,
            save=False,
            seed=0,
            project=str(Path(folder) / "runs"),
            name="train",
            verbose=False,
        )
        source = Path(folder) / "runs" / "train"
        shutil.copy(source / "results.csv", HERE)
        args = (source / "args.yaml").read_text().replace(folder, "runs")
        (HERE / "args.yaml").write_text(args)
    kept.save(HERE / "results.csv", {name: values[:4] for name, values in seen.items()})


if __name__ == "__main__":
    main()
