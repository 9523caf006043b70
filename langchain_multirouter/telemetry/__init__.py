"""Telemetry: what is kept and told of every attempt."""
