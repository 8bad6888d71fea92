"""The public register's CSV, made into a partner's submissions.

`rows` reads the file, `classes` the register's words for figures, days and codes, `startups` makes of a row of the
register of innovative start-ups the data of a submission, or says why it cannot be used. Nothing is sent here.
"""
