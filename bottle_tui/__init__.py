"""What runs on the operator's host: the dashboard, the command line, and the services under both."""

__version__ = "0.1.0"
