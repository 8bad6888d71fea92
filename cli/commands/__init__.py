"""One module per command: it exposes `command`, and the command's name is the module's with `_` read as `-`.

A command returns its exit code (nothing is 0) or raises `shared.errors.Trouble`, which `cli.main` tells in one line.
"""
