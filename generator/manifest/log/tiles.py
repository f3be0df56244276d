"""The log as files that any static host serves (c2sp.org/tlog-tiles): tiles of hashes, bundles of entries.

A tile of level L holds 256 hashes, each over 256**L leaves; the last one of a level may be partial. A log must keep
serving the partial tiles of every size that it ever had a checkpoint of, until the tile is full. Which sizes these
were is not kept, so all widths of a partial tile are written: a few megabytes at the most, however long the log is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.manifest.log.merkle import Tree

WIDTH = 256
HEIGHT = 8  # 2**8 hashes


def tile_path(level: int | None, number: int, width: int = WIDTH) -> str:
    """Where a tile lies below the log's address; ``level`` ``None`` is a bundle of entries."""
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    path = f"tile/{'entries' if level is None else level}/{'/'.join(groups)}"
    return path if width == WIDTH else f"{path}.p/{width}"


def bundle(entries: Sequence[bytes]) -> bytes:
    """Up to 256 entries, each behind its length as two bytes, the higher one first."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def tiles(entries: Sequence[bytes], tree: Tree) -> Iterator[tuple[str, bytes]]:
    """Path below the log's address and bytes of every tile and bundle; ``tree`` is the tree over ``entries``."""
    for number, width in _cut(len(entries)):
        yield tile_path(None, number, width), bundle(entries[number * WIDTH : number * WIDTH + width])
    level = 0
    while hashes := tree.level(level * HEIGHT):
        for number, width in _cut(len(hashes)):
            yield tile_path(level, number, width), b"".join(hashes[number * WIDTH : number * WIDTH + width])
        level += 1


def needed(size: int) -> Iterator[tuple[int | None, int, int]]:
    """Level (``None``: entries), number and width of the tiles that a log of this size consists of, each once."""
    level: int | None = None
    count = size
    while count:
        for number in range(count // WIDTH):
            yield level, number, WIDTH
        if count % WIDTH:
            yield level, count // WIDTH, count % WIDTH
        level, count = (0, size) if level is None else (level + 1, count // WIDTH)


def _cut(count: int) -> Iterator[tuple[int, int]]:
    """Number and width of every whole tile, and of every partial one that some size up to ``count`` ends with."""
    whole, rest = divmod(count, WIDTH)
    for number in range(whole):
        yield number, WIDTH
    for width in range(1, rest + 1):
        yield whole, width
