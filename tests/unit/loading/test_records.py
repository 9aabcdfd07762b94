"""File names of log records."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from hotd.loading.process.records import PATCHES

(PATCH,) = PATCHES


@pytest.fixture(autouse=True)
def factory_is_left_alone() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    yield
    PATCH.take()
    logging.setLogRecordFactory(before)


def made(pathname: str) -> logging.LogRecord:
    return logging.getLogRecordFactory()("m", logging.INFO, pathname, 7, "said", (), None)


def test_a_record_names_the_file_without_its_mark() -> None:
    """``%(pathname)s``, ``%(filename)s`` and ``%(module)s`` are what people know; other names are left as they are."""
    PATCH.put()

    record = made("/ops/m.py@0123456789ab")
    assert (record.pathname, record.filename, record.module, record.lineno) == ("/ops/m.py", "m.py", "m", 7)
    assert made("/home/me@work/m.py").pathname == "/home/me@work/m.py"
    PATCH.take()
    assert logging.getLogRecordFactory() is logging.LogRecord


def test_a_factory_of_the_program_is_asked_and_kept() -> None:
    """One that was there before makes the records; one that is set later, and asks ours, stays."""

    class Mine(logging.LogRecord):
        pass

    logging.setLogRecordFactory(Mine)
    PATCH.put()
    assert type(made("/ops/m.py@0123456789ab")) is Mine
    ours = logging.getLogRecordFactory()

    def later(*args: object, **kwargs: object) -> logging.LogRecord:
        record = ours(*args, **kwargs)
        record.extra = 1
        return record

    logging.setLogRecordFactory(later)
    PATCH.take()
    PATCH.put()
    PATCH.put()
    record = made("/ops/m.py@0123456789ab")
    assert (record.filename, vars(record)["extra"]) == ("m.py", 1)
