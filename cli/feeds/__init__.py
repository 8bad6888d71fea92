"""What `portolano feeds` does to the running system beside looking at it.

stores.py   the four stores as the operator, with transactions that write
growing.py  more partitions for the internal topics
restating.py  what a service has said last, once more
"""
