"""What `portolano feeds` does to the running system beside looking at it.

stores.py     the four stores as the operator, with transactions that write; the broker's logs
growing.py    more partitions for the internal topics
republish.py  a feed, or all of a topic's, once more
baseline.py   where a reader begins that has never read
restating.py  what a service has said last, once more
accept.py     a topic that is not what it was, gone on with on a person's word

Every store that `republish` and `accept` change notes it (`feed_orders`): who, when, why, and what was changed.
"""
