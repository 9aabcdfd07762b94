"""RPyC's frames as a pure function of bytes: a header (length, whether compressed), that many bytes, a line feed.

RPyC's own reader allows 4 GiB, waits for them for ever, and inflates whatever comes; here both lengths are bounded.
"""

from __future__ import annotations

import io
import struct
import zlib

_HEADER = struct.Struct("!LB")
_END = b"\n"

MOST_VALUES = 100
"""Values in a message, those within others included. A call has eighteen."""


class BadFrame(ValueError):
    """These bytes are no frame, or one that is too long. Nothing after them can be understood."""


def framed(data: bytes) -> bytes:
    """One frame, never compressed: on one machine that costs more than it saves."""
    return _HEADER.pack(len(data), 0) + data + _END


class Frames:
    """Cuts what arrives into frames of at most ``longest`` bytes, before and after decompression."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._arrived = bytearray()

    @property
    def begun(self) -> bool:
        """Whether part of a frame is here and the rest is awaited."""
        return bool(self._arrived)

    def feed(self, data: bytes) -> None:
        self._arrived += data

    def next(self) -> bytes | None:
        """The next whole frame; None until it is here. Raises BadFrame as soon as its header says too much."""
        if len(self._arrived) < _HEADER.size:
            return None
        length, compressed = _HEADER.unpack_from(self._arrived)
        if length > self._longest:
            raise BadFrame(f"a frame of {length} bytes; at most {self._longest} are taken")
        end = _HEADER.size + length
        if len(self._arrived) <= end:
            return None
        if self._arrived[end : end + 1] != _END:
            raise BadFrame("a frame that does not end where its header says")
        data = bytes(self._arrived[_HEADER.size : end])
        del self._arrived[: end + 1]
        return _inflated(data, self._longest) if compressed else data


class Values(io.BytesIO):
    """A message for RPyC's decoder, which reads value by value, and calls itself for those within others.

    Raises BadFrame where there are more than a call could have: 250 KB of one-byte values are a second's work, and a
    tuple says of itself how many follow.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = 3 * MOST_VALUES
        """A value is read with one read at least, and three at most."""

    def read(self, size: int | None = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise BadFrame(f"a message of more than {MOST_VALUES} values")
        return super().read(size)


def _inflated(data: bytes, longest: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        # One byte more than allowed is asked for: getting it is the proof that there is too much.
        inflated = inflater.decompress(data, longest + 1)
    except zlib.error as error:
        raise BadFrame(f"a compressed frame that is none: {error}") from None
    if len(inflated) > longest:
        raise BadFrame(f"a compressed frame of more than {longest} bytes")
    if not inflater.eof:
        raise BadFrame("a compressed frame that is cut off")
    return inflated
