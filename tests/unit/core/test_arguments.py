"""Arguments of a module are templates, filled for each instance."""

from __future__ import annotations

from typing import Any

import pytest

from hotd.core.arguments import check, fill


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{instance}", 7),
        ("worker-{instance}", "worker-7"),
        ("{instance}{instance}", "77"),
        ("{{instance}}", "{instance}"),
        ("{{{instance}}}", "{7}"),
        ('{{"id": {instance}}}', '{"id": 7}'),
        ("plain", "plain"),
        ("", ""),
        (3, 3),
        (None, None),
        (1.5, 1.5),
        (True, True),
        (["{instance}", ["x{instance}"]], [7, ["x7"]]),
        (("{instance}", 1), (7, 1)),
        ({"id": "{instance}", "in": {"deep": "{instance}"}}, {"id": 7, "in": {"deep": 7}}),
    ],
)
def test_the_number_of_the_instance_is_filled_in(template: Any, filled: Any) -> None:
    """ "{instance}" alone is an int, within a text its digits, and {{ is a brace; at any depth."""
    assert check(template) == []
    assert fill(template, 7) == filled
    assert type(fill(template, 7)) is type(filled)


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{job}", '"{job}": nothing fills "{job}", only {instance} is known; {{ writes a brace'),
        ("{}", '"{}": nothing fills "{}", only {instance} is known; {{ writes a brace'),
        ("{ instance }", '"{ instance }": nothing fills "{ instance }", only {instance} is known; {{ writes a brace'),
        ("a{b", '"a{b" has a lone {; write {{ for a brace'),
        ("a}b", '"a}b" has a lone }; write }} for a brace'),
        (["fine", {"deep": ("{job}",)}], '"{job}": nothing fills "{job}", only {instance} is known; {{ writes a brace'),
    ],
)
def test_any_other_placeholder_is_an_error(template: Any, sentence: str) -> None:
    """A placeholder nobody fills is told before an instance is started with it."""
    assert check(template) == [sentence]
    with pytest.raises(ValueError):
        fill(template, 7)


def test_every_wrong_placeholder_is_told() -> None:
    """Two mistakes are two sentences."""
    assert len(check(["{a} and {b}", {"key": "}"}])) == 3


def test_instances_share_no_argument() -> None:
    """What one instance does to a list it was given, no other sees."""
    template = [[1], {"k": [2]}, ([3],)]
    first, second = fill(template, 1), fill(template, 2)
    first[0].append(0)
    first[1]["k"].append(0)
    first[2][0].append(0)
    assert second == template == [[1], {"k": [2]}, ([3],)]
