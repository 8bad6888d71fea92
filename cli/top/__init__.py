"""`portolano top`: the flow of records at this moment, in every stretch between two parts, and who stands still.

`door` asks Kafka, `reading` the stores; `looks` are what was seen at one moment, `flow` is made of two of them (both
pure), `screen` shows it.
"""
