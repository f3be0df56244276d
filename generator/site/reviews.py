"""What the monitor says of each record, for its page and for the list of what to look at next."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from generator.manifest.claims import rules_version
from generator.manifest.monitor import Entry, Watch, watch_records
from generator.manifest.observations import load_observations
from generator.manifest.problems import Problems
from generator.manifest.store import Record
from generator.site import monitoring
from generator.site.monitoring import Block


class Reviews:
    """The monitor over the registry at ``root``, whose ``records`` are all read before the first is asked for.

    Raises ``Problems`` with those of the observations and those that reading ``records`` raises.
    """

    def __init__(self, root: Path, records: Iterable[Record]) -> None:
        observations, problems = load_observations(root)
        try:
            self.watch: Watch = watch_records(records, observations)
        except Problems as refused:
            problems.extend(refused.problems)
        if problems:
            raise Problems(problems)
        self._last: tuple[Record, Entry] | None = None

    def entry(self, record: Record) -> Entry:
        """What the monitor says of a record; the page and the list ask for it one after the other."""
        if self._last is None or self._last[0] is not record:
            self._last = (record, self.watch.entry(record.current.manifest, record.events))
        return self._last[1]

    def block(self, record: Record) -> Block:
        """The same in words, for the record's page."""
        rules = rules_version(record.current.manifest["quality_assessment"])
        return monitoring.block(self.entry(record), rules=rules)
