"""CreateFaceLivenessSession and GetFaceLivenessSessionResults; a client streams the session's video in between."""

import hashlib
from typing import Annotated

import msgspec

from mien.errors import (
    AccessDeniedError,
    IdempotentParameterMismatchError,
    InvalidParameterError,
    SessionNotFoundError,
    ThrottlingError,
    UnavailableError,
)
from mien.image.source import S3WriteError
from mien.liveness.challenge import KINDS, LIGHT
from mien.operations.constraints import REQUIRED, Enum, Length, Pattern, Range
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.liveness.liveness_results import MOST_BYTES, REFERENCE, object_name
from mien.operations.shapes import UUID_PATTERN, BoundingBox, ClientRequestToken, S3Object, Shape, single
from mien.store.tables.liveness_sessions import (
    ChallengePreference,
    LivenessImage,
    LivenessResult,
    LivenessSettings,
    LivenessToken,
    SessionsFullError,
)
from mien.store.tables.tokens import TokenReusedError

MOST_SDK = 64  # characters of a client's name of itself

Version = Annotated[str, Length(5, 11), Pattern(r"^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$")]
LivenessImageBlob = Annotated[bytes, Length(1, MOST_BYTES)]
SessionId = Annotated[str, Length(36, 36), Pattern(UUID_PATTERN)]


class VersionsShape(Shape):
    """The least and the greatest version of a challenge (`Versions` in the service model)."""

    minimum: Version | None = None
    maximum: Version | None = None


class ChallengePreferenceShape(Shape):
    """A type of challenge that the session may use (`ChallengePreference` in the service model)."""

    type: Annotated[str, Enum(tuple(KINDS))] = REQUIRED
    versions: VersionsShape | None = None


class LivenessOutputConfig(Shape):
    """The bucket that the images of a session are written to."""

    s3_bucket: Annotated[str, Length(3, 255), Pattern(r"[0-9A-Za-z\.\-_]*")] = REQUIRED
    s3_key_prefix: Annotated[str, Length(0, 950), Pattern(r"\S*")] | None = None


class SessionSettingsShape(Shape):
    """The settings of a session (`CreateFaceLivenessSessionRequestSettings` in the service model)."""

    output_config: LivenessOutputConfig | None = None
    audit_images_limit: Annotated[int, Range(0, 4)] | None = None
    challenge_preferences: list[ChallengePreferenceShape] | None = None


class CreateFaceLivenessSessionRequest(Shape):
    """The request of CreateFaceLivenessSession."""

    kms_key_id: Annotated[str, Length(1, 2048), Pattern(r"^[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,2048}$")] | None = None
    settings: SessionSettingsShape | None = None
    client_request_token: ClientRequestToken | None = None


class CreateFaceLivenessSessionResponse(Shape):
    """The response of CreateFaceLivenessSession."""

    session_id: str


class GetFaceLivenessSessionResultsRequest(Shape):
    """The request of GetFaceLivenessSessionResults."""

    session_id: SessionId = REQUIRED


class AuditImage(Shape):
    """An image of the session, with the face's box."""

    bytes: LivenessImageBlob | None = None
    s3_object: S3Object | None = None
    bounding_box: BoundingBox | None = None


class ChallengeShape(Shape):
    """The challenge that was used (`Challenge` in the service model)."""

    type: str
    version: str


class FeedbackItem(Shape):
    """A condition that lowered the confidence."""

    code: str
    message: str


class SessionMetadata(Shape):
    """What the client said of itself."""

    sdk_type: str = msgspec.field(name="SDKType")


class GetFaceLivenessSessionResultsResponse(Shape):
    """The response of GetFaceLivenessSessionResults; the members after `status` are there once the session ended."""

    session_id: str
    status: str
    confidence: float | None = None
    reference_image: AuditImage | None = None
    audit_images: list[AuditImage] | None = None
    challenge: ChallengeShape | None = None
    feedback: list[FeedbackItem] | None = None
    metadata: SessionMetadata | None = None


def create_face_liveness_session(
    context: Context, caller: Caller, request: CreateFaceLivenessSessionRequest
) -> CreateFaceLivenessSessionResponse:
    """Creates a session of three minutes."""
    settings, token = _settings(request), None
    if request.client_request_token is not None:
        token = LivenessToken(request.client_request_token, hashlib.sha256(msgspec.json.encode(request)).digest())
    try:
        if token and (known := context.store.liveness.named(caller.account, token)):
            return CreateFaceLivenessSessionResponse(session_id=known)  # before S3, which may be away meanwhile
        if settings.bucket is not None:
            _try_bucket(context, caller, settings.bucket, settings)
        session_id = context.store.liveness.create(caller.account, settings, context.liveness_sessions, token)
    except TokenReusedError:
        raise IdempotentParameterMismatchError.token(request.client_request_token or "") from None
    except SessionsFullError:
        raise ThrottlingError(
            f"The account has {context.liveness_sessions:,} Face Liveness sessions of the last three minutes, which is "
            "as many as the server allows (liveness_sessions); try again later."
        ) from None
    return CreateFaceLivenessSessionResponse(session_id=session_id)


