"""Feeds: how events travel between services without loss, doubling or disorder.

The idea, in one paragraph. A **feed** is a stream that its one writer numbers without gaps: 1, 2, 3 … A transaction
that decides something also takes, as its very last act, the next numbers of the feeds it speaks on, and writes what it
says into the **outbox** under those numbers; the lock on the feed's row makes numbers follow the order of commits. A
**relay** publishes each feed in that order and can, after a crash, only repeat a suffix. A reader keeps its
**position** (offset and number) in its own database and moves it in the same transaction as the effects; the number
alone decides whether a record is new, known, or beyond a gap. So one row per partition does what an inbox of event ids
would do, and a loss is seen by the next reader and not by an auditor.

To read in one sitting, in this order:

    speech.py         what a handler hears and says
    subscriptions.py  the table at the foot of each handlers.py; what is heard on which topic
    numbers.py        feeds, partitions, derived ids
    records.py        events to Kafka records and back; the packed body of an outbox row
    sifting.py        pure: which of the records that came are new
    store.py          the SQL: positions, firms, numbers, outbox, held records
    opening.py        a record that came, read, and its firms found
    handling.py       records handed to their handlers, or held
    batches.py        one transaction per batch, and what happens when it fails
    failures.py       what is permanent and what passes
    breaker.py        when a partition whose records fail is read no further
    assignment.py     partitions come and go; where reading starts is the store's word
    reading.py        the reading loop, and what a gap leads to
    watchdog.py       when a reader or a relay that stands still must be called stuck
    clock.py          what time it is, and how tests move it
    timers.py         what is to be done at a time: values and SQL
    firing.py         timers fired, once each
    watermarks.py     until when a partner's topic was read for certain
    outages.py        when the service was away
    relay.py          from the outbox to Kafka: which feeds are ours, and how far each is
    backlog.py        what waits to be sent: from memory, or from the table
    publishing.py     rows sent, and what became of them
    journal.py        the relay's session: locks, cursors, rows
    aside.py          held records: the SQL
    redrive.py        held records applied again, or discarded by a person
    growth.py         more partitions, one writer after the other
    restating.py      what was said last of everything, said once more
    restored.py       whether the store is older than what it has said
    recovery.py       such a store brought forward by a person's command
    recovered.py      what Kafka has beyond it: the SQL
    unrecoverable.py  what it cannot be brought forward over
    script.py         in which order, and when, it decides again
    replay.py         deciding again, without saying anything twice
    alarms.py         what a person must look at
    traces.py         the spans of batches and of what is heard
    sendings.py       the spans of what is published
    lag.py            how old the oldest unread record is
    gauges.py         figures of this moment, for whoever scrapes
    kafka.py          the one seam to the Kafka clients
    tolerance.py      batches that the client does not read right
    consuming.py      the one subscription, and its consumer
    housekeeping.py   whether reading goes on, and the days of the journal
    runtime.py        the parts put together
"""
