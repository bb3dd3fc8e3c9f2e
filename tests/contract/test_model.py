"""Our structs against botocore's service model, member by member, so that what AWS changes is seen here first."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import botocore.session
import msgspec
import pytest
from botocore.model import OperationModel, ServiceModel, Shape

from mien.app import OPERATIONS
from mien.operations.constraints import REQUIRED, Enum, Length, Pattern, Range

MODEL: ServiceModel = botocore.session.get_session().get_service_model("rekognition")

# Members of the model's responses that mien never sends, each for a reason that the reference gives.
NEVER_SENT = {
    "DetectFaces.OrientationCorrection": "always null since August 2021, and absent on the wire",
    "IndexFaces.OrientationCorrection": "the same",
    "CompareFaces.SourceImageOrientationCorrection": "the same",
    "CompareFaces.TargetImageOrientationCorrection": "the same",
    "CompareFaces.FaceMatches.Face.Emotions": "the shape has it for RecognizeCelebrities; AWS does not send it here",
    "CompareFaces.FaceMatches.Face.Smile": "the same",
    "CompareFaces.UnmatchedFaces.Emotions": "the same",
    "CompareFaces.UnmatchedFaces.Smile": "the same",
    "GetFaceSearch.Persons.Person.BoundingBox": "that of a whole person, of whom mien sees the face",
}
# Members that the model gives another type than the reference asks us to write on the wire.
TIMESTAMPS = {"DescribeCollection.CreationTimestamp"}

REQUEST_KINDS = {"string": str, "blob": bytes, "integer": int, "long": int, "float": float, "double": float}
RESPONSE_KINDS = REQUEST_KINDS | {"boolean": bool, "timestamp": float}


def test_the_operations_are_the_models() -> None:
    assert len(OPERATIONS) == 27
    assert set(OPERATIONS) <= set(MODEL.operation_names)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_request(name: str) -> None:
    shape = _operation(name).input_shape
    problems = list(_differences(OPERATIONS[name].request, shape, name, request=True))
    assert problems == []


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_response(name: str) -> None:
    shape = _operation(name).output_shape
    problems = list(_differences(_response(name), shape, name, request=False))
    assert problems == []


def test_what_is_never_sent_is_still_in_the_model_and_not_sent() -> None:
    for path in NEVER_SENT:
        name, *members = path.split(".")
        ours: Any = _response(name)
        theirs = _operation(name).output_shape
        for member in members[:-1]:
            ours, theirs = _inner(_fields(ours)[member][0]), theirs.members[member]
            theirs = theirs.member if theirs.type_name == "list" else theirs
        assert members[-1] in theirs.members, f"{path} has left the model"
        assert members[-1] not in _fields(ours), f"{path} is sent after all"


def test_a_difference_is_seen() -> None:
    """The comparison itself: each kind of slip in a struct must be told."""

    class Slipped(msgspec.Struct, rename="pascal"):
        collection_id: Annotated[str, Length(1, 254), Pattern("[a-z]+")] | None = None
        user_id: str | None = None
        max_results: Annotated[int, Range(0, 4097)] | None = None
        next_token: int | None = None
        face_idz: str | None = None

    told = "\n".join(_differences(Slipped, _operation("ListFaces").input_shape, "ListFaces", request=True))
    for problem in (
        "ListFaces.CollectionId: required",
        "ListFaces.CollectionId: length",
        "ListFaces.CollectionId: pattern",
        "ListFaces.UserId: pattern",
        "ListFaces.MaxResults: range",
        "ListFaces.NextToken: type",
        "ListFaces.FaceIds: missing",
        "ListFaces.FaceIdz: not in the model",
    ):
        assert problem in told


def _operation(name: str) -> OperationModel:
    return MODEL.operation_model(name)


def _response(name: str) -> Any:
    return get_type_hints(OPERATIONS[name].answer)["return"]


def _fields(kind: type[msgspec.Struct]) -> dict[str, tuple[Any, bool]]:
    """Wire name → type with its annotations, and whether it is required."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.encode_name: (
            hints[field.name],
            field.default is msgspec.NODEFAULT
            or (field.default is REQUIRED and types.NoneType not in get_args(_bare(hints[field.name]))),
        )
        for field in msgspec.structs.fields(kind)
    }


