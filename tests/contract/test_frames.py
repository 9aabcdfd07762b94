"""Frames come out as they went in, however the bytes arrive, and never cost more than their bound."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rpyc.core import brine
from rpyc.core.channel import Channel

from hotd.contract.frames import MOST_VALUES, BadFrame, Frames, Values, framed


class Wire:
    """What RPyC's channel writes to."""

    MAX_IO_CHUNK = 64_000

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data


def sent_by_rpyc(data: bytes) -> bytes:
    wire = Wire()
    Channel(wire, compress=True).send(data)
    return wire.written


@given(st.lists(st.binary(max_size=200), max_size=5), st.integers(1, 50))
def test_frames_arrive_whole_whatever_the_pieces(messages: list[bytes], size: int) -> None:
    """A socket cuts where it likes."""
    frames, got = Frames(1000), []
    stream = b"".join(framed(message) for message in messages)

    for start in range(0, len(stream), size):
        frames.feed(stream[start : start + size])
        while (frame := frames.next()) is not None:
            got.append(frame)

    assert got == messages
    assert not frames.begun


@given(st.binary(max_size=5_000))
@example(b"hello" * 4_000)
def test_what_rpyc_sends_is_read_compressed_or_not(data: bytes) -> None:
    """A stock client compresses from 3,000 bytes on."""
    frames = Frames(20_000)
    frames.feed(sent_by_rpyc(data))

    assert frames.next() == data


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_otherwise_than_by_bad_frame(data: bytes) -> None:
    """Garbage is told apart from defects."""
    frames = Frames(100)
    frames.feed(data)
    try:
        while frames.next() is not None:
            pass
    except BadFrame:
        pass


def test_a_begun_frame_is_known_as_such() -> None:
    """From its first byte on it has a deadline."""
    frames = Frames(100)

    assert not frames.begun
    frames.feed(b"\0")
    assert frames.next() is None
    assert frames.begun


def test_a_frame_of_the_greatest_length_passes_and_one_byte_more_does_not() -> None:
    """Refused by its header, before any of it arrives."""
    frames = Frames(100)
    frames.feed(framed(b"x" * 100))
    assert frames.next() == b"x" * 100

    frames.feed(struct.pack("!LB", 101, 0))
    with pytest.raises(BadFrame, match="a frame of 101 bytes; at most 100"):
        frames.next()


def test_the_longest_header_there_is_costs_nothing() -> None:
    """RPyC would wait for 4 GiB."""
    frames = Frames(100)
    frames.feed(b"\xff" * 5)

    with pytest.raises(BadFrame, match="4294967295"):
        frames.next()


def compressed(data: bytes) -> bytes:
    return struct.pack("!LB", len(data), 1) + data + b"\n"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (zlib.compress(b"\0" * 10_000_000), "more than 100000 bytes"),
        (zlib.compress(b"\0" * 100_001), "more than 100000 bytes"),
        (zlib.compress(b"hello" * 100)[:-3], "cut off"),
        (b"hello", "that is none"),
        (b"", "cut off"),
    ],
)
def test_a_compressed_frame_is_bounded_too(data: bytes, sentence: str) -> None:
    """10 MB in 10 KB are not inflated."""
    frames = Frames(100_000)
    frames.feed(compressed(data))

    with pytest.raises(BadFrame, match=sentence):
        frames.next()


def test_a_frame_ends_where_its_header_says() -> None:
    """A stream out of step is noticed at once."""
    frames = Frames(100)
    frames.feed(struct.pack("!LB", 2, 0) + b"abc")

    with pytest.raises(BadFrame, match="does not end"):
        frames.next()


def test_what_is_too_long_is_not_even_inflated() -> None:
    """100 KB on the wire do not become 100 MB of memory before somebody looks at the length."""
    frames = Frames(200_000)
    frames.feed(compressed(zlib.compress(b"\0" * 100_000_000)))

    tracemalloc.start()
    try:
        with pytest.raises(BadFrame):
            frames.next()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2_000_000


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda x: st.tuples(x, x)))
@example(("x" * 100_000, (1, 2, (slice(1, 2, 3), b"y" * 100_000))))
def test_a_message_of_few_values_is_decoded_as_rpyc_does(value: object) -> None:
    """However long its texts are."""
    data = brine.dump(value)
    assert brine._load(Values(data)) == brine.load(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x10" * 200_000,
        b"\x15\xff\xff\xff\xff" + b"\x00" * 1_000_000,
        b"\x15\x00\x0f\xff\xff" + b"\x00" * 1_000_000,
        brine.dump(tuple(range(3 * MOST_VALUES))),
    ],
)
def test_a_message_of_many_values_is_not_decoded_to_its_end(data: bytes) -> None:
    """A quarter of a megabyte of one-byte values would be a second's work, and a deep one RPyC's end."""
    tracemalloc.start()
    try:
        with pytest.raises(BadFrame, match="more than 100 values"):
            brine._load(Values(data))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(data) + 100_000
