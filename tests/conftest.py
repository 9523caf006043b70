"""Settings of all tests: laws are tried on the same examples everywhere, and nothing is traced."""

import os

from hypothesis import HealthCheck, Phase, settings

os.environ.setdefault("LANGSMITH_TRACING", "false")
settings.register_profile(
    "specification",
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],  # explaining takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("specification")
