"""Out-of-sample class probabilities of documents, by a linear model of the corpus that is fitted once for each fold.

Multinomial logistic regression over words, pairs of words (inverse document frequency, each document of length 1) and,
where an encoder is given, the corpus's own directions (`embedding`): what a document's fold is judged by has not seen
any document of it (cross-validation, Stone 1974).  A fold is drawn by the words of a document, keyed, so that copies,
however they are cased and punctuated, are in one.  All folds are fitted in one descent (L-BFGS, Liu and Nocedal 1989).
The model is linear: what a single word says can be taken out of a logit (`said`), as if the word were not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.kernels import embedding, profile
from corpusscan.kernels.embedding import Encoder
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.words import Hashes, Offsets

FOLDS = 5
WEIGHT = 5.0  # of what documents say against weights of 0 (the C of Fan et al. 2008)
DENSE = 1.0  # length of a document's direction beside that of its words
ITERATIONS = 20
WEIGHTS = 1 << 22  # of all folds and classes: how many features there may be
_UPPER = np.uint64(24)  # a feature is known by the upper 40 bits of its hash, as in `profile.frequencies`
_MIX = np.uint64(0x9E3779B97F4A7C15)

Numbers = npt.NDArray[np.int64]


class Model(NamedTuple):
    """Weights of features; a model of two classes has those of the second against the first."""

    features: Hashes  # sorted
    rarity: Floats  # inverse document frequency of each
    weights: npt.NDArray[np.float16]  # features x folds x classes
    dense: Floats  # dimensions x folds x classes; none without an encoder
    bias: Floats  # folds x classes

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return max(int(self.bias.shape[1]), 2)


class Read(NamedTuple):
    """Features of documents, each once: a sparse matrix by rows."""

    bounds: Numbers  # of documents
    feature: npt.NDArray[np.int32]
    value: Floats
    dense: Floats  # documents x dimensions


def contents(hashes: Hashes, bounds: Offsets) -> Hashes:
    """A hash of the words of each document, whatever their case, punctuation and order."""
    sums = np.append(np.uint64(0), np.cumsum(hashes * _MIX, dtype=np.uint64))
    found: Hashes = (sums[bounds[1:]] - sums[bounds[:-1]]) * _MIX
    return found


def folds(hashes: Hashes, bounds: Offsets) -> Numbers:
    """The fold of each document, drawn by its words."""
    return (contents(hashes, bounds) >> np.uint64(33)).astype(np.int64) % FOLDS


def features(hashes: Hashes, bounds: Offsets) -> tuple[Hashes, Numbers]:
    """Words and pairs of words of documents, and the document of each."""
    owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    inside = np.ones(len(hashes), bool)
    inside[bounds[:-1][np.diff(bounds) > 0]] = False
    both = np.concatenate([hashes, profile.pair_hashes(hashes)[inside]])
    return cut(both), np.concatenate([owner, owner[inside]])


def cut(hashes: Hashes) -> Hashes:
    """Hashes of words or pairs as features are known by them."""
    return hashes >> _UPPER << _UPPER


def vocabulary(hashes: Hashes, bounds: Offsets, least: int, most: int) -> tuple[Hashes, Floats]:
    """The features of at least so many documents, of these at most so many, the commonest; and how rare each is."""
    known, owner = features(hashes, bounds)
    value, frequency, *_ = profile.frequencies(known, owner.astype(np.uint64))
    chosen = np.flatnonzero(frequency >= least)
    chosen = np.sort(chosen[np.argsort(-frequency[chosen], kind="stable")][:most])
    rarity: Floats = np.log(max(len(bounds) - 1, 2) / frequency[chosen] + 1).astype(np.float32)
    return value[chosen], rarity


def room(classes: int) -> int:
    """How many features a model of so many classes may have."""
    return WEIGHTS // (FOLDS * (classes if classes > 2 else 1))


def read(hashes: Hashes, bounds: Offsets, known: tuple[Hashes, Floats], encoder: Encoder | None = None) -> Read:
    """What a model sees of documents whose words are hashes[bounds[i]:bounds[i + 1]]."""
    seen = weighted(*features(hashes, bounds), len(bounds) - 1, known)
    return seen if encoder is None else seen._replace(dense=_dense(hashes, bounds, encoder))


def weighted(found: Hashes, owner: Numbers, count: int, known: tuple[Hashes, Floats]) -> Read:
    """What a model sees of so many documents by features, of whatever kind, and the document of each."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415  # takes a third of a second

    words, rarity = known
    place = np.minimum(np.searchsorted(words, found), max(len(words) - 1, 0))
    mine = words[place] == found if len(words) else np.zeros(len(found), bool)
    pairs = (np.ones(int(mine.sum()), np.float32), (owner[mine], place[mine]))
    matrix = coo_matrix(pairs, shape=(count, max(len(words), 1))).tocsr()
    value = (1 + np.log(matrix.data)) * rarity[matrix.indices]
    of = np.repeat(np.arange(count), np.diff(matrix.indptr))
    length = np.sqrt(np.bincount(of, value**2, count))
    scaled = (value / np.maximum(length[of], 1e-6)).astype(np.float32)
    none = np.zeros((count, 0), np.float32)
    return Read(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), scaled, none)


