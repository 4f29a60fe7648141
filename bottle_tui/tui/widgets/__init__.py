"""Widgets that draw rows; none of them knows a sibling."""
