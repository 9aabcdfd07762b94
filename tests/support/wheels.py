"""Distributions, built by hand, and pip to install them: no network, no build backend."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path


def wheel(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """A wheel of pure Python, with these files."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    kept = f"{name}-{version}.dist-info"
    texts = {
        **files,
        f"{kept}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{kept}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{one},sha256={_digest(text)},{len(text.encode())}" for one, text in texts.items()]
    with zipfile.ZipFile(path, "w") as archive:
        for one, text in texts.items():
            archive.writestr(one, text)
        archive.writestr(f"{kept}/RECORD", "\n".join([*rows, f"{kept}/RECORD,,"]) + "\n")
    return path


def environment(folder: Path) -> Path:
    """An environment without anything in it; its site-packages."""
    venv.create(folder, with_pip=False)
    return Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))


def install(folder: Path, path: Path, *, editable: bool = False) -> None:
    """``pip install -U`` into the environment in that folder, or ``-e``, of a `project`."""
    python = str(folder / "bin" / "python")
    quiet = ("--disable-pip-version-check", "--quiet", "--python", python)
    how = ("--no-build-isolation", "-e") if editable else ("-U",)
    command = [sys.executable, "-m", "pip", *quiet, "install", "--no-index", "--no-deps", *how, str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def project(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """What can be installed so that it may be edited where it is; it is built as most backends do, by a ``.pth``."""
    for one, text in files.items():
        (folder / "src" / one).parent.mkdir(parents=True, exist_ok=True)
        (folder / "src" / one).write_text(text)
    built = wheel(folder, name, version, {f"_{name}.pth": f"{folder}/src\n"})
    (folder / "pyproject.toml").write_text(_IN_TREE)
    (folder / "backend.py").write_text(_BACKEND.format(folder=str(folder), file=built.name))
    return folder


_IN_TREE = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
_BACKEND = """\
import shutil


def build_editable(there, config_settings=None, metadata_directory=None):
    shutil.copy({folder!r} + "/" + {file!r}, there)
    return {file!r}
"""


def unpack(site: Path, path: Path) -> None:
    """What an installer leaves behind, without the time it takes."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(site)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
