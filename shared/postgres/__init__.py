"""The way to the database: pool and migrations. Each service has a database of its own."""
