"""Everything that crosses a boundary, sorted by who owns it. Pure: no I/O, no clock, no chance."""
