"""The whole system under blows: who strikes, who sends meanwhile, and who judges afterwards.

Two replicas of every service run on a broker and a database of their own, behind connections that can be cut. A seed
decides the traffic and the blows. What is left in topics and stores is then judged by `checker`, which knows nothing of
the project's runtime: it reads with a plain consumer and plain SQL, and knows the contract alone.
"""
