"""Why a part stands still, as far as its process and its supervisor show it."""

import psutil

from deploy.local import state, system
from deploy.local.home import Home
from deploy.local.logs import log_path
from deploy.local.state import State

_NOT_SERVING = {"backing-off": "it ends and is started again", "not-ready": "it does not say that it is ready"}


def why_it_stands(home: Home, part: str) -> str:
    """A clause to be put behind "… stands still", with what to do about it."""
    found = next((one for one in system.status(home).parts if one.name == part), None)
    if found is None or found.pid is None:
        return f"; {part} does not run: `portolano status`"
    try:
        if psutil.Process(found.pid).status() == psutil.STATUS_STOPPED:
            return f"; its process is stopped: `kill -CONT {found.pid}` lets it go on"
    except psutil.Error:
        return f"; {part} has just ended: `portolano status`"
    known = _NOT_SERVING.get(found.state)
    return f"; {known}, see {log_path(home, part)}" if known else f"; see {log_path(home, part)}"


def part_that_is_away(home: Home) -> str:
    """A line about the first part that is being started again; empty where all are up."""
    written = state.read(home)
    for part in written.parts if written is not None else ():
        if part.state is not State.READY:
            return f"{part.name} is {part.state.replace('-', ' ')}: {part.last_exit or 'it was stopped'}"
    return ""
