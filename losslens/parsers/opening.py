"""The bytes of a log file: gunzipped where needed, in blocks of whole lines, as UTF-8, and never run.

Everything a parser reads comes through here, so that a cut-off gzip, a zero-filled tail, a line without an end and a
pickle get the same treatment in every format.
"""

from __future__ import annotations

import codecs
import os
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from losslens.errors import ParseError, UnsafeFileError
from losslens.languages import words_of_others
from losslens.model import Damage
from losslens.parsers.framing import Framing, framing_of
from losslens.patterns import compiled_bytes

HEAD_BYTES = 65_536
MOST_HEAD_BYTES = 4 << 20
"""As far as is read of a text whose lines are too long for a head: a record of a thousand columns is one of 70 KiB."""
WIDE_BYTES = HEAD_BYTES // 4
"""A line from which on a head may hold too few of its kind to know a file by."""
LEAST_LINES = 3
"""Line ends behind the beginning of the first wide line by which a file is known: a header and two rows have them."""
BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 16 << 20
"""A line longer than this is not a line of a log: it is skipped and reported."""
MAX_DOCUMENT_BYTES = 1 << 30
"""A JSON or YAML document has to be held whole; beyond this it is refused rather than swallowed."""
MAX_GZIP_RATIO = 250
FREE_BYTES = 64 << 20
"""Logs compress 5 to 50 times; above 64 MiB a larger ratio is a decompression bomb."""
BEGINNING, ALIKE = 3, 4
"""So many bytes of a line say that it begins as one of so many others does."""
MAX_HOLES = 4
"""Runs of zero bytes that a text may have; more, and it is no text."""

_OTHERS = ("gb18030", "cp932", "cp1251", "big5", "euc_jp", "cp866", "cp949")
"""What consoles write where they do not write UTF-8, beside Western Europe's: Chinese, Japanese, Russian, Korean."""
_OF_BYTES = ("utf-8", "utf-8-sig", "cp1252", *_OTHERS)
_GZIP = b"\x1f\x8b"
_PICKLE_TEXT = compiled_bytes(
    rb"\A(?:\(dp?\d|\(lp?\d|c(?:__builtin__|builtins|copy_reg|copyreg|numpy|torch|keras)[\w.]*\n)"
)
_NEXT_RECORD = compiled_bytes(rb"\}[ \t]*[\r\n]+[ \t]*\{")
"""Between two JSON records a line each, and nowhere in one document."""
_TEXT_CONTROL = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})
"""Control characters that text does not hold; bell, backspace, tab, line ends and escape are what terminals print."""


#: Files in which a list has marks of its own.
_OWN_MARKS = (".yaml", ".yml")
#: Where the classes come from that Ray Tune keeps beside its trials, under names that end in .json or .pkl.
_TUNE = b"ray.tune."


def read_head(path: Path) -> bytes:
    """The first 64 KiB of a file, gunzipped if it is gzip, without what stands around each line of a text.

    Of a text whose lines are too long for that as much more as holds a few of them, up to 4 MiB.
    Raises ParseError when it cannot be read at all.
    """
    head, framing = _framed_head(path)
    if not framing.frames:
        return head
    bare = framing.bare(decode_head(head)).encode("utf-8", "replace")
    return bare if _lacks_lines(bare[:HEAD_BYTES]) else bare[:HEAD_BYTES]


def framing_at(path: Path) -> Framing:
    """What stands around each line of a file that is text. Raises ParseError when it cannot be read at all."""
    return _framed_head(path)[1]


def has_too_long_lines(path: Path) -> bool:
    """Whether a text cannot be known as a log or none because too few of its lines end in all that is read of a head.

    Raises ParseError when it cannot be read at all.
    """
    try:
        with open(path, "rb") as file:
            head, read = _opened(file)
            if len(head) < HEAD_BYTES or text_encoding(head) is None:
                return False
            return _lacks_lines(head + read(MOST_HEAD_BYTES - len(head)))
    except (OSError, zlib.error) as error:
        raise ParseError(f"{path}: cannot be read: {error}") from error


def _framed_head(path: Path) -> tuple[bytes, Framing]:
    """The head of a file, longer where each of its lines is to lose something, and what that is."""
    try:
        with open(path, "rb") as file:
            try:
                head, read = _opened(file)
            except zlib.error:
                file.seek(0)
                return file.read(HEAD_BYTES), Framing()
            head = _read_on(head, read)
            framing = Framing() if path.name.removesuffix(".gz").endswith(_OWN_MARKS) else _framing(head)
            if framing.frames and len(head) == HEAD_BYTES:
                head += read(HEAD_BYTES)
    except OSError as error:
        raise ParseError(f"{path}: cannot be read: {error.strerror or error}") from error
    return head, framing


