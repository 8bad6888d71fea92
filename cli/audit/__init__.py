"""The auditor: proves conservation and continuity without believing what the runtime counted.

It takes one snapshot of each store, the last service of the chain first, and only then reads the topics. So
everything that a snapshot claims to have heard or published must already be in Kafka, even while firms go on
travelling, and nothing that is merely on its way is taken for a loss.

    evidence.py   what is looked at: snapshots of the stores, records of the topics
    findings.py   what is wrong, and how much was looked at
    feeds.py      continuity: every number once, journal and topic alike (promise 3)
    readers.py    every consumed record in one outcome, recounted from the topic (promises 1 and 6)
    effects.py    every event has its effect in the store, every effect its event (promise 1)
    erasures.py   every erasure through all four stores, and nothing left
    run.py        all of it
"""
