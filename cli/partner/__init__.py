"""A partner as it is outside: it knows an address, a certificate, its own name and password, and its four topics.

`account` signs in, `letters` are what is sent and heard, `sending` writes, `reading` reads by the contract's rule for
numbers, `exchange` sends letters and finds the answer to each. Nothing here has more rights than the partner itself;
the commands and the demo stand on it, and a partner's engineer may read it as an example.
"""