def some(seen: Read, kept: Numbers) -> Read:
    """Of these documents only (ascending)."""
    length = np.diff(seen.bounds)[kept]
    bounds = np.append(0, np.cumsum(length))
    places = ranges(seen.bounds[kept], length)
    return Read(bounds, seen.feature[places], seen.value[places], seen.dense[kept])


def _dense(hashes: Hashes, bounds: Offsets, encoder: Encoder) -> Floats:
    """Directions of documents; those of its stretches added up."""
    parts = embedding.stretches(bounds)
    codes = embedding.embedded(hashes, parts.span, encoder).codes[:, : embedding.HALF]
    total = np.zeros((len(bounds) - 1, embedding.HALF), np.float32)
    np.add.at(total, parts.owner, embedding.directions(codes))
    total *= DENSE / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-6)
    return total


def fitted(seen: Read, known: tuple[Hashes, Floats], fold: Numbers, label: Numbers, classes: int) -> Model:
    """The model of documents of these classes (numbers below `classes`)."""
    width = classes if classes > 2 else 1
    target = (label[:, None] == np.arange(classes)[None, -width:]).astype(np.float32)
    return _descended(seen, known, fold, target, WEIGHT, ITERATIONS)


def shared(
    seen: Read, known: tuple[Hashes, Floats], fold: Numbers, share: Floats, *, weight: float = WEIGHT,
    heard: Floats | None = None, begin: Model | None = None, iterations: int = ITERATIONS,
) -> Model:  # fmt: skip
    """The model of documents of which so much is of a class; of `heard` how much each counts, all alike without it.

    From the weights of another model of the same features on, where there is one.
    """
    return _descended(seen, known, fold, share[:, None].astype(np.float32), weight, iterations, heard, begin)


def _descended(
    seen: Read, known: tuple[Hashes, Floats], fold: Numbers, target: Floats, weight: float, iterations: int,
    heard: Floats | None = None, begin: Model | None = None,
) -> Model:  # fmt: skip
    from scipy.optimize import minimize  # noqa: PLC0415
    from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415

    count, width = target.shape
    sparse = csr_matrix((seen.value, seen.feature, seen.bounds), shape=(count, len(known[0])))
    both = hstack([sparse, csr_matrix(seen.dense), np.ones((count, 1), np.float32)], format="csr")
    turned = both.T.tocsr()
    shape = (both.shape[1], FOLDS * width)
    learns = (fold[:, None] != np.arange(FOLDS)).astype(np.float32)
    if heard is not None:
        learns *= heard[:, None]
    free = np.ones((shape[0], 1), np.float32)
    free[-1] = 0.01  # a bias costs little

    def loss(flat: Any) -> tuple[float, Any]:
        weights = flat.reshape(shape).astype(np.float32)
        logits = (both @ weights).reshape(count, FOLDS, width)
        chance, entropy = _softmax(logits, target)
        slope = ((chance - target[:, None]) * learns[:, :, None]).reshape(count, -1)
        down = weight * (turned @ slope) + free * weights
        cost = weight * (entropy * learns).sum(dtype=np.float64) + (free * weights**2).sum(dtype=np.float64) / 2
        return float(cost), down.astype(np.float64).ravel()

    first = np.zeros(shape) if begin is None else _weights(begin)
    found = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxcor": 8})
    weights = found.x.reshape(-1, FOLDS, width).astype(np.float32)
    size = len(known[0])
    return Model(*known, weights[:size].astype(np.float16), weights[size:-1], weights[-1])


