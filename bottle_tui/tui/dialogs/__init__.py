"""Dialogs: each ends in a typed result, and leaving is always the safe choice."""
