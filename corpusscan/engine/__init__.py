"""Where work runs: tasks, their keys and schedule, and the worker processes that do them."""
