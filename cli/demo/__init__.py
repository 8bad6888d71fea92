"""The demo: a cast of invented firms, twelve partners at work, a board to look at, and a summary that is checked.

    names.py       what invented firms are called
    firms.py       the firms: their facts, and the segment and needs that must come of them
    submissions.py the records that tell of them, and the receipt that each must get
    script.py      who is told, by whom, in which part
    routes.py      whom each need must go to, and how each partner will answer
    facts.py       what happens at the partners' desks
    desks.py       the partners' clients at work, over TLS, with their own rights
    heard.py       what a record that a partner read says of the cast
    ledger.py      all that the desks told
    stores.py      what the four stores hold of the firms, and what their readers have yet to read
    mails.py       what the mail sink has taken
    hops.py        how far everything has come, and where it stands still
    heroes.py      the two firms that the board follows
    board.py       the live board on a terminal
    lines.py       a line per milestone where there is no terminal
    evidence.py    what the checks look at
    inquiries.py   who was asked what is missing of a firm, against who should have been
    checks.py      expectation against evidence, pure
    deadlines.py   what must have happened by itself once so many days have passed, pure
    posted.py      the mails that there must be, pure
    watch.py       looks at desks and stores until everything has arrived
    calendar.py    the clock of the house, which is moved
    days.py        the days after the evening, from one deadline to the next
    summary.py     the summary, for people and for machines
    diagnosis.py   why a part stands still
    play.py        the evening from the first submission to the last mail

Expectations come from the facts of the cast and the rules of the agreement, never from what the services said: a
summary that asked the system whether it was right would prove nothing.
"""
