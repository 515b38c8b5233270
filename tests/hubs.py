"""An imitation of the hub on loopback."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from serving import Server

SHA, LATER = "a" * 40, "b" * 40


class Hub:
    """Its interface, and its store of large files on another host; the dataset is `owner/set`."""

    def __init__(self, server: Server, store: Server, files: dict[str, bytes]) -> None:
        self.server, self.store = server, store
        self.commit(SHA, files)
        self.name("main", SHA)

    def name(self, revision: str, sha: str) -> None:
        about = {"id": "owner/set", "sha": sha, "siblings": [], "tags": [], "private": False, "downloads": 0}
        self.server.answers[f"/api/datasets/owner/set/revision/{revision}"] = (200, {}, orjson.dumps(about))
        if revision == "main":
            self.server.answers["/api/datasets/owner/set"] = (200, {}, orjson.dumps(about))

    def commit(self, sha: str, files: dict[str, bytes]) -> None:
        tree: list[dict[str, Any]] = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": "data"}]
        for path, data in files.items():
            entry: dict[str, Any] = {"type": "file", "oid": hashlib.sha1(data).hexdigest(), "size": len(data)}
            at = f"/datasets/owner/set/resolve/{sha}/{path}"
            if path.endswith(".parquet"):
                checksum = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"oid": checksum, "size": len(data), "pointerSize": 130}
                self.store.files[f"/{checksum}"] = data
                self.server.answers[at] = (302, {"Location": f"{self.store.url}/{checksum}?signature=geheim"}, b"")
            else:
                self.server.files[at] = data
            tree.append({**entry, "path": path})
        self.server.answers[f"/api/datasets/owner/set/tree/{sha}"] = (
            200, {"Content-Type": "application/json"}, orjson.dumps(tree)
        )  # fmt: skip
        self.name(sha, sha)
