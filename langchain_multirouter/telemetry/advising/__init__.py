"""Advising: what to change in a router's configuration, as its own calls show."""
