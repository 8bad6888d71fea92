"""The job between servers and services: `python -m deploy.compose.provision` makes broker and databases as the
agreement wants them, migrations included, and ends. Given again it does what has become different since."""

import asyncio
import sys
import time

from deploy.compose.inside import SECRETS, Inside
from deploy.provision import provision
from shared.errors import Trouble, Unreachable

_WAIT_WITHIN = 60.0


def main() -> int:
    """Exit code 0: done. 1: it cannot be done, 3: a server did not answer within a minute; one line has said why."""
    home, until = Inside(SECRETS), time.monotonic() + _WAIT_WITHIN
    while True:
        try:
            done = asyncio.run(provision(home))
        except Unreachable as silent:
            if time.monotonic() > until:
                print(silent, file=sys.stderr)
                return 3
            time.sleep(1.0)
        except Trouble as trouble:
            print(trouble, file=sys.stderr)
            return 1
        else:
            print("\n".join(done) or "nothing to do: everything is as the agreement wants it")
            return 0


if __name__ == "__main__":
    sys.exit(main())
