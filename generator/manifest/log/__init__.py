"""The transparency log: a Merkle tree over every manifest version and every correction event, kept in plain files.

Below the registry's root, ``log/entries.jsonl`` holds one leaf for each line, ``log/checkpoint`` the size and root of
the tree over them, and ``log/key`` the public key of a signed log. All of it follows C2SP's tlog-tiles,
tlog-checkpoint, tlog-proof and signed-note (c2sp.org) and RFC 6962, so other implementations can read it.
"""
