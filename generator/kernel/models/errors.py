"""What goes wrong with a model, as a stage sees it."""

from __future__ import annotations


class ModelError(Exception):
    """A model gave nothing that can be used. ``reason`` is one printable line and never holds a key.

    A stage that gets one goes on with its offline method and writes the reason into ``fallback_reason``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
