"""Tables of one training as pandas saves them: Parquet, as W&B's downloads of a history are, and Excel.

    pip install pandas pyarrow openpyxl
    python -m tests.parsers.data.make_tables

The training is that of the offline trackers.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.parsers.offline_truth import TRUTH

HERE = Path(__file__).parent / "tables"


def main() -> None:
    HERE.mkdir(exist_ok=True)
    frame = pd.DataFrame(TRUTH)
    frame.insert(0, "_step", range(len(frame)))
    frame["_timestamp"] = 1.7e9 + 2.5 * frame["_step"]
    frame["split"] = "fold-1"
    frame.to_parquet(HERE / "history.parquet")
    frame["time"] = pd.to_datetime(frame.pop("_timestamp"), unit="s")
    frame.rename(columns={"_step": "step"}).to_excel(HERE / "history.xlsx", index=False)


if __name__ == "__main__":
    main()
