"""The `portolano` command: what a person at the Region, a partner's engineer or an operator types."""
