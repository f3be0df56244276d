"""The one mark that a record carries wherever another one names it."""

from __future__ import annotations

from collections.abc import Sequence

from generator.manifest.corrections import Event, correction_state, notice_row


def mark_of(events: Sequence[Event]) -> str | None:
    """The label of the gravest notice, else a correction state that is not CURRENT; ``None`` for neither."""
    row = notice_row(events)
    if row is not None:
        return str(row["label"])
    state = correction_state(events)
    return None if state == "CURRENT" else state.capitalize()
