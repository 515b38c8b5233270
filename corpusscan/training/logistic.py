"""Logistic regression over sparse rows, by L-BFGS (Liu and Nocedal 1989), and Platt's calibration (1999)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def fit(
    rows: Any,
    positive: npt.NDArray[np.bool_],
    weight: Values,
    ridge: float,
    steps: int = 100,
    start: Values | None = None,
) -> tuple[Values, float]:
    """Weights and bias that make labels likeliest, each row counted `weight` times, with a ridge on the weights.

    `rows` is a `scipy.sparse.csr_matrix`, (rows, features); `start` holds weights and bias to begin with.
    Deterministic for the same input and libraries.
    """
    from scipy.optimize import minimize  # noqa: PLC0415  # takes a third of a second

    sign = np.where(positive, 1.0, -1.0)
    columns, total = rows.T.tocsr(), weight.sum()

    def loss(theta: Values) -> tuple[float, Values]:
        margin = sign * (rows @ theta[:-1] + theta[-1])
        pull = -sign * weight / (1 + np.exp(np.clip(margin, -60, 60))) / total
        value = float((weight * np.logaddexp(0, -margin)).sum() / total + ridge * (theta[:-1] ** 2).sum() / 2)
        return value, np.append(columns @ pull + ridge * theta[:-1], pull.sum())

    begin = np.zeros(rows.shape[1] + 1) if start is None else start
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 10})
    return found.x[:-1], float(found.x[-1])


def platt(logits: Values, positive: npt.NDArray[np.bool_], weight: Values) -> tuple[float, float]:
    """Slope and intercept by which logits become probabilities."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    slope, intercept = fit(csr_matrix(logits[:, None]), positive, weight, 1e-6)
    return float(slope[0]), intercept
