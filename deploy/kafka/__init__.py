"""What the broker is told: topics, users, rights and quotas, all derived from the agreement.

`state` names the values, `desired` derives them from the agreement, `plan` compares desired with actual (all pure);
`broker` reads and changes the real one, `quotas` and `wire` are its words for what no client library can say.
"""
