"""Native code, compiled for a test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

SOURCE = """\
#include <Python.h>
static struct PyModuleDef about = {{PyModuleDef_HEAD_INIT, "{name}", NULL, -1, NULL}};
PyMODINIT_FUNC PyInit_{name}(void) {{
    PyObject *module = PyModule_Create(&about);
    PyModule_AddIntConstant(module, "VERSION", {version});
    return module;
}}
"""


def build(folder: Path, name: str, version: int) -> Path:
    """Put ``name.so`` into the folder, in one step as an installer does. Its module has a ``VERSION``."""
    headers = Path(sysconfig.get_path("include"))
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not (headers / "Python.h").exists():
        assert "CI" not in os.environ, "a compiler and Python's headers belong to the machine that tests"
        pytest.skip("there is no compiler, or there are no headers of Python")
    folder.mkdir(parents=True, exist_ok=True)
    source, made = folder / f".{name}.c", folder / f".{name}.o.so"
    source.write_text(SOURCE.format(name=name, version=version))
    subprocess.run([compiler, "-shared", "-fPIC", f"-I{headers}", str(source), "-o", str(made)], check=True)
    source.unlink()
    return made.rename(folder / f"{name}.so")
