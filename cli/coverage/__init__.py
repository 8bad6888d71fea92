"""The proof that the agreement leaves no need without a partner: every cell, whom it goes to, and what is idle in it.

Read `space` (what the cells are), then `proof` (where each goes), then `idle` (rules that never decide).
"""
