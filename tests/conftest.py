"""How properties are tried: the same examples every time by default, many new ones with ``--hypothesis-profile=deep``.

No property has a deadline: a slow machine must not fail a test.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
