"""Settings of all tests: laws are tried on the same examples everywhere, and nothing is traced.

`-n auto` is one process more than there are cores: a third of the time, tests wait for a wire.
"""

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


def pytest_xdist_auto_num_workers() -> int:
    """How many processes `-n auto` means."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    return cores + 1
