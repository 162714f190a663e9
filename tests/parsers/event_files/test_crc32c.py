from __future__ import annotations

import struct

import google_crc32c
import numpy as np
import pytest

from losslens.parsers.event_files import crc32c


def test_the_check_value_of_the_polynomial() -> None:
    assert crc32c.crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("size", [0, 1, 7, 511, 512, 513, 1000, 4096, 65_537, 300_001])
def test_numpy_gives_the_same_checksum_as_the_c_library(size: int) -> None:
    block = np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8)
    assert crc32c.extend_in_numpy(0, block) == google_crc32c.value(block.tobytes())
    assert crc32c.extend_in_numpy(0xDEADBEEF, block) == google_crc32c.extend(0xDEADBEEF, block.tobytes())


def test_without_the_c_library_numpy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_crc32c, "implementation", "python")
    crc32c._extend.cache_clear()
    try:
        assert crc32c._extend() is crc32c.extend_in_numpy
        assert crc32c.crc32c(b"123456789") == 0xE3069283
    finally:
        crc32c._extend.cache_clear()


def test_masks_can_be_taken_off_again() -> None:
    crcs = np.random.default_rng(0).integers(0, 1 << 32, 1000, dtype=np.uint32)
    stored = np.array([crc32c.mask(int(crc)) for crc in crcs], np.uint32)
    assert (crc32c.unmask(stored) == crcs).all()


def test_stored_checksums_of_lengths_are_those_of_their_eight_bytes() -> None:
    lengths = np.array([0, 1, 41, 255, 256, 65_535, 65_536, (1 << 24) + 5, (1 << 32) - 1])
    expected = [crc32c.mask(google_crc32c.value(struct.pack("<Q", int(n)))) for n in lengths]
    assert crc32c.masked_length_crc(lengths).tolist() == expected


def test_the_reset_bytes_take_the_register_from_zero_to_all_ones() -> None:
    assert crc32c.residue(struct.pack("<QI", 0, crc32c.RESET)) == crc32c.ONES


def test_a_message_behind_reset_bytes_and_before_its_register_leaves_nothing() -> None:
    message = b"any payload at all"
    register = crc32c.crc32c(message) ^ crc32c.ONES
    framed = struct.pack("<QI", 0, crc32c.RESET) + message + struct.pack("<I", register)
    assert crc32c.residue(framed * 3) == 0
    assert crc32c.residue(framed + framed.replace(b"any", b"eny") + framed) != 0
