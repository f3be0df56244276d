"""What goes wrong with a model, as a stage sees it."""

from __future__ import annotations

import re

# A record is public, and the address may be that of a machine inside a house.
_ADDRESS = re.compile(r"(?<=the model service) at \S+")


class ModelError(Exception):
    """A model gave nothing that can be used.

    ``reason`` is one printable line for the record, without key and address: a stage that gets one goes on with its
    offline method and writes it into ``fallback_reason``. ``told`` is the line for the operator, with the address.
    """

    def __init__(self, told: str) -> None:
        self.told = told
        self.reason = _ADDRESS.sub("", told)
        super().__init__(self.reason)
