"""Whether an import that fails need be the end of its module."""

from __future__ import annotations

from textwrap import dedent

import pytest

from hotd.loading.sources.circumstances import is_guarded, may_be_skipped
from hotd.loading.sources.scan import scan

GUARDED = [
    "try:\n    import x\nexcept ImportError: pass\n",
    "try:\n    import y, x\nexcept ImportError:\n    x = None\nelse:\n    z = 1\n",
    "try:\n    from x import a\nfinally:\n    done = 1\n",
    "import contextlib\nwith contextlib.suppress(ImportError):\n    import x\n",
    "class C:\n    try: import x\n    except ImportError: pass\n",
    "async def f():\n    try: import x\n    except ImportError: pass\n    await g()\n",
    "def f():\n    yield 1\n    try: import x\n    except ImportError: pass\n",
    "try:\n    try: import x\n    finally: pass\nexcept ImportError: pass\n",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import y\n    import x\nelse:\n    import z\n",
    "import typing\ndef f():\n    if typing.TYPE_CHECKING and z: from x import a\n",
]
BARE = [
    "import typing\nif not typing.TYPE_CHECKING:\n    import x\n",
    "import typing\nif typing.TYPE_CHECKING:\n    import y\nelse:\n    import x\n",
    "import typing\nif typing.TYPE_CHECKING:\n    import y\nimport x\n",
    "import typing\nif typing.TYPE_CHECKING or z:\n    import x\n",
    "import x\n",
    "try: import y\nexcept ImportError:\n    import x\n",
    "def f():\n    yield 1\n    import x\n",
    "async def f():\n    import x\n    await x\n",
    "try: import y\nexcept ImportError: pass\nimport x\n",
    "z = [i for i in range(3)]\nimport x\n",
    "with open('f'): pass\nimport x\n",
    "try: import x\nexcept ImportError: pass\ndef f(): import x\n",
]
SKIPPED = [
    *GUARDED[:5],
    "import sys\nif sys.version_info < (3,):\n    import x\n",
    "import sys\nif sys.version_info > (3,):\n    import y\nelse:\n    from x import a\n",
    "try: import y\nexcept ImportError:\n    import x\n",
    "for i in (1, 2):\n    import x\n",
    "while a:\n    import x\n    break\n",
    "match 1:\n    case 2: import x\n",
    "class C:\n    if input(): import x\n",
    "a = 1\n" * 300 + "if a:\n" + "    a = a + 1\n" * 300 + "    import x\n" + "    a = a + 1\n" * 300,
]
SURE = [
    "import x\n",
    "while True:\n    import x\n    break\n",
    "if z:\n    raise ValueError\nimport x\n",
    "if 1:\n    import x\n",
    "class C:\n    import x\n",
    "for i in (1, 2): y = i\nimport x\n",
    "import sys\nif sys.argv: y = 1\nelse: y = 2\nimport x\n",
    "def f():\n    import x\n",
    "def f():\n    if 2 > z: import x\n",
    "if z: import x\nimport x\n",
    "if z: import x\ndef f(): import x\n",
]


def told(text: str, judge: object) -> bool:
    """What holds for every statement that mentions x."""
    code = compile(dedent(text), "m.py", "exec")
    mentions = [mention for mention in scan(code).mentions if mention.name == "x"]
    assert mentions
    assert callable(judge)
    return all(judge(code, mention) for mention in mentions)


@pytest.mark.parametrize(("text", "guarded"), [*((t, True) for t in GUARDED), *((t, False) for t in BARE)])
def test_a_guarded_import_is_one_whose_failure_is_caught(text: str, guarded: bool) -> None:
    """A try or a with around it; what the compiler adds around generators and handlers is none."""
    assert told(text, is_guarded) is guarded


@pytest.mark.parametrize(("text", "skipped"), [*((t, True) for t in SKIPPED), *((t, False) for t in SURE)])
def test_an_import_under_a_condition_may_never_run(text: str, skipped: bool) -> None:
    """At the module's own level; what a function imports should be there before it is called."""
    assert told(text, may_be_skipped) is skipped
