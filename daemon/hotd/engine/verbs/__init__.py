"""One verb, one file: how each is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hotd.engine.verbs import (
    check,
    deploy,
    errors,
    events,
    generations,
    hello,
    history,
    instances,
    logs,
    make_permanent,
    modules,
    outcome,
    pause,
    pin,
    reload,
    reset,
    restart,
    resume,
    run,
    scale,
    start,
    status,
    stop,
    undo,
    unpin,
    why,
)

ANSWERS: dict[str, Callable[..., Any]] = {
    "check": check.answer,
    "deploy": deploy.answer,
    "errors": errors.answer,
    "events": events.answer,
    "generations": generations.answer,
    "hello": hello.answer,
    "history": history.answer,
    "instances": instances.answer,
    "logs": logs.answer,
    "make-permanent": make_permanent.answer,
    "modules": modules.answer,
    "outcome": outcome.answer,
    "pause": pause.answer,
    "pin": pin.answer,
    "reload": reload.answer,
    "reset": reset.answer,
    "restart": restart.answer,
    "resume": resume.answer,
    "run": run.answer,
    "scale": scale.answer,
    "start": start.answer,
    "status": status.answer,
    "stop": stop.answer,
    "undo": undo.answer,
    "unpin": unpin.answer,
    "why": why.answer,
}
