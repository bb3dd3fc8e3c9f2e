"""Defines every error that mien raises on purpose, as one tree; each API error has a code, a status and AWS's words.

    SetupError                                    one sentence for the operator; never sent to a client
    ApiError                                      any error that is answered over the API
    ├── ServiceError                              raised by an operation; answered with `Message`
    │   ├── InvalidParameterError
    │   │   └── NoFaceError, FaceNotFoundError
    │   ├── InvalidImageFormatError, ImageTooLargeError, InvalidS3ObjectError
    │   ├── ResourceNotFoundError, ResourceAlreadyExistsError, ServiceQuotaExceededError
    │   ├── ConflictError, IdempotentParameterMismatchError, AccessDeniedError
    │   ├── ProvisionedThroughputExceededError, InvalidPaginationTokenError
    │   ├── ThrottlingError
    │   │   └── UnavailableError
    │   └── InternalServerError
    ├── FrameworkError                            raised before the operation runs; answered with `message`
    │   ├── UnknownOperationError, SerializationError, ValidationError, RequestTimeoutError
    │   ├── MissingAuthenticationTokenError, IncompleteSignatureError, InvalidSignatureError
    │   └── ExpiredTokenError, UnrecognizedClientError
    └── HttpError                                 raised before the request is known to be an API call
        ├── MalformedRequestError, HttpVersionError
        └── HeadTooLargeError, BodyTooLargeError, ContentEncodingError

`tests/test_errors.py` compares the drawing with the classes.
"""


class SetupError(Exception):
    """mien cannot run as configured; the text is one plain sentence that says what to do."""


class ApiError(Exception):
    """Any error that is answered over the API.

    Attributes:
        code: the name that SDKs turn into an exception class.
        status: the HTTP status; 400 for a client's fault, 500 for a server's.
        default: AWS's own text if it is known; None if AWS sends no message.
    """

    code = "InternalServerError"
    status = 400
    default: str | None = None

    def __init__(self, message: str | None = None) -> None:
        self.message = message if message is not None else self.default
        super().__init__(self.message or self.code)


class ServiceError(ApiError):
    """An error that AWS's service model declares."""


class InvalidParameterError(ServiceError):
    """The parameters contradict each other, or an image without a face is given where one is needed."""

    code = "InvalidParameterException"
    default = "Request has invalid parameters"


class NoFaceError(InvalidParameterError):
    """The image to search by contains no face. Clients compare this text."""

    default = "There are no faces in the image. Should be at least 1."


class FaceNotFoundError(InvalidParameterError):
    """The face to search by is not in the collection."""

    default = "faceId was not found in the collection"


class InvalidImageFormatError(ServiceError):
    """The bytes are no complete image in a format that is taken; by default JPEG and PNG."""

    code = "InvalidImageFormatException"
    default = "Request has invalid image format"


class ImageTooLargeError(ServiceError):
    """The image has too many pixels, or the S3 object too many bytes."""

    code = "ImageTooLargeException"
    default = "Image size is too large."


class InvalidS3ObjectError(ServiceError):
    """The S3 object cannot be read."""

    code = "InvalidS3ObjectException"
    default = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


class ResourceNotFoundError(ServiceError):
    """A collection, user or ARN does not exist."""

    code = "ResourceNotFoundException"

    @classmethod
    def collection(cls, name: str) -> "ResourceNotFoundError":
        """Returns the error for a collection that does not exist, in AWS's words."""
        return cls(f"The collection id: {name} does not exist")


class ResourceAlreadyExistsError(ServiceError):
    """A collection of this name exists already."""

    code = "ResourceAlreadyExistsException"

    @classmethod
    def collection(cls, name: str) -> "ResourceAlreadyExistsError":
        """Returns the error for a collection that exists already, in AWS's words."""
        return cls(f"The collection id: {name} already exists")


class ServiceQuotaExceededError(ServiceError):
    """A collection, user or set of tags is full."""

    code = "ServiceQuotaExceededException"


class ConflictError(ServiceError):
    """A user of this name exists already, or two calls change one user at the same time."""

    code = "ConflictException"


class IdempotentParameterMismatchError(ServiceError):
    """The request's idempotency token was used before with other parameters."""

    code = "IdempotentParameterMismatchException"

    @classmethod
    def token(cls, token: str) -> "IdempotentParameterMismatchError":
        """Returns the error for a token that is already in use, in AWS's words."""
        return cls(f"The ClientRequestToken: {token} you have supplied is already in use.")


