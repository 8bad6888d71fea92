"""What operators see of a running service: logs now, traces and metrics as they come."""
