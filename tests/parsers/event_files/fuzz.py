"""Coverage-guided fuzzing of the event-file reader; needs atheris, which is not among the test requirements.

``python -m tests.parsers.event_files.fuzz -max_total_time=300 CORPUS_FOLDER``

Half of the inputs are bytes put into a file between good records: the reader must end, must not fail, must return the
good records' points, and whatever else it returns must come from a record whose checksums hold. The other half are
payloads that are framed well and repeated: columns, the exact decoder, and protobuf (where it takes them) must agree.
"""

from __future__ import annotations

import struct
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["losslens.parsers"]):
    from losslens.parsers import tensorboard
    from losslens.parsers.event_files import columns, records
    from losslens.parsers.event_files.scalars import Scalars

from tests.parsers.event_files import oracle
from tests.parsers.event_files.streams import field, numbered

GOOD = (
    b"\x09" + struct.pack("<d", 1.7e9) + b"\x10\x05" + field(5, field(1, field(1, b"loss") + b"\x15\x00\x00\x80\x3f"))
)
FILE = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)) / "events.out.tfevents.1700000000"
TIMES = 3


def test_one(data: bytes) -> None:
    if not data:
        return
    if data[0] % 2:
        damaged(data[1:])
    else:
        well_framed(data[1:])


def damaged(noise: bytes) -> None:
    good = oracle.record(GOOD)
    FILE.write_bytes(good * TIMES + noise + good * TIMES)
    (log,) = tensorboard.parse(FILE)
    loss = log.series["loss"]
    assert (loss.value == 1.0).sum() >= 2 * TIMES, "a good record was lost"
    for damage in log.damage:
        assert 0 <= damage.first_byte <= damage.last_byte < FILE.stat().st_size


def well_framed(data: bytes) -> None:
    payloads = list[bytes]()
    at = 0
    while at < len(data):
        payloads.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    payloads = [numbered(payload, i) for i in range(TIMES) for payload in payloads]
    FILE.write_bytes(b"".join(map(oracle.record, payloads)))
    (log,) = tensorboard.parse(FILE)
    got = oracle.points_of(dict(log.series))
    exact = Scalars([])
    exact.read_one_by_one([(i, 12 + 1000 * i, payload) for i, payload in enumerate(payloads)])
    assert oracle.same(got, oracle.points_of(exact.series())), "columns and decoder disagree"
    try:
        true = oracle.points(payloads)
    except Exception:
        return  # protobuf refuses the whole file for one payload, or tensorboard a tensor
    assert oracle.same(got, true), "decoder and protobuf disagree"


def main() -> None:
    columns.FEW = 1
    records.SMALL = 0
    records.WINDOW = 4096
    atheris.Setup(sys.argv, test_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