def together(models: Sequence[Model]) -> Model:
    """Models of the same features as one, a class for each; they have one each."""
    weights, dense, bias = (
        np.concatenate(parts, axis=-1)
        for parts in zip(*[(one.weights, one.dense, one.bias) for one in models], strict=True)
    )
    return models[0]._replace(weights=weights, dense=dense, bias=bias)


def _weights(model: Model) -> Any:
    """All weights of a model, those of its bias last: rows x (folds x classes)."""
    parts: list[Any] = [model.weights.astype(np.float64), model.dense, model.bias[None]]
    return np.concatenate([part.reshape(-1, FOLDS * model.bias.shape[1]) for part in parts])


def _softmax(logits: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Probabilities of the classes, and the surprise at the target: documents x folds."""
    if logits.shape[2] == 1:
        one = logits[:, :, 0]
        signed = np.where(target > 0.5, one, -one)
        chance: Floats = (1 / (1 + np.exp(-np.clip(one, -60, 60)))).astype(np.float32)
        rest = np.minimum(target, 1 - target) * signed  # of what is of the class in part
        return chance[:, :, None], (np.logaddexp(np.float32(0), -signed) + rest).astype(np.float32)
    top = logits.max(axis=2, keepdims=True)
    powers = np.exp(logits - top)
    total = powers.sum(axis=2, keepdims=True)
    surprise = np.log(total[:, :, 0]) + top[:, :, 0] - (logits * target[:, None]).sum(axis=2)
    return powers / total, surprise


def logits(model: Model, seen: Read, fold: Numbers) -> Floats:
    """Documents x classes, by weights that have not seen the document's fold."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    width = model.bias.shape[1]
    matrix = csr_matrix((seen.value, seen.feature, seen.bounds), shape=(len(fold), max(len(model.features), 1)))
    found = np.empty((len(fold), width), np.float32)
    for one in range(FOLDS):
        mine = np.flatnonzero(fold == one)
        told = matrix[mine] @ model.weights[:, one].astype(np.float32) if len(model.features) else 0
        found[mine] = told + seen.dense[mine] @ model.dense[:, one] + model.bias[one]
    return wide(found)


def said(model: Model, seen: Read, fold: Numbers) -> Floats:
    """What each feature of each document says in its logits: entries of `seen` x classes."""
    of = np.repeat(np.arange(len(fold)), np.diff(seen.bounds))
    return wide(seen.value[:, None] * model.weights[seen.feature, fold[of]].astype(np.float32))


def wide(found: Floats) -> Floats:
    """Logits of all classes, where those of two are one number."""
    return found if found.shape[1] > 1 else np.concatenate([np.zeros_like(found), found], axis=1)


def chances(found: Floats) -> Floats:
    """Logits as probabilities."""
    powers = np.exp(found - found.max(axis=1, keepdims=True))
    told: Floats = powers / powers.sum(axis=1, keepdims=True)
    return told


def table(model: Model) -> pa.Table:
    """A model as a table of one row: columns of bytes, and the number of classes."""
    columns = {name: pa.array([part.tobytes()], pa.large_binary()) for name, part in model._asdict().items()}
    return pa.table(columns | {"width": [model.bias.shape[1]]})


def of_table(told: pa.Table) -> Model:
    """The model that `table` wrote."""
    width = told["width"][0].as_py()

    def part(name: str, kind: Any, *shape: int) -> Any:
        return np.frombuffer(told[name][0].as_buffer(), kind).reshape(shape)

    return Model(
        part("features", np.uint64, -1), part("rarity", np.float32, -1),
        part("weights", np.float16, -1, FOLDS, width), part("dense", np.float32, -1, FOLDS, width),
        part("bias", np.float32, FOLDS, width),
    )  # fmt: skip
