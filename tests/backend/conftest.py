"""How much hypothesis tries: enough for every push, more on demand (``HYPOTHESIS_PROFILE``)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "push",
    max_examples=100,
    deadline=None,  # the clock of a shared machine proves nothing
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("push"), max_examples=3_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "push"))
