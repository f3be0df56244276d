"""The semantic index: every text of every record with its vectors, in one SQLite file, searched exactly.

All of it is derived from the records and can be made anew at any time. SQLite makes each step of a build whole or not
at all, so a build that is killed goes on where it stopped; builds of one index wait for each other. Vectors of several
models and widths stand side by side: a text is only compared with vectors of the model and width that its own has.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from generator.manifest import contracts
from generator.manifest.atomic import locked
from generator.manifest.canonical import sha256_text
from generator.manifest.corrections import is_removed, notice
from generator.manifest.identity import public_id
from generator.manifest.problems import Problem, Problems, UsageError, printable
from generator.manifest.semantic.embedder import Embedder
from generator.manifest.semantic.hashing import HashingEmbedder
from generator.manifest.semantic.items import KINDS, Kind, items_of
from generator.manifest.semantic.marks import mark_of
from generator.manifest.store import Record, Store, load_record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FILE = "index.sqlite"
OFFLINE: Final = HashingEmbedder()
FORMAT = 2
"""Number of the tables' form; an index of another form is made anew."""
_APPLICATION = 0x53524348  # "SRCH"
_BATCH = 256
_WAIT_S = 60.0
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH)
_TABLES = """
CREATE TABLE records (
    id TEXT PRIMARY KEY, view_sha256 TEXT NOT NULL, title TEXT NOT NULL, notice TEXT, mark TEXT,
    texts INTEGER NOT NULL, row_sha256 TEXT NOT NULL
) STRICT;
CREATE TABLE items (
    record TEXT NOT NULL REFERENCES records ON DELETE CASCADE, kind TEXT NOT NULL, item TEXT NOT NULL,
    text TEXT NOT NULL, text_sha256 TEXT NOT NULL, origins TEXT NOT NULL, row_sha256 TEXT NOT NULL,
    PRIMARY KEY (record, kind, item)
) STRICT;
CREATE INDEX items_of_kind ON items (kind);
CREATE TABLE vectors (
    record TEXT NOT NULL, kind TEXT NOT NULL, item TEXT NOT NULL, text_sha256 TEXT NOT NULL,
    method TEXT NOT NULL, model TEXT NOT NULL, width INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (method, model, width, record, kind, item),
    FOREIGN KEY (record, kind, item) REFERENCES items ON DELETE CASCADE
) STRICT;
CREATE INDEX vectors_of_item ON vectors (record, kind, item);
CREATE TABLE changes (number INTEGER NOT NULL) STRICT;
INSERT INTO changes VALUES (0);
"""
_STATEMENTS = [statement.strip() for statement in _TABLES.split(";") if statement.strip()]
_SCHEMA = {statement for statement in _STATEMENTS if statement.startswith("CREATE")}


class Item(NamedTuple):
    """A text of a record as the index holds it. ``mark`` and ``notice`` are the record's: the label to show, and the
    gravest notice in force, ``None`` for neither."""

    public_id: str
    kind: Kind
    id: str
    text: str
    origins: tuple[str, ...]
    title: str
    notice: str | None
    mark: str | None


class Hit(NamedTuple):
    """A text that a search found, with its cosine similarity, -1 to 1, to six decimals."""

    item: Item
    similarity: float


@dataclass(frozen=True)
class Built:
    """What a build did: records of the index, how many were added, changed or dropped, vectors of the embedder's model,
    and texts that had to be embedded. ``damaged``: why the index that stood there was made anew."""

    records: int
    added: int
    changed: int
    dropped: int
    vectors: int
    embedded: int
    damaged: str | None


class _Damaged(Exception):
    """The index cannot be used; the text says why."""