def _opened(file: BinaryIO) -> tuple[bytes, Callable[[int], bytes]]:
    """The first 64 KiB of a file, gunzipped if it is gzip, and what reads on from there. Raises zlib.error."""
    head = file.read(HEAD_BYTES)
    if not head.startswith(_GZIP):
        return head, file.read
    member = zlib.decompressobj(31)
    inflated = member.decompress(head, HEAD_BYTES)

    def read(size: int) -> bytes:
        more = bytearray()
        while len(more) < size and not member.eof and (chunk := member.unconsumed_tail or file.read(HEAD_BYTES)):
            try:
                more += member.decompress(chunk, size - len(more))
            except zlib.error:
                break
        return bytes(more)

    return inflated, read


def _read_on(head: bytes, read: Callable[[int], bytes]) -> bytes:
    """The head of a file, as much longer as it takes to hold a few of its lines; as it is where none ends there."""
    if len(head) < HEAD_BYTES or not _lacks_lines(head) or text_encoding(head) is None:
        return head
    longer = head
    while _lacks_lines(longer) and len(longer) < MOST_HEAD_BYTES and (more := read(len(longer))):
        longer += more
    json = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    holds_more = _NEXT_RECORD.search(longer) is not None if json else len(longer.splitlines()) > len(head.splitlines())
    return longer if holds_more and text_encoding(longer) is not None else head


def _lacks_lines(head: bytes) -> bool:
    """Whether a head has a wide line, and fewer than three lines end behind where the first of them begins."""
    at = 0
    while at >= 0 and len(head) - at >= WIDE_BYTES:
        at = head.rfind(b"\n", at, at + WIDE_BYTES) + 1 or -1
    if at >= 0:
        return False  # nearly every file there is: told without a look at each line
    lines = head.splitlines()
    widest = max(map(len, lines), default=0)
    if widest < WIDE_BYTES:
        return False
    first = next(at for at, line in enumerate(lines) if 2 * len(line) >= widest)
    return len(lines) - first - (not head.endswith((b"\n", b"\r"))) < LEAST_LINES


def _framing(head: bytes) -> Framing:
    """What stands around each line of a text of which this is the head."""
    return framing_of(decode_head(head)) if text_encoding(head) in _OF_BYTES else Framing()


def peeked(path: Path) -> bytes:
    """The same; nothing of what is no file, or cannot be read."""
    try:
        return read_head(path) if path.is_file() else b""
    except ParseError:
        return b""


def refuse_unsafe(path: Path, head: bytes) -> None:
    """Raise UnsafeFileError for a file that runs code when it is loaded, with the way out."""
    kind = ""
    if (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and len(head) > 2) or _PICKLE_TEXT.match(head):
        kind = "a Python pickle"
    elif head.startswith(b"PK\x03\x04") and (b"/data.pkl" in head or b"data.pkl" in head[:200]):
        kind = "a PyTorch archive (a pickle inside)"
    elif head.startswith(b"\x93NUMPY") and re.search(rb"'descr': *(?:'\|?O|\[)", head[:4096]):
        kind = "a NumPy file of Python objects (a pickle inside)"
    elif head.startswith(b"x") and path.suffix in (".pkl", ".pickle", ".joblib") and zlib_opens(head):
        kind = "a compressed Python pickle"
    if kind and _TUNE in head:
        raise UnsafeFileError(
            f"{path}: is {kind} in which Ray Tune keeps the state of its search, and holds no course: "
            "the numbers of each trial are in its result.json or progress.csv"
        )
    if kind:
        raise UnsafeFileError(
            f"{path}: is {kind}, and loading one runs code from it; save it as JSON where it was made: "
            "json.dump(history.history, open('history.json', 'w'), default=float)"
        )


def zlib_opens(head: bytes) -> bool:
    try:
        return zlib.decompressobj().decompress(head, 16)[:1] == b"\x80"
    except zlib.error:
        return False


