"""Files that change all the time."""

from __future__ import annotations

from hotd.core.churn import MANY, WINDOW, Churn


def test_a_file_that_is_written_all_the_time_is_named_with_the_cure() -> None:
    """A log among the sources is not reloaded for ever in silence."""
    churn = Churn()
    for number in range(MANY):
        assert not list(churn.troubles(float(number)))
        churn.told(["/ops/log.py", f"/ops/m{number}.py"], float(number))

    (trouble,) = churn.troubles(float(MANY))

    assert (trouble.reason, trouble.healed) == ("churn", True)
    assert "/ops/log.py" in trouble.message
    assert "ignore" in trouble.message


def test_many_saves_over_a_long_time_are_nothing_to_tell() -> None:
    """Somebody works; and when the writer rests it is over."""
    churn = Churn()
    for number in range(3 * MANY):
        churn.told(["/ops/m.py"], number * 2 * WINDOW / MANY)
        assert not list(churn.troubles(number * 2 * WINDOW / MANY))
    for number in range(MANY):
        churn.told(["/ops/m.py"], 1000.0 + number)
    assert list(churn.troubles(1000.0 + MANY))
    assert not list(churn.troubles(1001.0 + WINDOW))
