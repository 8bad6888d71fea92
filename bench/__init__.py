"""What the guarantees cost: three ways to carry the same firms over the same broker, measured beside each other.

    raw        four hops that decode, encode and pass on; no database, no promise
    portolano  the four services as they are shipped
    typical    four services as a framework's manual shows them: one transaction per message, inbox and outbox

A machine is never twice the same, so nothing here is compared with a figure of yesterday: contenders take turns
(A B C, C B A, …) on one broker and one PostgreSQL, and ratios are taken within a round. `make bench` measures all and
writes `docs/performance.md`; `make bench-quick` is its small sister for one ratio.

To read in this order:

    plan.py       pure: which measurements in which order, what is already there
    firms.py      pure: the firms that are sent
    stand.py      broker and database of the run, fresh topics and stores for each measurement
    settings.py   what makes these two durable, read from them
    hops.py       four processes from start to end; the first is held back until the firms lie before it
    raw.py        the contender without promises: one process per hop
    typical.py    the contender by the book: one process per hop
    services.py   the contender portolano
    publish.py    partners publish the firms
    topics.py     what lies on topics, and since when
    quiet.py      when everything that was sent has been worked off
    meters.py     processor time and memory, by kind of process
    proof.py      that every firm arrived, and the auditor finds nothing
    throughput.py one measurement of one contender
    mails.py      what the mails cost
    latency.py    from a partner's send to the same partner's getmany
    run.py        a run of all of them
    results.py    the file of results, written after each measurement
    figures.py    pure: ratios, quantiles, spans
    page.py, plot.py  pure: the page and its picture
"""
