"""The triage registry: a kernel that turns a question into a run, manifests, and the site made from them.

Three rooms, one direction: ``kernel`` makes runs, ``manifest`` makes runs into public records, ``site`` makes records
into pages. ``kernel`` and ``site`` both know ``manifest``; neither knows the other.
"""

__version__ = "0.1.0"
