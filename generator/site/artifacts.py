"""The files that stand beside a record's page."""

from __future__ import annotations

from typing import Any

from generator.manifest.files import is_local
from generator.site.view import FileFacts


def listed(manifest: dict[str, Any]) -> list[FileFacts]:
    """The Files rows of a manifest's own files."""
    return [
        FileFacts(item["url"], item["label"], item["media_type"] or "", item["size"] or 0, item["sha256"] or "")
        for item in manifest["artifacts"]
        if is_local(item)
    ]
