"""CRC-32C (Castagnoli), the checksum of every record of an event file.

Big blocks go to the C library behind ``google-crc32c``; where only its Python build is installed, NumPy does the work.
Small records would cost more in calls than in checksums, so :func:`residue` checks a whole window of them in one pass.

Source of the polynomial and the mask: ``tensorflow/tsl/lib/hash/crc32c.h``, RFC 3720 appendix B.4.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Block: TypeAlias = bytes | NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint32]

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
ONES = 0xFFFFFFFF

RESET = 0x641F6454
"""The four bytes (little-endian) that take a register of zero to all ones, which is where a checksum starts."""


def crc32c(block: Block, crc: int = 0) -> int:
    """Checksum of a block, or of what came before (``crc``) and this block together."""
    return _extend()(crc, block)


def residue(block: Block) -> int:
    """What is left in the register after a block, when it started at zero instead of all ones."""
    return crc32c(block, ONES) ^ ONES


def mask(crc: int) -> int:
    """The form in which event files store a checksum."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & ONES


def unmask(stored: Words) -> Words:
    """The checksums behind their stored forms."""
    rotated = stored - np.uint32(_MASK_DELTA)
    return rotated >> np.uint32(17) | rotated << np.uint32(15)


def masked_length_crc(length: NDArray[np.int64]) -> Words:
    """The stored checksum of a length field (8 bytes, little-endian) for each length below 2**32."""
    tables = _length_tables()
    crc = tables[0][length & 0xFF]
    for place in (1, 2, 3):
        digit = length >> 8 * place
        if not digit.any():
            break
        crc ^= tables[place][digit & 0xFF]
    crc ^= _zero_length_crc()
    masked: Words = (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(_MASK_DELTA)
    return masked


@cache
def _zero_length_crc() -> np.uint32:
    return np.uint32(crc32c(bytes(8)))


@cache
def _length_tables() -> tuple[Words, ...]:
    """What each value of byte 0…3 of a length adds to the checksum of length 0 (a checksum is linear over XOR)."""
    zero = int(_zero_length_crc())
    return tuple(
        np.array([crc32c((byte << 8 * place).to_bytes(8, "little")) ^ zero for byte in range(256)], np.uint32)
        for place in range(4)
    )


@cache
def _extend() -> Callable[[int, Block], int]:
    try:
        import google_crc32c
    except ImportError:
        return extend_in_numpy
    if google_crc32c.implementation != "c":
        return extend_in_numpy
    extend: Callable[[int, Block], int] = google_crc32c.extend
    return extend


# --------------------------------------------------------------------------- without the C library

_SHORT = 512
"""Bytes up to which a plain loop is quicker than NumPy."""


def extend_in_numpy(crc: int, block: Block) -> int:
    """:func:`crc32c` in Python and NumPy.

    The block is cut into about as many rows as each row has bytes; all rows advance together, one byte a step, and
    their registers are then folded two by two.
    """
    register = crc ^ ONES
    data = np.frombuffer(block, np.uint8)
    if data.size > _SHORT:
        width = 1 << (data.size.bit_length() + 1) // 2
        rows = data.size // width
        register = _fold(_advance_rows(data[: rows * width].reshape(rows, width), register), width)
        data = data[rows * width :]
    table = _table_list()
    for byte in data.tolist():
        register = table[(register ^ byte) & 0xFF] ^ register >> 8
    return register ^ ONES


def _advance_rows(rows: NDArray[np.uint8], first_register: int) -> Words:
    """The register after each row, the first row starting from ``first_register``, the others from zero."""
    table = _table()
    registers = np.zeros(rows.shape[0], np.uint32)
    registers[0] = first_register
    for column in np.ascontiguousarray(rows.T):
        registers = table[(registers ^ column) & np.uint32(0xFF)] ^ registers >> np.uint32(8)
    return registers


def _fold(registers: Words, width: int) -> int:
    """The register after all rows, from the registers after each row of ``width`` bytes."""
    while registers.size > 1:
        if registers.size % 2:
            registers = np.concatenate([np.zeros(1, np.uint32), registers])  # leading zeros change nothing
        earlier, later = registers[0::2], registers[1::2]
        registers = _through_zeros(earlier, width) ^ later
        width *= 2
    return int(registers[0])


def _through_zeros(registers: Words, width: int) -> Words:
    """The registers after ``width`` zero bytes more, a power of two."""
    tables = _zero_tables(width)
    result: Words = tables[0][registers & np.uint32(0xFF)]
    for place in (1, 2, 3):
        result = result ^ tables[place][registers >> np.uint32(8 * place) & np.uint32(0xFF)]
    return result


@cache
def _zero_tables(width: int) -> tuple[Words, ...]:
    """For each byte of a register, where ``width`` zero bytes take it."""
    places = tuple(np.arange(256, dtype=np.uint32) << np.uint32(8 * place) for place in range(4))
    if width == 1:
        return tuple(_table()[registers & np.uint32(0xFF)] ^ registers >> np.uint32(8) for registers in places)
    return tuple(_through_zeros(_through_zeros(registers, width // 2), width // 2) for registers in places)


@cache
def _table() -> Words:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = table >> np.uint32(1) ^ np.where(table & np.uint32(1), np.uint32(_POLYNOMIAL), np.uint32(0))
    return table


@cache
def _table_list() -> list[int]:
    table: list[int] = _table().tolist()
    return table
