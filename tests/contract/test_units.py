"""Durations and sizes are read and written the same way in hotd.toml and on the command line."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotd.contract.quoting import shown
from hotd.contract.units import LONGEST_DURATION, format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("50ms", 0.05),
        ("1s", 1.0),
        ("10m", 600.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("1h30m", 5400.0),
        ("1h 30m", 5400.0),
        (" 1.5s ", 1.5),
        ("1.1s", 1.1),
        ("1s500ms", 1.5),
        ("30", 30.0),
        (30, 30.0),
        (0.25, 0.25),
        (0, 0.0),
    ],
)
def test_a_duration_is_a_number_and_its_unit(written: object, seconds: float) -> None:
    """A duration means what it says, to the last digit; a bare number is seconds."""
    assert parse_duration(written) == seconds
    assert isinstance(parse_duration(written), float)


@pytest.mark.parametrize(
    "written",
    [
        "10 parsecs",
        "",
        "-1s",
        "1m1h",
        "1s1s",
        "inf",
        "1e3",
        "5 min",
        "10M",
        "s",
        "٣s",
        -1,
        -0.5,
        math.nan,
        True,
        None,
        [],
    ],
)
def test_what_is_no_duration_is_refused_with_the_units_there_are(written: object) -> None:
    """A wrong duration is told with what would be right."""
    with pytest.raises(ValueError, match='is not a duration; write a number and ms, s, m, h or d, like "30s"'):
        parse_duration(written)


def test_the_sentence_about_a_duration_quotes_what_was_written() -> None:
    """The error says which text is wrong, as the user typed it."""
    with pytest.raises(ValueError) as refused:
        parse_duration("10 parsecs")
    assert str(refused.value) == (
        '"10 parsecs" is not a duration; write a number and ms, s, m, h or d, like "30s" or "1h30m"'
    )


@pytest.mark.parametrize(
    "written", [math.inf, pytest.param(10**400, id="10**400"), "9" * 500 + "s", "40000d", LONGEST_DURATION + 1]
)
def test_a_duration_no_clock_can_wait_for_is_refused(written: object) -> None:
    """Nothing is accepted that a wait would later fail on."""
    with pytest.raises(ValueError, match="is longer than a hundred years"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0004, "0s"),
        (0.05, "50ms"),
        (0.29, "290ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (9.97, "9.9s"),
        (42.9, "42s"),
        (59.9, "59s"),
        (60, "1m"),
        (90, "1m30s"),
        (3599.9, "59m59s"),
        (3600, "1h"),
        (11520, "3h12m"),
        (11579, "3h12m"),
        (86400 + 120, "1d"),
        (90061, "1d1h"),
    ],
)
def test_a_duration_is_shown_by_its_two_longest_units(seconds: float, text: str) -> None:
    """Ages are short, and never longer than the truth."""
    assert format_duration(seconds) == text


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_no_text_is_made_of_what_is_no_duration(seconds: float) -> None:
    """A defect in a computed age is told, not shown as if it were one."""
    with pytest.raises(ValueError):
        format_duration(seconds)


@given(st.floats(0, LONGEST_DURATION))
def test_what_is_shown_can_be_typed_again(seconds: float) -> None:
    """Whatever is shown as a duration is read as one, and is as long but for what was cut off."""
    again = parse_duration(format_duration(seconds))
    assert again <= seconds + 0.0005
    assert again == pytest.approx(seconds, rel=0.11, abs=0.0005)
    assert format_duration(again) == format_duration(seconds)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("16MB", 16_000_000),
        ("16MiB", 16 * 2**20),
        ("512k", 512_000),
        ("512 KiB", 512 * 1024),
        ("1.5kB", 1500),
        ("2g", 2 * 10**9),
        ("1ti", 2**40),
        ("100", 100),
        ("100B", 100),
        (0, 0),
        (4096, 4096),
        (2**63 - 1, 2**63 - 1),
    ],
)
def test_a_size_is_a_number_and_its_unit(written: object, size: int) -> None:
    """MB is a million bytes, MiB 1024 times 1024; upper or lower case is one."""
    assert parse_size(written) == size


@pytest.mark.parametrize("written", ["16 parsecs", "", "-1", "9e3", "9" * 21, "MB", -1, 1.5, True, None, []])
def test_what_is_no_size_is_refused_with_the_units_there_are(written: object) -> None:
    """A wrong size is told with what would be right."""
    with pytest.raises(ValueError, match='is not a size; write a whole number and k, MB, MiB or GB, like "16MB"'):
        parse_size(written)


@pytest.mark.parametrize("written", [2**63, "9999999999T", pytest.param(10**5000, id="10**5000")])
def test_a_size_beyond_any_disk_is_refused(written: object) -> None:
    """Nothing is accepted that the store cannot hold."""
    with pytest.raises(ValueError, match="is more bytes than any disk has"):
        parse_size(written)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", '"plain"'),
        ("größe", '"größe"'),
        ('say "x"', '"say \\"x\\""'),
        ("\x1b[31m", '"\\u001b[31m"'),
        ("x" * 100, '"' + "x" * 58 + "…"),
        (True, "true"),
        (7, "7"),
        pytest.param(10**5000, "a number of more than 64 bits", id="10**5000"),
        (1.5, "1.5"),
        ([1], "a list"),
        ({"a": 1}, "a table"),
        (None, "None"),
    ],
)
def test_a_value_is_quoted_on_one_harmless_line(value: object, text: str) -> None:
    """What is quoted in an error never drives the terminal that shows it."""
    assert shown(value) == text
