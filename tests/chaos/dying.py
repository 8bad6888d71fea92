"""`python -m tests.chaos.dying cli.main held list`: the program as it is, but that it dies or stands still at a point.

What follows the program's name are its own arguments. `tests.chaos.here` says how a point is named.
"""

import os
import runpy
import sys

if __name__ == "__main__":
    from tests.chaos import here, marking  # noqa: F401  # from here on modules have points

    here.heed(os.environ)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