class AccessDeniedError(ServiceError):
    """The caller is authenticated, but its key does not permit the call."""

    code = "AccessDeniedException"

    @classmethod
    def action(cls, user: str, action: str, resource: str) -> "AccessDeniedError":
        """Returns the error for an action that a user may not perform on a resource, both named by ARN."""
        return cls(f"User: {user} is not authorized to perform: {action} on resource: {resource}")


class ProvisionedThroughputExceededError(ServiceError):
    """The caller exceeds its key's request rate; SDKs retry on their own."""

    code = "ProvisionedThroughputExceededException"
    default = "Provisioned Rate exceeded."


class InvalidPaginationTokenError(ServiceError):
    """The page token was not issued for this listing."""

    code = "InvalidPaginationTokenException"
    default = "Invalid Pagination Token"


class ThrottlingError(ServiceError):
    """The server is at one of its limits; SDKs retry on their own."""

    code = "ThrottlingException"
    default = "Slow down; sudden increase in rate of requests."


class UnavailableError(ThrottlingError):
    """The store cannot be reached for now. It has the code of throttling, as AWS has it, but a server's status."""

    status = 500
    default = "Service Unavailable"


class InternalServerError(ServiceError):
    """mien failed; the cause is in the log and never in the answer."""

    code = "InternalServerError"
    status = 500
    default = "Internal server error"


class FrameworkError(ApiError):
    """An error of the layer in front of the operations; any operation may be answered with it."""


class UnknownOperationError(FrameworkError):
    """The target header names no operation of mien's."""

    code = "UnknownOperationException"


class SerializationError(FrameworkError):
    """The body is no JSON object, or a member has the wrong JSON type; answered with a capital `Message`."""

    code = "SerializationException"


class ValidationError(FrameworkError):
    """A member violates a constraint of the service model: required, length, range, pattern or enum."""

    code = "ValidationException"


class RequestTimeoutError(FrameworkError):
    """The client sends its body too slowly; SDKs know the code and retry."""

    code = "RequestTimeoutException"
    default = "The body of the request came too slowly."


class MissingAuthenticationTokenError(FrameworkError):
    """The request carries no signature."""

    code = "MissingAuthenticationTokenException"
    default = "Missing Authentication Token"


class IncompleteSignatureError(FrameworkError):
    """The Authorization header lacks a part, or the request has no usable date."""

    code = "IncompleteSignatureException"


class InvalidSignatureError(FrameworkError):
    """The signature is wrong, outside the time window, or made for something else."""

    code = "InvalidSignatureException"
    default = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )


class ExpiredTokenError(FrameworkError):
    """The access key has expired."""

    code = "ExpiredTokenException"
    default = "The security token included in the request is expired"


class UnrecognizedClientError(FrameworkError):
    """The access key does not exist or was revoked."""

    code = "UnrecognizedClientException"
    default = "The security token included in the request is invalid."


class HttpError(ApiError):
    """An error of the HTTP layer, which does not depend on the operation; answered with `message`."""


class MalformedRequestError(HttpError):
    """The request is not valid HTTP/1.1.

    Args:
        why: the reason, as a clause.
    """

    code = "MalformedHttpRequestException"

    def __init__(self, why: str) -> None:
        super().__init__(f"The request cannot be read as HTTP/1.1: {why}.")


class HttpVersionError(HttpError):
    """The request has a version of HTTP that mien does not speak."""

    code = "HttpVersionNotSupportedException"
    status = 505
    default = "mien speaks HTTP/1.1; for HTTP/2 and later put a proxy in front of it."


class HeadTooLargeError(HttpError):
    """The head of the request, with its trailers and chunk extensions, exceeds its limit."""

    code = "RequestHeaderFieldsTooLargeException"
    status = 431
    default = "The target and headers of a request may have 64 KiB and 100 fields together, trailers included."


class BodyTooLargeError(HttpError):
    """The body of the request exceeds its limit."""

    code = "RequestEntityTooLargeException"
    status = 413
    default = "The body of the request is too large: it may have 16 MiB where an image may be in it, and else 1 MiB."


class ContentEncodingError(HttpError):
    """The body of the request is compressed."""

    code = "UnsupportedMediaTypeException"
    status = 415
    default = "mien takes no compressed bodies: send the request without Content-Encoding."