def _differences(kind: type[msgspec.Struct], shape: Shape, path: str, request: bool) -> Iterator[str]:
    """What the struct `kind` has otherwise than the model's structure."""
    ours, theirs = _fields(kind), shape.members if shape else {}
    for name in sorted(ours.keys() - theirs.keys()):
        yield f"{path}.{name}: not in the model"
    for name in sorted(theirs.keys() - ours.keys()):
        if request or f"{path}.{name}" not in NEVER_SENT:
            yield f"{path}.{name}: missing"
    for name in sorted(ours.keys() & theirs.keys()):
        hint, required = ours[name]
        if request and required != (name in shape.required_members):
            yield f"{path}.{name}: required {required}"
        yield from _member(hint, theirs[name], f"{path}.{name}", request)


def _member(hint: Any, shape: Shape, path: str, request: bool) -> Iterator[str]:
    rules, bare = _rules(hint), _inner_type(hint)
    if request:
        yield from _constraints(rules, shape, path)
    kind = shape.type_name
    if kind == "structure":
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            yield from _differences(bare, shape, path, request)
        else:
            yield f"{path}: type {bare}, not a structure"
    elif kind == "list":
        if get_origin(bare) is list:
            yield from _member(get_args(bare)[0], shape.member, path, request)
        else:
            yield f"{path}: type {bare}, not a list"
    elif kind == "map":
        if get_origin(bare) is dict:
            yield from _member(get_args(bare)[0], shape.key, f"{path}.key", request)
            yield from _member(get_args(bare)[1], shape.value, f"{path}.value", request)
        else:
            yield f"{path}: type {bare}, not a map"
    elif bare is not (REQUEST_KINDS if request else RESPONSE_KINDS).get(kind):
        yield f"{path}: type {bare}, not {kind}"
    elif kind == "timestamp" and path not in TIMESTAMPS:
        yield f"{path}: a timestamp nobody has looked at"


def _constraints(rules: dict[type, Any], shape: Shape, path: str) -> Iterator[str]:
    meta, sized = shape.metadata, shape.type_name in ("string", "list", "map", "blob")
    low, high = meta.get("min"), meta.get("max")
    rule = rules.get(Length if sized else Range)
    has = (rule.least, rule.most) if rule else (None, None)
    same_low = has[0] == low or (sized and not low and not has[0])  # a least of none and of 0 is the same length
    if not same_low or has[1] != high:
        yield f"{path}: {'length' if sized else 'range'} {has}, not {(low, high)}"
    if (Range if sized else Length) in rules:
        yield f"{path}: the wrong kind of bound"
    pattern = rules[Pattern].text if Pattern in rules else None
    if pattern != meta.get("pattern"):
        yield f"{path}: pattern {pattern}, not {meta.get('pattern')}"
    words = list(rules[Enum].words) if Enum in rules else None
    if words != (shape.enum or None if shape.type_name == "string" else None):
        yield f"{path}: enum {words}"


def _rules(hint: Any) -> dict[type, Any]:
    """The annotations of a type, of `Annotated[X, …]` and `Annotated[X, …] | None` alike."""
    if get_origin(hint) is Annotated:
        return {type(extra): extra for extra in get_args(hint)[1:]} | _rules(get_args(hint)[0])
    if types.NoneType in get_args(hint):
        return _rules(next(each for each in get_args(hint) if each is not types.NoneType))
    return {}


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _inner_type(hint: Any) -> Any:
    """The type without annotations and without None."""
    bare = _bare(hint)
    if types.NoneType in get_args(bare):
        return _inner_type(next(each for each in get_args(bare) if each is not types.NoneType))
    return bare


def _inner(hint: Any) -> Any:
    """The struct that a member, or a list of them, holds."""
    bare = _inner_type(hint)
    return _inner(get_args(bare)[0]) if get_origin(bare) is list else bare
