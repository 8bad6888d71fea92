"""Working on what was set aside: a service's own parts, put together inside the operator's command.

`parts` makes of a service's parts list what `shared.feeds.redrive` needs, with the service's own credentials and on its
own store; `answers` are the final answers to records at a door that are given up.
"""
