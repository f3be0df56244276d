"""The re-review monitor: what has changed since a record was published that someone should look at.

Everything is computed from the registry's data, its records, their corrections, and observations of sources, so the
same data give the same monitor. A trigger rewrites nothing. The triggers are defined in the ``review-monitor``
contract; ``Watch`` finds them in two steps: it takes in every record once, and then tells each record's triggers.
"""

from generator.manifest.monitor.entry import Active, Entry, Reference, urgency
from generator.manifest.monitor.facts import Facts, facts_of
from generator.manifest.monitor.report import monitor_of, register_bytes
from generator.manifest.monitor.watch import Watch, watch, watch_records

__all__ = [
    "Active",
    "Entry",
    "Facts",
    "Reference",
    "Watch",
    "facts_of",
    "monitor_of",
    "register_bytes",
    "urgency",
    "watch",
    "watch_records",
]
