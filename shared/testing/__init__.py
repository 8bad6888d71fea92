"""What tests share: builders, waiting for a condition, a service running inside the test. Production never imports
it."""
