"""The errors of a request that no operation answers: those in front of the operations, and those of HTTP."""

from mien.errors.roots import ApiError


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
