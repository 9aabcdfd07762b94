"""``python -m tests.fuzz daemon|client FOLDER SECONDS``: the coverage-guided fuzzer over one of the decoders.

It begins with the seeds beside this file, keeps in FOLDER what reached something new, and ends with a status other
than 0 and the bytes that did it where a target failed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hotd.contract", "hotd.control", "hotctl.transport", "rpyc.core.brine"]):
    from tests.fuzz.targets import TARGETS

SEEDS = Path(__file__).parent / "corpus"


def main(side: str, folder: str, seconds: str) -> None:
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", "-verbosity=0"]
    options += [f"-artifact_prefix={folder}/failed-", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, folder, str(SEEDS / side)], TARGETS[side])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
