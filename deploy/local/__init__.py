"""The whole system on one machine: real Kafka, real PostgreSQL, four services and a mail sink, loopback only.

`home` says where everything lies, each part has a module (`kafka`, `postgres`, `mail_sink`), `supervisor` keeps them
alive, and `system` is what a person asks for: up, down, status.
"""