def get_face_liveness_session_results(
    context: Context, caller: Caller, request: GetFaceLivenessSessionResultsRequest
) -> GetFaceLivenessSessionResultsResponse:
    """Returns the status of a session and, until it expires, what it came to."""
    found = context.store.liveness.find(caller.account, request.session_id)
    if found is None:
        raise SessionNotFoundError
    answer = GetFaceLivenessSessionResultsResponse(session_id=request.session_id, status=found.status)
    if found.result and found.settings:
        _fill(answer, found.result, found.settings.bucket)
    return answer


def _settings(request: CreateFaceLivenessSessionRequest) -> LivenessSettings:
    """Returns the settings that a request asks for.

    Raises:
        InvalidParameterError: no version of a challenge lies within those that are preferred, or the prefix has steps
            that a client would resolve.
    """
    given = request.settings or SessionSettingsShape()
    output = given.output_config
    # a client must not be able to choose the weaker challenge where its session does not say that it may
    preferences = tuple(map(_preference, given.challenge_preferences or [ChallengePreferenceShape(type=LIGHT)]))
    prefix = (output.s3_key_prefix or "") if output else ""
    if any(step in (".", "..") for step in prefix.split("/")):
        raise InvalidParameterError("S3KeyPrefix may not have '.' or '..' between its slashes.")
    return LivenessSettings(
        given.audit_images_limit or 0, preferences, output.s3_bucket if output else None, prefix, request.kms_key_id
    )


def _preference(shape: ChallengePreferenceShape) -> ChallengePreference:
    wanted = shape.versions or VersionsShape()
    preference = ChallengePreference(shape.type, wanted.minimum, wanted.maximum)
    if not preference.among(KINDS[shape.type]):
        raise InvalidParameterError(
            f"No version of {shape.type} lies between those preferred; there are {' and '.join(KINDS[shape.type])}."
        )
    return preference


def _try_bucket(context: Context, caller: Caller, bucket: str, settings: LivenessSettings) -> None:
    """Checks that the images of a session may be written to a bucket.

    Raises:
        AccessDeniedError, InvalidParameterError, UnavailableError: they may not, or S3 does not answer.
    """
    denied = AccessDeniedError(
        f"The bucket {bucket} may not be written to; it must be allowed to the server (s3_buckets), to the access key, "
        "and to the server's credentials for S3 (s3:PutObject)."
    )
    if not caller.reads(bucket):
        raise denied
    try:
        with context.request.stage("s3"):
            context.s3.try_writing(bucket, object_name(settings, "test", REFERENCE), settings.kms_key)
    except S3WriteError as error:
        if error.status in (401, 403):
            raise denied from None
        if error.status is None or error.status >= 500:
            raise UnavailableError(
                f"The bucket {bucket} cannot be tried, since S3 does not answer; try again."
            ) from None
        raise InvalidParameterError(
            f"The bucket {bucket} does not exist where the server looks for it, or refuses the request ({error})."
        ) from None


def _fill(answer: GetFaceLivenessSessionResultsResponse, result: LivenessResult, bucket: str | None) -> None:
    """Adds the result to an answer."""
    if result.challenge:
        answer.challenge = ChallengeShape(type=result.challenge[0], version=result.challenge[1])
    if result.sdk:
        answer.metadata = SessionMetadata(sdk_type=result.sdk[:MOST_SDK])
    if result.confidence is None:
        return
    answer.confidence = single(result.confidence)
    answer.reference_image = _image(result.reference, bucket) if result.reference else None
    answer.audit_images = [_image(each, bucket) for each in result.audits]
    answer.feedback = [FeedbackItem(code=code, message=message) for code, message in result.feedback]


def _image(kept: LivenessImage, bucket: str | None) -> AuditImage:
    region = kept.region
    box = BoundingBox(
        width=single(region.width), height=single(region.height), left=single(region.left), top=single(region.top)
    )
    where = S3Object(bucket=bucket, name=kept.name) if kept.name is not None else None
    return AuditImage(bytes=kept.jpeg, s3_object=where, bounding_box=box)


OPERATIONS: Operations = {
    "CreateFaceLivenessSession": Operation(CreateFaceLivenessSessionRequest, create_face_liveness_session),
    "GetFaceLivenessSessionResults": Operation(
        GetFaceLivenessSessionResultsRequest, get_face_liveness_session_results, reads=True
    ),
}