class Index:
    """The semantic index in ``folder``. Reading needs no lock; nothing is opened before it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._held: dict[tuple[str, str, int], _Space] = {}

    @property
    def exists(self) -> bool:
        """Whether there is an index; raises ``UsageError`` where something else stands in its place."""
        if self.path.is_file():
            return True
        if self.path.is_dir():
            raise UsageError(f"{self.path}: is a folder, not an index; remove it or name another folder for the index")
        if self.path.exists():
            raise UsageError(f"{self.path}: is no file; remove it or name another folder for the index")
        return False

    def build(
        self,
        store: Store,
        embedder: Embedder = OFFLINE,
        *,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Built:
        """Bring the index up to the records of ``store``, with vectors of ``embedder`` for each text.

        A record whose current view is as it was is left alone, and a text that has its vector is not embedded again.
        Removed records are dropped. ``progress`` is told (texts embedded, texts to embed). Raises what ``embedder``
        raises (what was embedded until then is kept), ``UsageError`` where the index cannot be written, and at the end
        ``Problems`` with those of the records that cannot be read.
        """
        with locked(self.folder, timeout_s=_WAIT_S):
            damaged = self._damage()
            if damaged is not None:
                self._remove()
            with self._opened(write=True) as base:
                added, changed, dropped, problems = _take_in(base, store)
                embedded = _embed(base, embedder, progress)
                records = _number(base, "SELECT count(*) FROM records")
                vectors = _number(base, "SELECT count(*) FROM vectors WHERE method = ? AND model = ?", *_name(embedder))
        if problems:
            raise Problems(problems)
        return Built(records, added, changed, dropped, vectors, embedded, damaged)

    def search(
        self,
        text: str,
        *,
        most: int = 10,
        kinds: Iterable[Kind] = KINDS,
        embedder: Embedder = OFFLINE,
        without: str | None = None,
    ) -> list[Hit]:
        """The ``most`` texts nearest to ``text``, exactly, the nearest first and ties by record, kind and id; those of
        the record ``without`` (a public id) are left out. Raises ``UsageError`` where there is no index, or none of the
        embedder's model, and what ``embedder`` raises."""
        found = self.nearest(embedder.embed([text], kind="query"), embedder, most=most, kinds=kinds, without=without)
        return found[0]

    def nearest(
        self,
        vectors: Sequence[Sequence[float]],
        embedder: Embedder,
        *,
        most: int = 10,
        kinds: Iterable[Kind] = KINDS,
        without: str | None = None,
    ) -> list[list[Hit]]:
        """For each vector of ``embedder``'s model what ``search`` gives."""
        if not vectors:
            return []
        width = len(vectors[0])
        with self._opened() as base:
            space = self._space(base, (*_name(embedder), width))
            places = space.top(vectors, most, frozenset(kinds), without)
            return [[Hit(_item(base, space.keys[place]), value) for place, value in row] for row in places]

    def items(self, kind: Kind, record: str | None = None) -> list[Item]:
        """The texts of one kind, of all records or of the one with this public id, by record and id."""
        with self._opened() as base:
            rows = base.execute(
                f"{_ITEM} WHERE kind = ? AND (? IS NULL OR record = ?) ORDER BY record, item", (kind, record, record)
            )
            return [_row(row) for row in rows]

    def holds(self, record: str) -> bool:
        """Whether the record with this public id is in the index."""
        with self._opened() as base:
            return _number(base, "SELECT count(*) FROM records WHERE id = ?", record) > 0

    def _space(self, base: sqlite3.Connection, name: tuple[str, str, int]) -> _Space:
        """The vectors of one model and width, read once for each state of the index."""
        number = _number(base, "SELECT number FROM changes")
        held = self._held.get(name)
        if held is None or held.number != number:
            held = self._held[name] = _load(base, name, number)
        if not held.keys:
            method, model, width = name
            told = f"{method}{f' of {model}' if model else ''}, {width} wide"
            raise UsageError(f"{self.folder}: the index has no vectors of {told}; build it with that model first")
        return held

    @contextmanager
    def _opened(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection; what SQLite cannot do becomes one line."""
        if not write and not self.exists:
            raise UsageError(f"{self.folder}: no index there; make it with 'srch index build'")
        base: sqlite3.Connection | None = None
        try:
            base = _connected(self.path, write=write)
            yield base
        except _Damaged as damage:
            raise self._unusable(str(damage)) from None
        except sqlite3.Error as error:
            if _is_broken(error):
                raise self._unusable(str(error)) from error
            raise UsageError(f"{self.path}: cannot use the index: {error}") from error
        finally:
            if base is not None:
                base.close()

    def _unusable(self, why: str) -> UsageError:
        return UsageError(f"{self.path}: the index is damaged ({why}); 'srch index build' makes it anew")

    def _damage(self) -> str | None:
        """Why the index that is there has to be made anew; ``None`` where it is sound, or none is there."""
        # a build that was killed before its first step leaves an empty file
        if not self.exists or self.path.stat().st_size == 0:
            return None
        base: sqlite3.Connection | None = None
        try:
            base = _connected(self.path, write=False)
            told = base.execute("PRAGMA quick_check(1)").fetchone()[0]
            if told != "ok":
                return " ".join(str(told).split())
            _check_rows(base)
            for name in base.execute("SELECT DISTINCT method, model, width FROM vectors").fetchall():
                _load(base, name, 0)
        except _Damaged as damage:
            return str(damage)
        except sqlite3.Error as error:
            if _is_broken(error):
                return str(error)
            raise UsageError(f"{self.path}: cannot use the index: {error}") from error
        finally:
            if base is not None:
                base.close()
        return None

    def _remove(self) -> None:
        for path in (self.path, *(self.path.with_name(f"{FILE}-{end}") for end in ("journal", "wal", "shm"))):
            with suppress(FileNotFoundError):
                path.unlink()


class _Space:
    """All vectors of one model and width, in the order of (record, kind, item)."""

    def __init__(self, number: int, keys: list[tuple[str, str, str]], matrix: Floats) -> None:
        import numpy as np

        self.number, self.keys, self.matrix = number, keys, matrix
        self._kinds = np.array([KINDS.index(kind) for _, kind, _ in keys], dtype=np.int8)

    def top(
        self, vectors: Sequence[Sequence[float]], most: int, kinds: frozenset[Kind], without: str | None
    ) -> list[list[tuple[int, float]]]:
        """(place, similarity) of the nearest, for each vector."""
        import numpy as np

        queries = _unit(np.asarray(vectors, dtype=np.float32))
        barred = None
        if kinds != frozenset(KINDS):
            barred = ~np.isin(self._kinds, [KINDS.index(kind) for kind in kinds])
        if without is not None:
            own = np.fromiter((record == without for record, _, _ in self.keys), bool, len(self.keys))
            barred = own if barred is None else barred | own
        found = []
        for query in queries:
            # rounded, so that equal texts tie whatever the order of the sums, and the place decides
            near = np.round(self.matrix @ query, 6)
            if barred is not None:
                near[barred] = -np.inf
            found.append(_best(near, most))
        return found


def _best(near: Floats, most: int) -> list[tuple[int, float]]:
    import numpy as np

    places = np.flatnonzero(near >= np.partition(near, -most)[-most]) if most < len(near) else np.arange(len(near))
    ranked = places[np.argsort(-near[places], kind="stable")][:most]
    return [(int(place), round(float(near[place]), 6)) for place in ranked if np.isfinite(near[place])]


def _connected(path: Path, *, write: bool) -> sqlite3.Connection:
    """A connection in which every statement stands alone unless a transaction is begun."""
    base = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    try:
        base.execute("PRAGMA foreign_keys = ON")
        form = (_number(base, "PRAGMA application_id"), _number(base, "PRAGMA user_version"))
        if form == (0, 0) and write and not _number(base, "SELECT count(*) FROM sqlite_master"):
            with _step(base):
                for statement in _STATEMENTS:
                    base.execute(statement)
                base.execute(f"PRAGMA application_id = {_APPLICATION}")
                base.execute(f"PRAGMA user_version = {FORMAT}")
        elif (
            form != (_APPLICATION, FORMAT)
            or {sql for (sql,) in base.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")} != _SCHEMA
        ):
            raise _Damaged("it is no index of this form")
    except BaseException:
        base.close()
        raise
    return base


@contextmanager
def _step(base: sqlite3.Connection) -> Iterator[None]:
    """A transaction: all of the block, or nothing."""
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")


def _take_in(base: sqlite3.Connection, store: Store) -> tuple[int, int, int, list[Problem]]:
    """Make the texts those of the records: (added, changed, dropped, problems)."""
    known: dict[str, str] = dict(base.execute("SELECT id, view_sha256 FROM records"))
    left = dict(known)
    added = changed = 0
    problems: list[Problem] = []
    with _step(base):
        for path in store.paths():
            try:
                record = load_record(path)
                name, view = public_id(record.short_id), _view(record)
            except Problems as refused:
                problems.extend(refused.problems)
                continue
            if is_removed(record.events):
                continue
            left.pop(name, None)
            if known.get(name) == view:
                continue
            added, changed = (added + 1, changed) if name not in known else (added, changed + 1)
            _put(base, name, view, record)
        base.executemany("DELETE FROM records WHERE id = ?", [(name,) for name in left])
        if added or changed or left:
            base.execute("UPDATE changes SET number = number + 1")
    return added, changed, len(left), problems


def _view(record: Record) -> str:
    """The hash of the record's current view, which also holds its correction state; raises ``Problems`` where it is no
    manifest."""
    manifest = record.current.manifest
    if not contracts.is_valid(manifest, "paper-manifest"):
        raise Problems(contracts.validate(manifest, "paper-manifest", file=str(record.path)))
    return record.current.sha256


def _put(base: sqlite3.Connection, name: str, view: str, record: Record) -> None:
    """Write one record's texts; vectors of texts that are as they were stay."""
    manifest = record.current.manifest
    texts = items_of(manifest)
    row = (name, view, manifest["work"]["title"] or "", notice(record.events), mark_of(record.events), len(texts))
    base.execute(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " view_sha256 = excluded.view_sha256, title = excluded.title, notice = excluded.notice, mark = excluded.mark,"
        " texts = excluded.texts, row_sha256 = excluded.row_sha256",
        (*row, row_sha256(*row)),
    )
    rows = base.execute("SELECT kind, item, text_sha256 FROM items WHERE record = ?", (name,))
    before = {(kind, item): sha for kind, item, sha in rows}
    for found in texts:
        sha, origins = sha256_text(found.text), json.dumps(found.origins)
        row_sha = row_sha256(name, found.kind, found.id, sha, origins)
        if before.pop((found.kind, found.id), sha) != sha:
            base.execute("DELETE FROM vectors WHERE (record, kind, item) = (?, ?, ?)", (name, found.kind, found.id))
        base.execute(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (record, kind, item) DO UPDATE SET"
            " text = excluded.text, text_sha256 = excluded.text_sha256, origins = excluded.origins,"
            " row_sha256 = excluded.row_sha256",
            (name, found.kind, found.id, found.text, sha, origins, row_sha),
        )
    gone = [(name, kind, item) for kind, item in before]
    base.executemany("DELETE FROM items WHERE (record, kind, item) = (?, ?, ?)", gone)


def _embed(base: sqlite3.Connection, embedder: Embedder, progress: Callable[[int, int], None]) -> int:
    """Give each text that has none its vector, batch by batch; returns how many."""
    method, model = _name(embedder)
    waiting = base.execute(
        "SELECT record, kind, item, text_sha256, text FROM items WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE"
        " vectors.record = items.record AND vectors.kind = items.kind AND vectors.item = items.item"
        " AND method = ? AND model = ? AND (? IS NULL OR width = ?)) ORDER BY record, kind, item",
        (method, model, embedder.dimensions, embedder.dimensions),
    ).fetchall()
    for start in range(0, len(waiting), _BATCH):
        batch = waiting[start : start + _BATCH]
        vectors = embedder.embed([row[4] for row in batch], kind="passage")
        blobs = _packed(vectors, len(batch), embedder.dimensions)
        with _step(base):
            base.executemany(
                "INSERT INTO vectors VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(*row[:4], method, model, len(blob) // 4, blob) for row, blob in zip(batch, blobs, strict=True)],
            )
            base.execute("UPDATE changes SET number = number + 1")
        progress(start + len(batch), len(waiting))
    return len(waiting)


def _packed(vectors: Sequence[Sequence[float]], count: int, width: int | None) -> list[bytes]:
    """The vectors, at unit length, as little-endian 32-bit floats; raises ``UsageError`` for what are no vectors."""
    import numpy as np

    widths = {len(vector) for vector in vectors}
    matrix = np.asarray(vectors, dtype="<f4") if len(widths) == 1 else np.zeros((0, 0), dtype="<f4")
    if len(matrix) != count or widths == {0} or (width is not None and widths != {width}):
        wanted = f"{count} vectors of {'one width' if width is None else f'width {width}'}"
        raise UsageError(f"the embedder gave {len(vectors)} vectors of widths {sorted(widths)}, not {wanted}")
    if not np.isfinite(matrix).all():
        raise UsageError("the embedder gave a vector with a number that is not finite")
    return [row.tobytes() for row in _unit(matrix)]


def _unit(matrix: Floats) -> Floats:
    """The rows at length one; a row of zeros stays."""
    import numpy as np

    lengths = np.linalg.norm(matrix.astype(np.float64), axis=1, keepdims=True)
    scaled: Floats = (matrix / np.where(lengths > 0, lengths, 1)).astype("<f4")
    return scaled


def _load(base: sqlite3.Connection, name: tuple[str, str, int], number: int) -> _Space:
    """All vectors of one model and width; raises ``_Damaged`` where one is no vector of that width and length one."""
    import numpy as np

    where = "WHERE (method, model, width) = (?, ?, ?)"
    count, width = _number(base, f"SELECT count(*) FROM vectors {where}", *name), name[2]
    matrix = np.empty((count, width), dtype=np.float32)
    keys: list[tuple[str, str, str]] = []
    rows = base.execute(f"SELECT record, kind, item, vector FROM vectors {where} ORDER BY record, kind, item", name)
    for place, (*key, blob) in enumerate(rows):
        if key[1] not in KINDS:
            raise _Damaged(f"{printable(key[0])} has a vector of no known kind")
        if len(blob) != 4 * width:
            raise _Damaged(f"the vector of {printable(key[0])} {printable(key[2])} is not {width} wide")
        matrix[place] = np.frombuffer(blob, dtype="<f4")
        keys.append((key[0], key[1], key[2]))
    squares = np.einsum("ij,ij->i", matrix, matrix)
    wrong = np.flatnonzero(~((np.abs(squares - 1) < 1e-3) | (squares == 0)))
    if len(wrong):
        record, _, item = keys[wrong[0]]
        raise _Damaged(f"the vector of {printable(record)} {printable(item)} is not of length one")
    return _Space(number, keys, matrix)


_RECORD = "records.id, view_sha256, title, notice, mark, texts, records.row_sha256"
_ITEM = (
    f"SELECT record, kind, item, text, text_sha256, origins, items.row_sha256, {_RECORD}"
    " FROM items JOIN records ON records.id = items.record"
)


def row_sha256(*values: str | int | None) -> str:
    """The hash of a row's other columns, by which a row that a build did not write is noticed."""
    return sha256_text(json.dumps(values))


def _check_rows(base: sqlite3.Connection) -> None:
    """Read every record and text; raises ``_Damaged`` at the first that is not as a build wrote it, that is missing,
    or that belongs to nothing."""
    if _number(base, "SELECT count(*) FROM changes") != 1:
        raise _Damaged("it does not say how often it was changed")
    for row in base.execute(f"SELECT {_RECORD} FROM records"):
        _check_record(row)
    for row in base.execute(f"{_ITEM} ORDER BY record"):
        _row(row)
    for wrong, query in (
        ("lacks texts", "SELECT id FROM records WHERE texts != (SELECT count(*) FROM items WHERE record = id)"),
        ("has texts and is not in it", "SELECT record FROM items WHERE record NOT IN (SELECT id FROM records)"),
        (
            "has a vector of another text",
            "SELECT record FROM vectors LEFT JOIN items USING (record, kind, item)"
            " WHERE items.text_sha256 IS NOT vectors.text_sha256",
        ),
    ):
        found = base.execute(f"{query} LIMIT 1").fetchone()
        if found is not None:
            raise _Damaged(f"{printable(found[0])} {wrong}")


def _item(base: sqlite3.Connection, key: tuple[str, str, str]) -> Item:
    row = base.execute(f"{_ITEM} WHERE (record, kind, item) = (?, ?, ?)", key).fetchone()
    if row is None:
        raise _Damaged(f"{printable(key[0])} {printable(key[2])} has a vector and no text")
    return _row(row)


def _row(row: tuple[Any, ...]) -> Item:
    """The text of a row of ``_ITEM``; raises ``_Damaged`` where it is not as a build wrote it."""
    record, kind, item, text, text_sha256, origins, row_sha, *of_record = row
    _check_record(of_record)
    sound = sha256_text(text) == text_sha256 and row_sha256(record, kind, item, text_sha256, origins) == row_sha
    names = _names(origins) if sound and kind in KINDS else None
    if names is None:
        raise _Damaged(f"the text {printable(item)} of {printable(record)} is not as it was written")
    _, _, title, told, mark, *_ = of_record
    return Item(record, kind, item, text, names, title, told, mark)


def _check_record(row: Sequence[Any]) -> None:
    if row_sha256(*row[:-1]) != row[-1]:
        raise _Damaged(f"the record {printable(row[0])} is not as it was written")


def _names(origins: str) -> tuple[str, ...] | None:
    """The names in a JSON list of texts; ``None`` where it is none."""
    try:
        names = json.loads(origins)
    except (ValueError, RecursionError):
        return None
    return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _name(embedder: Embedder) -> tuple[str, str]:
    return embedder.method, embedder.model or ""


def _number(base: sqlite3.Connection, query: str, *values: object) -> int:
    row = base.execute(query, values).fetchone()
    if row is None:
        raise _Damaged("it does not say how often it was changed")
    return int(row[0])


def _is_broken(error: sqlite3.Error) -> bool:
    """Whether the file is at fault, and not the machine. Text that is no UTF-8 comes without a number."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.OperationalError) if code is None else code & 0xFF in _BROKEN