def text_encoding(head: bytes) -> str | None:
    """The encoding of a text file, or None for binary: "utf-8", "utf-8-sig", "utf-16", "utf-16-le", …, "cp1252".

    A text that is no UTF-8 is in the encoding that makes words of training logs of it, where one does.
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) and len(head) % 4 == 0:
        return "utf-32"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    body = head.rstrip(b"\0")  # a machine that lost power leaves zeros behind the last line
    if b"\0" in body:
        sample = body[:2048]
        half = len(sample) // 2
        if half and sample[1::2].count(0) > 0.7 * half and sample[0::2].count(0) < 0.1 * half:
            return "utf-16-le"
        if half and sample[0::2].count(0) > 0.7 * half and sample[1::2].count(0) < 0.1 * half:
            return "utf-16-be"
        # A hole or two of zeros in an else clean text is damage, not another kind of file.
        if len(re.findall(rb"\0+", body)) > MAX_HOLES:
            return None
        body = body.replace(b"\0", b"")
        if not body:
            return None
    odd = len(body) - len(body.translate(None, _TEXT_CONTROL))
    if odd > 0.001 * len(body) + 1:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        if odd or b"\0" in head:
            return None
        if (spoken := _spoken_in(body)) is not None:
            return spoken
        high = sum(body.count(bytes([byte])) for byte in range(128, 256))
        lines = body.count(b"\n")
        # In East Asian encodings a good part of a text is high bytes; no control character at all is no accident.
        return "cp1252" if high < 0.3 * len(body) or (high < 0.6 * len(body) and 200 * lines > len(body)) else None
    return "utf-8"


def _spoken_in(body: bytes) -> str | None:
    """The encoding, of those that consoles write, in which a text says most words of training logs; None for none."""
    words, encoding = max((words_of_others(body.decode(one, "ignore")), one) for one in _OTHERS)
    return encoding if words else None


def decode_head(head: bytes) -> str:
    """The text of a head, a character cut at its end left out; "" for binary."""
    encoding = text_encoding(head)
    if encoding is None:
        return ""
    return codecs.getincrementaldecoder(encoding)("replace").decode(head).replace("\0", "")


def dated_at_end(damage: Damage, last_step: int) -> Damage:
    """Damage with the last step read, where it reaches to the end of its file and says no step of its own."""
    path = Path(damage.path)
    at_end = path.suffix.lower() == ".gz" or damage.last_byte >= path.stat().st_size - 1
    return replace(damage, after_step=last_step) if at_end and damage.after_step is None else damage


def _is_whole_behind_zeros(line: bytes, below: list[bytes]) -> bool:
    """Whether a line that begins with zeros is whole behind them: it goes on as one of those below it begins.

    A file that is emptied while a program writes to it gets zeros up to where the program was, and then its next line.
    """
    said = line.lstrip(b"\0")
    return len(said) > BEGINNING and b"\0" not in said and any(other[:BEGINNING] == said[:BEGINNING] for other in below)


class LogFile:
    """One file read from front to back; what could not be read is in ``damage`` afterwards."""

    framing = Framing()
    """What stands around each line and is left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: list[Damage] = []
        head, self.framing = _framed_head(path)
        self.head = read_head(path) if self.framing.frames else head
        self.encoding = text_encoding(head) or "latin-1"
        self.gzipped = False
        self.ends_with_newline = True
        self.offset = 0
        """Byte at which the block last given began."""

    def blocks(self) -> Iterator[str]:
        """Text in blocks of about 1 MiB that end with a line, ``\\n`` as the only line end."""
        rest = b""
        offset = 0
        dropping = 0
        for chunk in self._utf8():
            data = rest + chunk
            cut = data.rfind(b"\n") + 1 or (data.rfind(b"\r", 0, len(data) - 1) + 1)
            if cut == 0:
                if len(data) > MAX_LINE_BYTES:
                    dropping += len(data)
                    offset += len(data)
                    data = b""
                rest = data
                continue
            whole, rest = data[:cut], data[cut:]
            if dropping:
                end = whole.find(b"\n") + 1
                self._lost(offset - dropping, offset + end - 1, "a line without an end")
                dropping = 0
                offset += end
                whole = whole[end:]
            self.offset = offset
            yield self._text(whole, offset)
            offset += len(whole)
        if dropping:
            self._lost(offset - dropping, offset + len(rest) - 1, "a line without an end")
        elif rest.strip(b"\0"):
            self.ends_with_newline = b"\0" in rest
            self.offset = offset
            yield self._text(rest, offset)
        elif rest:
            self._lost(offset, offset + len(rest) - 1, "a zero-filled tail")

    def document(self) -> str:
        """The whole text. Raises ParseError above 1 GiB."""
        parts: list[bytes] = []
        size = 0
        for chunk in self._utf8():
            size += len(chunk)
            if size > MAX_DOCUMENT_BYTES:
                raise ParseError(
                    f"{self.path}: a single document of more than 1 GiB; write one record a line (JSON lines) instead"
                )
            parts.append(chunk)
        data = b"".join(parts)
        kept = data.rstrip(b"\0")
        if len(kept) < len(data):
            self._lost(len(kept), len(data) - 1, "a zero-filled tail")
        return self.framing.bare(kept.decode("utf-8", "replace"))

    def _text(self, data: bytes, offset: int) -> str:
        if b"\0" in data:
            data = self._without_zeros(data, offset)
        text = data.decode("utf-8", "replace")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return self.framing.bare(text) if self.framing.frames else text

    def _without_zeros(self, data: bytes, offset: int) -> bytes:
        kept: list[bytes] = []
        lines = data.splitlines(keepends=True)
        for index, line in enumerate(lines):
            if b"\0" not in line:
                kept.append(line)
            elif offset == 0 and _is_whole_behind_zeros(line, lines[1 : 1 + ALIKE]):
                kept.append(line.lstrip(b"\0"))
                self._lost(0, len(line) - len(kept[-1]) - 1, "zero bytes ahead of the text")
            else:
                first = offset + line.index(b"\0")
                tail = not line.strip(b"\0\r\n") and index == len(lines) - 1
                self._lost(first, offset + len(line) - 1, "a zero-filled tail" if tail else "zero bytes in a line")
                # What stands before the hole on its line was cut at an unknown place: no cell of it can be trusted.
            offset += len(line)
        return b"".join(kept)

    def _lost(self, first: int, last: int, reason: str) -> None:
        previous = self.damage[-1] if self.damage else None
        if previous is not None and previous.reason == reason and previous.last_byte + 1 >= first:
            first = self.damage.pop().first_byte
        self.damage.append(Damage(str(self.path), first, max(first, last), reason))

    def _utf8(self) -> Iterator[bytes]:
        """Chunks of the file as UTF-8 bytes."""
        if self.encoding == "utf-8":
            yield from self._bytes()
            return
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        for chunk in self._bytes():
            yield decoder.decode(chunk).encode("utf-8", "replace")
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")

    def _bytes(self) -> Iterator[bytes]:
        try:
            raw = open(self.path, "rb")  # noqa: SIM115 - closed below, after the gzip layer on top of it
        except OSError as error:
            raise ParseError(f"{self.path}: cannot be read: {error.strerror or error}") from error
        with raw:
            self.gzipped = raw.read(2) == _GZIP
            raw.seek(0)
            if self.gzipped:
                yield from self._gunzipped(raw)
                return
            while True:
                try:
                    chunk = raw.read(BLOCK_BYTES)
                except OSError as error:
                    raise ParseError(f"{self.path}: cannot be read: {error.strerror or error}") from error
                if not chunk:
                    return
                yield chunk

    def _gunzipped(self, raw: BinaryIO) -> Iterator[bytes]:
        """The members of a gzip file; of a cut or damaged one, all that comes before the cut."""
        member = zlib.decompressobj(31)
        size, whole = 0, True
        while chunk := raw.read(BLOCK_BYTES // 4):
            while chunk:
                try:
                    text = member.decompress(chunk, BLOCK_BYTES)
                except zlib.error as error:
                    end = os.fstat(raw.fileno()).st_size - 1
                    self._lost(max(0, raw.tell() - len(chunk)), end, f"the gzip stream is damaged ({error})")
                    return
                size += len(text)
                if size > FREE_BYTES and size > MAX_GZIP_RATIO * raw.tell():
                    words = f"expands more than {MAX_GZIP_RATIO}-fold, as no log does; gunzip it yourself"
                    raise ParseError(f"{self.path}: {words}")
                yield text
                chunk, whole = member.unconsumed_tail, member.eof
                if member.eof:
                    chunk = member.unused_data.lstrip(b"\0")
                    member = zlib.decompressobj(31)
                    if not chunk:
                        break
        if not whole:
            self._lost(max(0, raw.tell() - 1), max(0, raw.tell() - 1), "the gzip stream is cut off")


class HeldOutput(LogFile):
    """Printed text that is a part of a file, such as what one cell of a notebook printed."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.damage = []
        self.head = text[:HEAD_BYTES].encode("utf-8", "replace")
        self.encoding = "utf-8"
        self.gzipped = False
        self.ends_with_newline = text.endswith("\n")
        self.offset = 0
        self._held = text

    def _utf8(self) -> Iterator[bytes]:
        for at in range(0, len(self._held), BLOCK_BYTES):
            yield self._held[at : at + BLOCK_BYTES].encode("utf-8", "replace")


def lines_of(text: str) -> list[str]:
    """The lines of a block, without their ends."""
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


def placed_lines(file: LogFile) -> Iterator[tuple[str, int]]:
    """The lines of a file without their ends, each with the byte it begins at. Raises ParseError."""
    for block in file.blocks():
        offset = file.offset
        for line in lines_of(block):
            yield line, offset
            offset += len(line.encode("utf-8", "replace")) + 1
