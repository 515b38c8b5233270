"""What one scan leaves: its artefacts and notes, in a folder or in a bucket, and who may write there.

`tables` reads and writes artefacts, `stores` says where these lie (`folders`, `objects`), `holding` lets one scan in at
a time (`locks` of a folder, `leases` of a bucket), `files` writes a file whole or not at all.
"""

from corpusscan.workspace.files import sweep, write_atomic, write_parquet
from corpusscan.workspace.holding import Opened, opened, publish
from corpusscan.workspace.part import PARTS, Part
from corpusscan.workspace.stores import Store, store
from corpusscan.workspace.tables import KEY_BYTES, Workspace, seeded

__all__ = [
    "KEY_BYTES", "PARTS", "Opened", "Part", "Store", "Workspace", "opened", "publish", "seeded", "store", "sweep",
    "write_atomic", "write_parquet",
]  # fmt: skip
