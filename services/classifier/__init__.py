"""Finds the segment that a firm belongs to and the needs that follow, by what is known and never by what is assumed."""
