"""Tests of events and of where they go."""
