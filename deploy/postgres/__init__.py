"""What the database server is told: a database for each service, two roles that share the work, and the schema."""
