"""`make compose-check`: the compose file run for real, once, and everything that it promises looked at.

`__main__` is the order of things, `engine` speaks to Docker, `flow` is the partners outside, `walls` looks at what the
containers may do.
"""
