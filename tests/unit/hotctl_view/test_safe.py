"""Foreign text on a terminal."""

from __future__ import annotations

import sys
import unicodedata

from hotctl.view.safe import clean, clean_lines


def test_no_control_or_format_character_survives() -> None:
    """Whatever a module prints or is called, it cannot move the cursor, change the title or turn text around."""
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(char) in (
            *("LRE", "RLE", "PDF", "LRO", "RLO"),
            *("LRI", "RLI", "FSI", "PDI"),
        ):
            assert char not in clean(char), f"U+{code:04X}"


def test_what_is_taken_out_is_spelt() -> None:
    """An operator sees that something was there."""
    assert clean("a\x1b[2Jb\u202ec\x9bd\ne") == "a\\x1b[2Jb\\u202ec\\x9bd\\ne"


def test_ordinary_text_of_any_language_stays() -> None:
    """Cleaning is no ASCII filter."""
    assert clean("Grüße 日本語 🎉 [int] → ×") == "Grüße 日本語 🎉 [int] → ×"  # noqa: RUF001 - that sign is meant


def test_lines_are_kept_and_each_is_clean() -> None:
    """A traceback stays readable, an escape in its source line does not work."""
    assert clean_lines("a\r\n\tb\x1bc\n") == ["a", "    b\\x1bc"]


def test_a_file_name_that_is_no_utf8_can_be_printed() -> None:
    """A lone surrogate would end the program in the middle of a table."""
    clean("caf\udce9.py").encode("utf-8")
