"""What operations that change users share: their rules, their idempotency tokens, and the errors of the store as AWS's.

A search finds a user by one vector, which `combine` makes of the faces' embeddings.
"""

import hashlib
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from mien.errors import (
    ConflictError,
    IdempotentParameterMismatchError,
    InvalidParameterError,
    ResourceNotFoundError,
    ServiceQuotaExceededError,
)
from mien.operations.collection import CollectionRequest
from mien.operations.context import Caller, Context
from mien.store.base import Collection, CollectionGoneError, DamagedError
from mien.store.tables.belonging import MOST_FACES
from mien.store.tables.likeness import Matching
from mien.store.tables.tokens import Token, TokenReusedError
from mien.store.tables.users import UserExistsError, UserFullError, UserMissingError, UsersFullError

DAMAGED = "{} of this request has a damaged vector in the store; restore a backup, or delete it and create it again."
GONE = "The person that this call changed when it came first does not exist any more."
Result = TypeVar("Result")
Work = Callable[[], Result]


class Repeatable(Protocol):
    """A request that may be repeated under its token without a second effect."""

    collection_id: str
    client_request_token: str | None


def missing(name: str) -> ResourceNotFoundError:
    """Returns the error for a user that does not exist."""
    return ResourceNotFoundError(f"The user id: {name} does not exist")


def combine(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns a user's vector: the mean of its embeddings divided by the square root of the mean's relative length.

    The mean's length is taken relative to the mean length of the embeddings. Of the formulas that were tried this one
    keeps the false match rate at similarity 80 for any number of faces (`benchmarks/README.md`, "A user's vector").

    Args:
        embeddings: float32 (N, D), each of length at most 1.

    Returns:
        float32 (D,), of length at most 1; of a single face its own embedding.
    """
    lengths = np.linalg.norm(embeddings, axis=1)
    (made,) = _shortened(embeddings.mean(axis=0)[None], lengths.mean(keepdims=True))
    return np.asarray(made, np.float32)


def combine_rest(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns for each of a user's faces the vector of its other faces (see `combine`).

    Args:
        embeddings: float32 (N, D), two or more.

    Returns:
        float32 (N, D).
    """
    others, lengths = len(embeddings) - 1, np.linalg.norm(embeddings, axis=1)
    return _shortened((embeddings.sum(axis=0) - embeddings) / others, (lengths.sum() - lengths) / others)


def _shortened(centres: NDArray[np.float32], lengths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divides centres (N, D) of embeddings of these mean lengths (N,) as `combine` says."""
    relative = np.linalg.norm(centres, axis=1) / np.maximum(lengths, 1e-6)
    return np.asarray(centres / np.maximum(relative, 1e-12)[:, None] ** 0.5, np.float32)


def matching_of(context: Context, least: float = 0.0) -> Matching:
    """Returns the rules by which faces belong to users; `least` is the similarity that a further face must have."""

    def similarity(user: NDArray[np.float32], face: NDArray[np.float32]) -> float:
        lengths = float(np.linalg.norm(user) * np.linalg.norm(face))
        return float(context.pack.calibration.similarity(float(user @ face), lengths))

    return Matching(combine, similarity, least)


def token_of(caller: Caller, operation: str, collection: Collection, request: Repeatable) -> Token | None:
    """Returns the idempotency token of a call, which covers the collection's key, not only its name."""
    if request.client_request_token is None:
        return None
    digest = hashlib.sha256(b"%d " % collection.key + msgspec.json.encode(request)).digest()
    return Token(caller.account, operation, request.client_request_token, digest)


def run_change(
    context: Context,
    collection: Collection,
    request: CollectionRequest,
    work: Callable[[], Result],
    most: int = MOST_FACES,
) -> Result:
    """Runs `work`, which changes users of the collection, and raises the store's errors as AWS's.

    Args:
        context: of the request.
        collection: the collection.
        request: the request.
        work: the change.
        most: faces that a user may have after it.
    """
    try:
        with context.request.writing(collection.key):
            return work()
    except CollectionGoneError:
        raise ResourceNotFoundError.collection(request.collection_id) from None
    except UserMissingError as error:
        raise (missing(str(error)) if error.args else ResourceNotFoundError(GONE)) from None
    except UserExistsError:
        raise ConflictError("A User with the same Id already exists within the collection.") from None
    except UsersFullError:
        raise ServiceQuotaExceededError("The collection holds as many users as it may.") from None
    except UserFullError:
        raise ServiceQuotaExceededError(f"The user would have more than {most:,} faces.") from None
    except DamagedError:
        raise InvalidParameterError(DAMAGED.format("A face")) from None
    except TokenReusedError:
        raise IdempotentParameterMismatchError.token(getattr(request, "client_request_token", "")) from None
