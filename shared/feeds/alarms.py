"""What a person must look at, kept by name until it is over. Shown by `/status` and `portolano status`, logged
under its name when it begins and when it is over: by the name, docs/operators.md says what to do."""

import logging

log = logging.getLogger(__name__)


class Alarms:
    def __init__(self) -> None:
        self._raised: dict[str, str] = {}

    def raise_(self, name: str, text: str) -> None:
        if self._raised.get(name) != text:
            log.error("ALARM %s: %s", name, text)
        self._raised[name] = text

    def clear(self, name: str) -> None:
        if self._raised.pop(name, None) is not None:
            log.warning("alarm over: %s", name)

    def all(self) -> dict[str, str]:
        return dict(self._raised)
