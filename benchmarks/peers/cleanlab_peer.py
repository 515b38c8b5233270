"""cleanlab: logistic regression of scikit-learn on the same features, out of fold, and label quality by cleanlab.

usage: cleanlab_peer.py FEATURES.npz LABELS.npy SCORES.npz   (a score is lower where a label is worse)
"""

from __future__ import annotations

import sys

import numpy as np
from cleanlab.rank import get_label_quality_scores
from scipy.sparse import load_npz
from sklearn.linear_model import LogisticRegression  # noqa: TID253  # of the peer
from sklearn.model_selection import StratifiedKFold, cross_val_predict  # noqa: TID253

METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def main() -> None:
    features, labels, target = load_npz(sys.argv[1]), np.load(sys.argv[2]), sys.argv[3]
    model = LogisticRegression(C=5.0, max_iter=200)
    folds = StratifiedKFold(5, shuffle=True, random_state=1)
    chances = cross_val_predict(model, features, labels, cv=folds, method="predict_proba")
    np.savez(target, **{name: get_label_quality_scores(labels, chances, method=name) for name in METHODS})


if __name__ == "__main__":
    main()
