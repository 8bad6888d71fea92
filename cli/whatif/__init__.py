"""What another policy would make of the firms that are stored, with nothing happening to any of them.

Read `stored` (which firms, and why reading them can do nothing else), then `replay` (one policy's word on a firm), then
`comparison` (what differs between two).
"""
