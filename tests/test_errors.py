"""The tree of errors: each has a code that AWS declares, its status, and AWS's words."""

import re

import botocore.session
import pytest

from mien import errors

MODEL = botocore.session.get_session().get_service_model("rekognition")
SERVER_FAULTS = (errors.InternalServerError, errors.UnavailableError)  # ThrottlingException is answered with 400 too


def below(kind: type[errors.ApiError]) -> list[type[errors.ApiError]]:
    return [each for child in kind.__subclasses__() for each in (child, *below(child))]


def drawn(text: str) -> list[tuple[int, str]]:
    """Depth and name of each class in the tree that a docstring draws; those on one line are siblings."""
    lines = (re.fullmatch(r" {4}((?:│   |    |├── |└── )*)(\w+Error(?:, \w+Error)*)(?: .*)?", line)
             for line in text.splitlines())  # fmt: skip
    return [(len(found[1]) // 4, name) for found in lines if found for name in found[2].split(", ")]


def declared(kind: type[Exception], depth: int = 0) -> list[tuple[int, str]]:
    """The same of a class and all below it, in the order in which they are declared."""
    children = [each for child in kind.__subclasses__() for each in declared(child, depth + 1)]
    return [(depth, kind.__name__), *children]


def test_the_tree_is_drawn_as_it_is() -> None:
    assert drawn(errors.__doc__ or "") == [(0, "SetupError"), (0, "FilmError"), *declared(errors.ApiError)]


@pytest.mark.parametrize("kind", below(errors.ServiceError))
def test_an_operations_error_is_one_that_the_model_declares(kind: type[errors.ApiError]) -> None:
    assert kind.code in {shape.error_code for shape in MODEL.error_shapes}
    assert kind.status == (500 if issubclass(kind, SERVER_FAULTS) else 400)


@pytest.mark.parametrize("kind", below(errors.FrameworkError))
def test_an_error_in_front_of_the_operations_is_a_clients_fault(kind: type[errors.ApiError]) -> None:
    assert kind.status == 400
    assert kind.code.endswith("Exception")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.NoFaceError(), "There are no faces in the image. Should be at least 1."),
        (errors.FaceNotFoundError(), "faceId was not found in the collection"),
        (errors.InvalidParameterError(), "Request has invalid parameters"),
        (errors.InvalidImageFormatError(), "Request has invalid image format"),
        (errors.InvalidPaginationTokenError(), "Invalid Pagination Token"),
        (errors.ResourceNotFoundError.collection("x"), "The collection id: x does not exist"),
        (errors.ResourceAlreadyExistsError.collection("x"), "The collection id: x already exists"),
    ],
)
def test_clients_that_compare_texts_find_awss(error: errors.ApiError, words: str) -> None:
    assert error.message == words
    assert str(error) == words
