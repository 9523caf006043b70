"""Caching: answers kept and given again, safely: never another tenant's, never a worse one's."""
