"""Routing: who may serve (filters), how good each is (scorers), how one chooses (pickers)."""
