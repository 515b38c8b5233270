"""Tasks on a Ray cluster: one that is there, or one of this machine's own, for the time of the scan.

Ray only carries tasks to processes and says when one of these died; what a task does, how often it is tried and what
it leaves is as with the processes of `local`.  Ray listens on all interfaces and gives no way to listen on one: the
token, without which it answers nobody, is what guards it.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psutil
import pyarrow as pa

from corpusscan import program
from corpusscan.engine.local import Lost, attempts_of, memory_of
from corpusscan.engine.tasks import Map, Outcome, Reduce, Task, TaskError
from corpusscan.engine.worker import attempt
from corpusscan.errors import UsageError, WorkspaceError
from corpusscan.workspace import Workspace, store

FOLDER = "ray"  # of the workspace
_OBJECTS = 128 * 2**20  # bytes; tasks and outcomes are small, tables go through the workspace
_AHEAD = 2  # tasks for each core that are handed to Ray before others are done
_TICK = 0.2  # seconds between looks at answers, and at the memory of a worker
_TOKEN = 32  # bytes
# There is a task for every core: threads of libraries would only stand in one another's way.
_ENVIRONMENT = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "RAYON")} | {
    "POLARS_MAX_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


class Cluster:
    """A Ray cluster as an engine; use it as a context.  `address` None: one of `workers` cores on this machine."""

    def __init__(
        self, root: str | Path, workers: int, memory_limit: int, patience: float = 1800.0, address: str | None = None
    ) -> None:
        if not find_spec("ray"):
            raise UsageError("--engine ray: Ray is not installed; pip install 'corpusscan[ray]'")
        if address and address.startswith("ray://"):
            raise UsageError(
                f"--ray-address {address}: run the scan on a node of the cluster, and give auto or HOST:PORT"
            )
        here = store(root).root  # a relative path is another one on another node
        self.root = str(here.resolve()) if here else str(root)
        self.workers, self.memory_limit, self.address = workers, memory_limit, address
        self.patience = patience
        self._canary = f"{FOLDER}/{secrets.token_hex(8)}"

    def __enter__(self) -> Self:
        os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
        if self.address:
            os.environ.setdefault("RAY_AUTH_MODE", "token")  # whoever runs a cluster without says so himself
        else:
            os.environ["RAY_AUTH_MODE"] = "token"
            if not os.environ.get("RAY_AUTH_TOKEN_PATH"):  # Ray reads it once in a process: drawn once, it stays
                os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(_TOKEN))
        import ray  # heavy, of an extra, and it reads the environment above

        own = {} if self.address else {"num_cpus": self.workers, "object_store_memory": _OBJECTS}
        try:
            ray.init(
                address=self.address or "local", include_dashboard=None if self.address else False, log_to_driver=False,
                logging_level=logging.ERROR, runtime_env={"env_vars": _ENVIRONMENT}, **own,
            )  # fmt: skip
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            where = f"--ray-address {self.address}" if self.address else "--engine ray"
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UsageError(f"{where}: no cluster ({told}); see docs/scale.md for address and token") from None
        code = program.code()
        store(self.root).write(self._canary, lambda path: path.write_text(code))
        return self

    def __exit__(self, *_: object) -> None:
        import ray

        ray.shutdown()
        store(self.root).remove(self._canary)

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | Lost] | None]:
        """Each task with its outcome, as they finish; None now and then, so the caller can show the time.

        Raises `WorkspaceError` when no task can succeed any more.
        """
        import ray

        do = ray.remote(_do)
        todo, flying, attempts = deque(enumerate(tasks)), dict[Any, int](), Counter[int]()
        while todo or flying:
            room = _AHEAD * int(ray.cluster_resources().get("CPU", 1))
            while todo and len(flying) < room:
                number, task = todo.popleft()
                options = do.options(max_retries=0, num_cpus=1, num_gpus=_gpus(task))
                flying[options.remote(task, self.root, self._canary, self.memory_limit, self.patience)] = number
            ready, _ = ray.wait([*flying], num_returns=1, timeout=_TICK)
            if not ready:
                yield None
            for reference in ready:
                number = flying.pop(reference)
                answer = self._answer(reference)
                attempts[number] += 1
                if isinstance(answer, Lost) and attempts[number] < attempts_of(tasks[number], answer.reason):
                    todo.appendleft((number, tasks[number]))
                    continue
                yield tasks[number], answer

    def _answer(self, reference: Any) -> Outcome | Lost:
        """What became of a task.  Raises `WorkspaceError` where no other can succeed either."""
        import ray

        try:
            answer: Outcome | TaskError = ray.get(reference)
        except ray.exceptions.OutOfMemoryError as error:
            return Lost("memory_limit", str(error))
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError) as error:
            files, note = store(self.root), _note(reference.task_id().hex())
            reason = files.read(note).decode() if files.exists(note) else "worker_died"
            files.remove(note)
            return Lost(reason, str(error).splitlines()[0])
        except ray.exceptions.RayError as error:  # a node without this program, an environment that cannot be made
            raise WorkspaceError(f"Ray: no task can run ({_last(error)}); nodes need the same corpusscan") from None
        if not isinstance(answer, TaskError):
            return answer
        if answer.fatal:
            raise WorkspaceError(answer.message)
        return Lost.by(answer)


def _do(task: Task, root: str, canary: str, memory_limit: int, patience: float) -> Outcome | TaskError:
    """A task, on a worker of the cluster; what it raises is an answer, as with `worker`."""
    import ray

    over = _note(ray.get_runtime_context().get_task_id())
    done, heard = threading.Event(), [time.monotonic()]
    # How long a reduce takes depends on the corpus: it has nothing that could hang.
    longest = float("inf") if isinstance(task, Reduce) else patience
    threading.Thread(target=_watch, args=(done, heard, root, over, memory_limit, longest), daemon=True).start()
    try:
        if told := _amiss(root, canary):
            return TaskError(told, "", fatal=True)
        return attempt(task, Workspace(root), lambda: heard.append(time.monotonic()))
    finally:
        done.set()
        pa.default_memory_pool().release_unused()  # the next task may be of another kind


def _note(task: str) -> str:
    """The file that says why the worker of a task was ended."""
    return f"{FOLDER}/{task}.over"


def _watch(done: threading.Event, heard: list[float], root: str, over: str, limit: int, patience: float) -> None:
    """End this process when it holds more than `limit` bytes of memory, or gives no sign of life for `patience`."""
    me = psutil.Process()
    while not done.wait(_TICK):
        del heard[:-1]
        why = "memory_limit" if memory_of(me) > limit else "timeout"
        if why == "memory_limit" or time.monotonic() - heard[-1] > patience:
            try:
                store(root).write(over, partial(Path.write_text, data=why))  # for whoever asks
            finally:
                os._exit(1)


@cache
def _amiss(root: str, canary: str) -> str:
    """Why this node cannot take part: it must see the workspace, and run the same program.  Empty where it can."""
    node = os.uname().nodename
    for _ in range(25):  # a network file system may show a new file late
        if store(root).exists(canary):
            break
        time.sleep(_TICK)
    try:
        told = store(root).read(canary).decode()
    except OSError as error:
        why = error.strerror or error
        return f"{root}: not seen by node {node} ({why}); OUT must lie on storage that all nodes share (-o)"
    if told != program.code():
        return f"node {node} has another version of corpusscan or of its libraries; give all nodes the same image"
    return ""


def _gpus(task: Task) -> int:
    """A task of which a detector computes on a GPU has one to itself."""
    jobs = task.jobs if isinstance(task, Map) else (task.job,) if isinstance(task, Reduce) else ()
    looks = (job.detector.rounds[job.step] for job in jobs if job.detector.rounds)
    return int(any(getattr(look, "device", "") == "cuda" for look in looks))


def _last(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
