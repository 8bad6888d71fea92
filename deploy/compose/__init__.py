"""The same system in containers: what `docker-compose.yml` needs beside images, and what proves that it holds.

`prepare` makes the secrets on the machine, `provision` and `mail` run inside, `healthy` asks a door, `check` is
`make compose-check`.
"""
