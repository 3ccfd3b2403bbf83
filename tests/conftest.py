"""What holds for all tests: no deadline, for a machine with much to do is no failure."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("project", deadline=None)
settings.load_profile("project")
