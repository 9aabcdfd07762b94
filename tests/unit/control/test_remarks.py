"""Lines that anybody may cause are written once a second, with their number."""

from __future__ import annotations

import logging

from hotd.control.remarks import Remark, Remarks
from tests.integration.control.fakes import Records


def test_what_was_counted_is_told_with_the_next_thing_that_happens() -> None:
    """Whatever that is: one more of the kind, another kind, the end."""
    now, records, logger = [0.0], Records(), logging.Logger("test")
    logger.addHandler(records)
    remarks = Remarks(logger, lambda: now[0])

    def say(*kinds: str) -> list[str]:
        before = len(records.records)
        for kind in kinds:
            remarks.say(kind, Remark(logging.WARNING, kind, {"event": kind}))
        return [record.getMessage() for record in records.records[before:]]

    assert say("a", "a", "b", "a") == ["a", "b"]
    now[0] = 1.5
    assert say("c") == ["a, and 2 more like it within 1 s", "c"]
    assert say("c", "a", "a") == ["a"]
    remarks.settle()
    assert len(records.records) == 5, "not before their second is over"
    remarks.close()
    assert [one["text"] for one in records.of("c")] == ["c", "c, and 1 more like it within 1 s"]
    assert [one.get("more") for one in records.of("a")] == [None, 2, None, 1]
