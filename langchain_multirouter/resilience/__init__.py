"""Resilience: what is done about failures, as frozen values and functions `(value, …, now)`."""
