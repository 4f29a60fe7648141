"""One screen a view."""
