"""``python -m tests.zoo.make``: trains what is missing, then writes the labels and the logged series.

The Keras part is made by ``python -m tests.zoo.keras_part`` (it needs Keras, not PyTorch).
``--train-only`` and ``--label-only`` do one half; ``--worker 0 --workers 2`` shares the training between processes.
"""

from __future__ import annotations

import argparse


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.make", description=__doc__)
    parser.add_argument("--worker", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--train-only", action="store_true")
    parser.add_argument("--label-only", action="store_true")
    args = parser.parse_args()
    if not args.label_only:
        from tests.zoo import train

        train.make(args.worker, args.workers, args.limit)
    if not args.train_only:
        from tests.zoo import label

        label.write()


if __name__ == "__main__":
    main()
