"""What the four services, the command and the deployment have in common."""
