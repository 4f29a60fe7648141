"""What the dashboard calls, as plain callables; and those bound to the real services, imported late."""
