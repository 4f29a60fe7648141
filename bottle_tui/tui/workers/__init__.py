"""What runs beside the screen, in threads: listings, decisions, streams. Each ends in a message."""
