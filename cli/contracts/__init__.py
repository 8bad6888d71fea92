"""What partners' engineers build against, made from the code: JSON Schemas, an AsyncAPI document, the list of rules.

`python -m cli.contracts` (`make contracts`) writes them to `contracts/`; a test makes them anew and compares. They are
made here, in the top layer, because the subscription tables and the referral's door belong to services, which nothing
below may import. It is no command of `portolano`: who runs the system has no use for it, who changes a contract has.

Read in this order: `catalogue` (which events there are), `schemas` and `meanings` (what each says), `envelopes`,
`asyncapi`, `compatibility` (what may change within a version), `export`.
"""
