"""Everything that puts Portolano onto a machine: the local launcher, and what the broker and the database are told."""
