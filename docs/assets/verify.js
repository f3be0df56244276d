/* A page checks its own files against the registry's transparency log, with the browser's cryptography and nothing
   else. The formats are C2SP's signed-note, tlog-checkpoint, tlog-proof and tlog-tiles over the hash trees of RFC 6962.
   They are read more strictly than those texts ask, so that no two spellings mean the same. The one thing that is read
   and not looked at is a signature by a key that is not known here, as signed-note demands.
   First the functions, on srchVerify; then the driver of the page's ".verify" blocks. */
(function () {
  "use strict";

  if (window.srchVerify) return;

  const HEADER = "c2sp.org/tlog-proof@v1";
  const NAME = "[^+\\p{C}\\p{Z}]{1,255}";
  const NO_CRYPTO = "browsers offer cryptography only to pages that come over https or from this computer itself";
  const NO_ED25519 = "the signature was not checked: this browser cannot";

  /** Something that is not as the formats want it; its message completes "DOES NOT MATCH: ...". */
  class Refusal extends Error {}

  /** Something that could not be looked at: no answer from the server, no cryptography. */
  class Unavailable extends Error {}

  function expect(holds, message) {
    if (!holds) throw new Refusal(message);
  }

  // Bytes

  function join() {
    const parts = Array.from(arguments);
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    parts.forEach((part) => {
      all.set(part, at);
      at += part.length;
    });
    return all;
  }

  function equal(a, b) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }

  function hex(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function encode(text) {
    return new TextEncoder().encode(text);
  }

  /** Text of `given` (text or UTF-8 bytes), or a refusal that says `what` cannot be read. */
  function asText(given, what) {
    let text = given;
    if (typeof given !== "string") {
      try {
        text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(given);
      } catch (error) {
        throw new Refusal(what + " is not UTF-8");
      }
    }
    const plain = !/[\u0000-\u0009\u000b-\u001f\u007f\ud800-\udfff]/u.test(text);
    expect(plain, what + " has a character that is not allowed");
    return text;
  }

  /** Bytes of canonical base64: encoded again, they give the same text. */
  function fromBase64(text, what) {
    let binary = "";
    try {
      binary = atob(text);
    } catch (error) {
      throw new Refusal(what + " is not base64");
    }
    expect(btoa(binary) === text && text !== "", what + " is not plain base64");
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  }

  function hashFrom(text, what) {
    const bytes = fromBase64(text, what);
    expect(bytes.length === 32, what + " is not 32 bytes long");
    return bytes;
  }

  /** A count without leading zeros; beyond 2^53 - 1 a browser cannot tell neighbours apart. */
  function count(text, what) {
    expect(/^(0|[1-9][0-9]*)$/.test(text), what + " is not a plain number");
    expect(Number.isSafeInteger(Number(text)), what + " is larger than a browser can count");
    return Number(text);
  }

  function subtle() {
    const found = window.crypto && window.crypto.subtle;
    if (!found) throw new Unavailable("not checked: " + NO_CRYPTO);
    return found;
  }

  async function sha256(bytes) {
    return new Uint8Array(await subtle().digest("SHA-256", bytes));
  }

  // Hash trees. Sizes may pass 2^31, so there is no bitwise arithmetic here.

  function half(number) {
    return Math.floor(number / 2);
  }

  function leafHash(entry) {
    return sha256(join([0], entry));
  }

  function nodeHash(left, right) {
    return sha256(join([1], left, right));
  }

  function hashes(list) {
    return Array.isArray(list) && list.every((item) => item instanceof Uint8Array && item.length === 32);
  }

  /** Whether `proof` (hashes, from the leaf up) leads from a leaf's hash to the root of a tree of `size` leaves. */
  async function verifyInclusion(index, size, leaf, proof, root) {
    if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
    if (!hashes([leaf]) || !hashes(proof)) return false;
    let hash = leaf;
    let used = 0;
    for (let at = index, last = size - 1; last > 0; at = half(at), last = half(last)) {
      const right = at % 2 === 1;
      // The last node of a row with no neighbour goes up as it is.
      if (!right && at === last) continue;
      if (used === proof.length) return false;
      const other = proof[used++];
      hash = await (right ? nodeHash(other, hash) : nodeHash(hash, other));
    }
    return used === proof.length && equal(hash, root);
  }

  /** Whether the first `oldSize` leaves of the tree (size, root) are those of the older tree (oldSize, oldRoot). An
      empty older tree proves nothing and is refused. */
  async function verifyConsistency(oldSize, size, oldRoot, root, proof) {
    if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(size) || oldSize < 1 || oldSize > size) return false;
    if (!hashes(proof)) return false;
    if (oldSize === size) return proof.length === 0 && equal(oldRoot, root);
    if (!hashes([oldRoot])) return false;
    let at = oldSize - 1;
    let last = size - 1;
    for (; at % 2 === 1; at = half(at)) last = half(last);
    // The older tree's last whole subtree: where it is the whole older tree, its hash is the older root itself.
    let used = at === 0 ? 0 : 1;
    if (used > proof.length) return false;
    let before = at === 0 ? oldRoot : proof[0];
    let now = before;
    for (; last > 0; at = half(at), last = half(last)) {
      const right = at % 2 === 1;
      if (!right && at === last) continue;
      if (used === proof.length) return false;
      const other = proof[used++];
      if (right) before = await nodeHash(other, before);
      now = await (right ? nodeHash(other, now) : nodeHash(now, other));
    }
    return used === proof.length && equal(before, oldRoot) && equal(now, root);
  }

  /** Largest power of two below `size`, where RFC 6962 splits a tree. */
  function split(size) {
    let left = 1;
    while (left * 2 < size) left *= 2;
    return left;
  }

  /** Hash over the leaves from `first` up to `end` from the log's tiles, which are not trusted: what is built from
      them is verified afterwards. `tile(level, number)` answers with the tile's bytes. */
  async function subtreeHash(first, end, tile) {
    const size = end - first;
    const left = split(size);
    if (size > 1 && left * 2 !== size) {
      return nodeHash(await subtreeHash(first, first + left, tile), await subtreeHash(first + left, end, tile));
    }
    // A whole subtree: its hash is in a tile, or made from up to 128 neighbours in one.
    let level = 0;
    let width = size;
    for (; width >= 256; width /= 256) level += 1;
    const start = (first / size) * width;
    const bytes = await tile(level, Math.floor(start / 256));
    let row = [];
    for (let at = start % 256; at < (start % 256) + width; at += 1) row.push(bytes.slice(32 * at, 32 * at + 32));
    expect(hashes(row), "a tile of the log is too short");
    while (row.length > 1) {
      const next = [];
      for (let at = 0; at < row.length; at += 2) next.push(await nodeHash(row[at], row[at + 1]));
      row = next;
    }
    return row[0];
  }

  /** The hashes that show a tree of `oldSize` leaves to be the start of one of `size` leaves, from the log's tiles. */
  async function consistencyProof(oldSize, size, tile) {
    async function prove(inside, first, end, whole) {
      if (inside === end - first) return whole ? [] : [await subtreeHash(first, end, tile)];
      const middle = first + split(end - first);
      if (inside <= middle - first) {
        return (await prove(inside, first, middle, whole)).concat([await subtreeHash(middle, end, tile)]);
      }
      const rest = await prove(inside - (middle - first), middle, end, false);
      return rest.concat([await subtreeHash(first, middle, tile)]);
    }
    return oldSize < 1 || oldSize >= size ? [] : prove(oldSize, 0, size, true);
  }

  /** Address of a tile below /log/ in a log of `size` leaves, and how many hashes it holds. */
  function tileAddress(level, number, size) {
    const width = Math.min(256, Math.floor(size / 256 ** level) - 256 * number);
    let name = String(number % 1000).padStart(3, "0");
    for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
      name = "x" + String(rest % 1000).padStart(3, "0") + "/" + name;
    }
    return { address: "tile/" + level + "/" + name + (width < 256 ? ".p/" + width : ""), width: width };
  }

  // Signed notes, checkpoints, proofs

  /** A verifier key, `name+hash+base64`, with an Ed25519 key. */
  async function parseKey(given) {
    const parts = new RegExp("^(" + NAME + ")\\+([0-9a-f]{8})\\+([^\\n]+)$", "u").exec(asText(given, "the log's key"));
    expect(parts, "the log's key is not written as name, hash and key");
    const key = fromBase64(parts[3], "the log's key");
    expect(key.length === 33 && key[0] === 1, "the log's key is not an Ed25519 key");
    const id = (await sha256(join(encode(parts[1] + "\n"), key))).slice(0, 4);
    expect(hex(id) === parts[2], "the log's key does not have the hash it states");
    return { name: parts[1], id: id, key: key.slice(1) };
  }

  /** A checkpoint's parts: `text` is what signatures sign. Without signatures the text is the whole checkpoint. */
  function parseCheckpoint(given) {
    const whole = asText(given, "the checkpoint");
    const gap = whole.lastIndexOf("\n\n");
    const text = gap < 0 ? whole : whole.slice(0, gap + 1);
    const lines = new RegExp("^(" + NAME + ")\\n([^\\n]+)\\n([^\\n]+)\\n$", "u").exec(text);
    expect(lines, "the checkpoint is not three lines of origin, size and root");
    const signatures = [];
    if (gap >= 0) {
      expect(whole.length > gap + 2 && whole.endsWith("\n"), "the checkpoint does not end with a signature line");
      whole.slice(gap + 2, -1).split("\n").forEach((line) => {
        const parts = new RegExp("^\u2014 (" + NAME + ") ([^ ]+)$", "u").exec(line);
        expect(parts, "the checkpoint has a line that is no signature");
        const bytes = fromBase64(parts[2], "a signature");
        expect(bytes.length > 4, "a signature is too short");
        signatures.push({ name: parts[1], id: bytes.slice(0, 4), signature: bytes.slice(4) });
      });
    }
    return {
      origin: lines[1],
      size: count(lines[2], "the checkpoint's size"),
      root: hashFrom(lines[3], "the checkpoint's root"),
      text: text,
      signatures: signatures
    };
  }

  /** Whether an Ed25519 signature holds; null where the browser does not know Ed25519. */
  async function verifySignature(key, signature, bytes) {
    try {
      const loaded = await subtle().importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
      return await subtle().verify({ name: "Ed25519" }, loaded, signature, bytes);
    } catch (error) {
      if (error && error.name === "NotSupportedError") return null;
      throw error;
    }
  }

  /** A checkpoint that may be relied on as far as `signed` says: true; false where the log has no key and the
      checkpoint no signature; null where this browser cannot check signatures. Everything else is refused. */
  async function openCheckpoint(given, vkey) {
    const found = parseCheckpoint(given);
    if (vkey === null || vkey === undefined) {
      expect(found.signatures.length === 0, "the checkpoint has a signature, but the log shows no key to check it");
      return Object.assign(found, { signed: false });
    }
    const key = await parseKey(vkey);
    expect(found.signatures.length > 0, "the checkpoint is unsigned, but the log has a key");
    expect(found.origin === key.name, "the checkpoint is of another log than the key");
    const own = found.signatures.filter((item) => item.name === key.name && equal(item.id, key.id));
    expect(own.length > 0, "the checkpoint is not signed with the log's key");
    expect(own.length === 1, "the checkpoint is signed twice with the log's key");
    expect(own[0].signature.length === 64, "the checkpoint's signature is not 64 bytes long");
    const signed = await verifySignature(key.key, own[0].signature, encode(found.text));
    expect(signed !== false, "the checkpoint's signature is wrong");
    return Object.assign(found, { signed: signed });
  }

  /** A tlog-proof's parts: the path (its "extra" line in this registry), index, hashes, and the checkpoint as it is. */
  function parseProof(given) {
    const text = asText(given, "the proof");
    const gap = text.indexOf("\n\n");
    expect(gap > 0, "the proof has no checkpoint");
    const lines = text.slice(0, gap).split("\n");
    expect(lines.shift() === HEADER, "the proof does not begin as one");
    expect(lines.length && lines[0].startsWith("extra "), "the proof does not name a path");
    const path = asText(fromBase64(lines.shift().slice(6), "the proof's path"), "the proof's path");
    expect(lines.length && lines[0].startsWith("index "), "the proof has no index");
    return {
      path: path,
      index: count(lines.shift().slice(6), "the proof's index"),
      hashes: lines.map((line) => hashFrom(line, "a hash of the proof")),
      checkpoint: text.slice(gap + 2)
    };
  }

  /** The log's entry for a file: RFC 8785 JSON, which for ASCII text is what JSON.stringify writes. */
  async function entry(path, data) {
    expect(typeof path === "string" && /^[\u0021-\u007e]+$/.test(path), "the file's path in the log is not plain");
    return encode(JSON.stringify({ path: path, sha256: hex(await sha256(data)) }));
  }

  /** The answer of `work`, or one that says why there is none. */
  async function answer(work, blank) {
    try {
      return Object.assign(blank, await work(), { ok: true });
    } catch (error) {
      if (error instanceof Refusal || error instanceof Unavailable) {
        return Object.assign(blank, { ok: false, reason: error.message, unavailable: error instanceof Unavailable });
      }
      return Object.assign(blank, { ok: false, reason: "it cannot be checked: " + String(error), unavailable: false });
    }
  }

  function words(signed, origin) {
    if (signed === null) return NO_ED25519;
    return signed ? "the checkpoint is signed by " + origin : "the log is unsigned";
  }

  /** Refuses unless `old` (opened) is an earlier state of `now` (opened), by `proof`. */
  async function expectConsistent(old, now, proof) {
    expect(old.origin === now.origin, "the two checkpoints are of different logs");
    expect(old.size <= now.size, "the log has " + now.size + " entries, fewer than the " + old.size + " it had");
    if (old.size === 0) throw new Unavailable("an empty log is the start of every log and shows nothing");
    expect(
      await verifyConsistency(old.size, now.size, old.root, now.root, proof),
      "the log of " + now.size + " entries is no continuation of the one of " + old.size
    );
  }

  /** Whether a file is in the log.

      `path`: its path in the log; `data`: its bytes; `proof`: its tlog-proof (text or bytes); `vkey`: the log's
      verifier key, or null for an unsigned log, whose checkpoints nothing binds but `checkpoint`: the log's published
      one, or null. The proof's own must say the same, or `tile(level, number)` must serve the tiles that show it to be
      an earlier state.
      Answers {ok, signed, index, size, origin, reason, unavailable}; `signed` is null where that was not checked. */
  function proof(given) {
    return answer(async () => {
      const read = parseProof(given.proof);
      expect(read.path === given.path, "its proof is for another file");
      const leaf = await leafHash(await entry(given.path, given.data));
      const seen = await openCheckpoint(read.checkpoint, given.vkey);
      expect(read.index < seen.size, "the proof's index is not below the log's size");
      expect(
        await verifyInclusion(read.index, seen.size, leaf, read.hashes, seen.root),
        "the file is not the one that the log's entry " + read.index + " is about"
      );
      if (given.checkpoint !== null && given.checkpoint !== undefined) {
        const now = await openCheckpoint(given.checkpoint, given.vkey);
        if (seen.text !== now.text) {
          expect(given.tile, "its proof is for another state of the log than the log's checkpoint");
          await expectConsistent(seen, now, await consistencyProof(seen.size, now.size, given.tile));
        }
      }
      return {
        signed: seen.signed,
        index: read.index,
        size: seen.size,
        origin: seen.origin,
        reason: words(seen.signed, seen.origin)
      };
    }, { ok: false, signed: null, index: null, size: null, origin: null, reason: "", unavailable: false });
  }

  /** Whether the log of checkpoint `now` continues the one of checkpoint `old`.

      `proof`: the consistency proof's hashes in base64, or null and `tile(level, number)` to make it from tiles; `vkey`
      as for `proof`. Answers {ok, signed, oldSize, size, origin, reason, unavailable}. */
  function consistency(given) {
    return answer(async () => {
      const old = await openCheckpoint(given.old, given.vkey);
      const now = await openCheckpoint(given.now, given.vkey);
      const list = Array.isArray(given.proof)
        ? given.proof.map((text) => hashFrom(text, "a hash of the proof"))
        : await consistencyProof(old.size, now.size, given.tile);
      await expectConsistent(old, now, list);
      return {
        signed: now.signed,
        oldSize: old.size,
        size: now.size,
        origin: now.origin,
        reason: words(now.signed, now.origin)
      };
    }, { ok: false, signed: null, oldSize: null, size: null, origin: null, reason: "", unavailable: false });
  }

  window.srchVerify = Object.freeze({
    proof: proof,
    consistency: consistency,
    consistencyProof: consistencyProof,
    verifyInclusion: verifyInclusion,
    verifyConsistency: verifyConsistency,
    parseKey: parseKey,
    parseCheckpoint: parseCheckpoint,
    parseProof: parseProof,
    entry: entry,
    tileAddress: tileAddress
  });

  // The driver of a page's blocks

  const TEXT_LIMIT = 1048576;
  const MARKS = { ok: "\u2713", failed: "\u2717", unlogged: "\u2013", unavailable: "?" };

  /** The address that `given` names, if it is relative and stays below the site. */
  function resolve(given, from, site) {
    const relative = typeof given === "string" && given !== "" && !/^([a-z][a-z0-9+.-]*:|[/\\])|[\\?#\s]/i.test(given);
    if (!relative) throw new Unavailable("the page names an address that is not relative");
    const found = new URL(given, from);
    if (found.origin !== window.location.origin || !found.href.startsWith(site)) {
      throw new Unavailable("the page names an address outside this site");
    }
    return found.href;
  }

  /** Bytes at an address of this site, or null where the server has none (404, 410). */
  async function fetched(address) {
    let reply;
    try {
      reply = await window.fetch(address, { cache: "no-store", redirect: "error", referrerPolicy: "no-referrer" });
      if (reply.ok) return new Uint8Array(await reply.arrayBuffer());
    } catch (error) {
      throw new Unavailable("the server did not answer");
    }
    if (reply.status === 404 || reply.status === 410) return null;
    throw new Unavailable("the server answered with status " + reply.status);
  }

  async function fetchedText(address, what) {
    const bytes = await fetched(address);
    if (bytes === null) return null;
    expect(bytes.length <= TEXT_LIMIT, what + " is too long");
    return asText(bytes, what);
  }

  /** The log at `address`: key, checkpoint, and its tiles, each fetched once. `fetchedBytes` counts those. */
  async function openLog(address, keyless) {
    const vkey = keyless ? null : await fetchedText(address + "key", "the log's key");
    const checkpoint = await fetchedText(address + "checkpoint", "the log's checkpoint");
    const log = {
      // Stored as a line; one end of line is not part of the key.
      vkey: vkey === null ? null : vkey.replace(/\n$/, ""),
      checkpoint: checkpoint,
      seen: null,
      fetchedBytes: 0,
      tile: null
    };
    if (checkpoint === null && vkey === null) throw new Unavailable("this site publishes no log");
    expect(checkpoint !== null, "it has no checkpoint");
    log.seen = await openCheckpoint(checkpoint, log.vkey);
    const tiles = new Map();
    log.tile = function (level, number) {
      const place = tileAddress(level, number, log.seen.size);
      if (!tiles.has(place.address)) {
        tiles.set(place.address, fetched(address + place.address).then((bytes) => {
          expect(bytes !== null, "a tile of the log is missing");
          expect(bytes.length === 32 * place.width, "a tile of the log has another length than the log's size says");
          log.fetchedBytes += bytes.length;
          return bytes;
        }));
      }
      return tiles.get(place.address);
    };
    return log;
  }

  /** The items of a block; each has label, path, file and, where it is known to be in the log, proof. */
  function listed(text) {
    let items = null;
    try {
      items = JSON.parse(text);
    } catch (error) {
      // Said below, like every other list that is none.
    }
    const whole = Array.isArray(items) && items.length > 0 && items.every((item) => item && item.label && item.path);
    if (!whole) throw new Unavailable("the page has no list of files");
    return items;
  }

  async function checkItem(item, log, page, site) {
    try {
      if (!item.proof) return { state: "unlogged", signed: null };
      const found = await fetchedText(resolve(item.proof, page, site), "the proof");
      if (found === null) return { state: "unlogged", signed: null };
      const data = await fetched(resolve(item.file, page, site));
      expect(data !== null, "the server does not have the file");
      const said = await proof({
        path: item.path,
        data: data,
        proof: found,
        vkey: log.vkey,
        checkpoint: log.checkpoint,
        tile: log.tile
      });
      if (said.ok) return { state: "ok", signed: said.signed };
      return { state: said.unavailable ? "unavailable" : "failed", signed: null, reason: said.reason };
    } catch (error) {
      return { state: error instanceof Unavailable ? "unavailable" : "failed", signed: null, reason: error.message };
    }
  }

  /** What is said of an item. */
  function verdict(result) {
    if (result.state === "ok") return "matches the log";
    if (result.state === "failed") return "DOES NOT MATCH: " + result.reason;
    return result.state === "unlogged" ? "not in the log yet" : "not checked: " + result.reason;
  }

  function files(number) {
    return number === 1 ? "1 file" : number + " files";
  }

  /** State of the whole and its sentence. */
  function summary(results, log) {
    const total = results.length;
    const number = (state) => results.filter((result) => result.state === state).length;
    const [bad, open, fresh, matching] = ["failed", "unavailable", "unlogged", "ok"].map(number);
    const at = " the log at size " + log.seen.size + "; " + words(log.seen.signed, log.seen.origin) + ".";
    if (bad) {
      const some = bad + " of " + files(total) + (bad === 1 ? " does" : " do");
      return ["failed", (total === 1 ? "The file does" : some) + " not match the log."];
    }
    if (open) {
      return ["unavailable", open + " of " + files(total) + " could not be checked; " + matching + " matched the log."];
    }
    if (!matching) {
      const none = "None of the " + files(total) + " is";
      return ["unlogged", (total === 1 ? "The file is not" : none) + " in the log yet."];
    }
    if (fresh) {
      const missing = fresh + " of " + files(total) + (fresh === 1 ? " is" : " are") + " not in the log yet; ";
      return ["unlogged", missing + files(matching) + (matching === 1 ? " matches" : " match") + at];
    }
    const every = total === 1 ? "The file matches" : "All " + files(total) + " match";
    return [log.seen.signed ? "ok" : "ok-unsigned", every + at];
  }

  /** What a match does not prove. */
  function limits(log) {
    const source = log.vkey === null ? "nobody signs the log, and whoever publishes it" :
      "the key came from the same server, and whoever holds it";
    return "What this does not prove: " + source + " can show another log to a reader who kept no old checkpoint.";
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function part(block, name, className) {
    const found = block.querySelector("." + className);
    return found || block.appendChild(element(name, className));
  }

  function row(item, result) {
    const line = element("li", "verify-item");
    line.dataset.state = result.state;
    const mark = element("span", "verify-mark", MARKS[result.state]);
    mark.setAttribute("aria-hidden", "true");
    line.append(mark, " ", element("bdi", "verify-label", String(item.label)), ": ");
    line.append(element("span", "verify-word", verdict(result)));
    return line;
  }

  /** What a checkpoint that the reader kept says of the log. */
  async function checkKept(file, log) {
    let kept;
    try {
      kept = new Uint8Array(await file.slice(0, TEXT_LIMIT).arrayBuffer());
    } catch (error) {
      return { state: "unavailable", text: "The file you chose cannot be read any more; choose it again." };
    }
    const said = await consistency({ old: kept, now: log.checkpoint, proof: null, vkey: log.vkey, tile: log.tile });
    const cost = " (" + log.fetchedBytes + " bytes of tiles fetched)";
    const yours = "The checkpoint you kept";
    if (said.ok) {
      const which = said.size === said.oldSize ? "the log's present state" : "an earlier state of this log";
      const text = yours + ", of size " + said.oldSize + ", is " + which + ": nothing in it was changed or removed";
      return { state: "ok", text: text + cost + "." };
    }
    if (said.unavailable) return { state: "unavailable", text: yours + " could not be checked: " + said.reason + "." };
    return { state: "failed", text: yours + " DOES NOT MATCH this log: " + said.reason + cost + "." };
  }

  function drive(block) {
    block.dataset.state = "checking";
    const result = part(block, "p", "verify-result");
    const list = part(block, "ul", "verify-items");
    const keptResult = element("p", "verify-kept");
    keptResult.setAttribute("role", "status");
    const limit = element("p", "verify-limits");
    const again = element("button", "verify-again", "Check again");
    again.type = "button";
    const label = element("label", "verify-file", "I kept a checkpoint: ");
    const file = element("input");
    file.type = "file";
    label.append(file);
    const tools = element("p", "verify-tools");
    tools.append(again, " ", label);
    block.append(keptResult, limit, tools);
    let running = false;
    let pending = false;

    function show(state, sentence) {
      result.textContent = sentence;
      block.dataset.state = state;
    }

    async function check() {
      const page = document.baseURI;
      const items = listed(block.dataset.items);
      if (!/^(\.\.\/)*log\/$/.test(block.dataset.log)) throw new Unavailable("the page does not say where the log is");
      const place = new URL(block.dataset.log, page).href;
      const site = new URL("..", place).href;
      subtle();
      let log;
      try {
        log = await openLog(resolve(block.dataset.log, page, site), block.dataset.key === "none");
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        show("failed", "No file could be matched, because the log itself DOES NOT HOLD: " + error.message + ".");
        return;
      }
      const results = await Promise.all(items.map((item) => checkItem(item, log, page, site)));
      list.append(...items.map((item, at) => row(item, results[at])));
      let [state, sentence] = summary(results, log);
      if (file.files.length) {
        const kept = await checkKept(file.files[0], log);
        keptResult.textContent = kept.text;
        keptResult.dataset.state = kept.state;
        if (kept.state === "failed") {
          state = "failed";
          sentence = "The log is not the one whose checkpoint you kept. " + sentence;
        }
      }
      limit.textContent = limits(log);
      show(state, sentence);
    }

    async function run() {
      // A file chosen during a run is looked at in the next.
      pending = true;
      if (running) return;
      running = true;
      again.setAttribute("aria-disabled", "true");
      while (pending) {
        pending = false;
        list.textContent = "";
        keptResult.textContent = "";
        keptResult.removeAttribute("data-state");
        limit.textContent = "";
        show("checking", "Checking the files against the log.");
        try {
          await check();
        } catch (error) {
          const why = error instanceof Unavailable ? error.message.replace(/^not checked: /, "") : String(error);
          show("unavailable", "The files were not checked: " + why + ".");
        }
      }
      again.removeAttribute("aria-disabled");
      running = false;
    }

    again.addEventListener("click", run);
    file.addEventListener("change", run);
    run();
  }

  function start() {
    document.querySelectorAll(".verify[data-items]").forEach(drive);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
