"""The journey of one firm, told from what the four stores keep.

`stores` opens them for reading, `finding` says which firm is meant, `reading` collects what each store knows,
`journey` is what was collected, `story` tells it in sentences. Nothing is written, and nothing is guessed: what no
store keeps is not told.
"""
