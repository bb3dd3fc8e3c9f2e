"""The errors a caller of the API can meet, as one tree; each class knows its code, its HTTP status and AWS's words.

Three branches reach the wire. `ServiceError` is raised by an operation and carries a capital `Message`;
`FrameworkError` is raised before an operation is reached (routing, parsing, constraints, signatures), `HttpError`
before it is known to be an API call (heads, framing, sizes), and both carry a lower-case `message`. Beside them stands
`SetupError`: a sentence for whoever runs mien, never sent to a client.
"""


class SetupError(Exception):
    """mien cannot run as it was asked to; the text is one plain sentence that says what to do."""


class ApiError(Exception):
    """Any error that is answered over the API.

    Attributes:
        code: the name SDKs turn into an exception class.
        status: the HTTP status; 400 for a client's fault, 500 for a server's.
        default: AWS's own text where one is known; None where AWS sends no message.
    """

    code = "InternalServerError"
    status = 400
    default: str | None = None

    def __init__(self, message: str | None = None) -> None:
        self.message = message if message is not None else self.default
        super().__init__(self.message or self.code)


# ---------------------------------------------------------------------------------------------- raised by operations


class ServiceError(ApiError):
    """An error that the service model declares."""


class InvalidParameterError(ServiceError):
    """The parameters do not make sense together, or the image shows no face where one is needed."""

    code = "InvalidParameterException"
    default = "Request has invalid parameters"


class NoFaceError(InvalidParameterError):
    """A search by image found no face to search for. Clients compare this text."""

    default = "There are no faces in the image. Should be at least 1."


class FaceNotFoundError(InvalidParameterError):
    """A search names a face that its collection does not hold."""

    default = "faceId was not found in the collection"


class InvalidImageFormatError(ServiceError):
    """The bytes are not a whole JPEG or PNG image."""

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
        """Say that collection `name` does not exist, in AWS's words."""
        return cls(f"The collection id: {name} does not exist")


class ResourceAlreadyExistsError(ServiceError):
    """A collection of this name exists."""

    code = "ResourceAlreadyExistsException"

    @classmethod
    def collection(cls, name: str) -> "ResourceAlreadyExistsError":
        """Say that collection `name` exists, in AWS's words."""
        return cls(f"The collection id: {name} already exists")


class ServiceQuotaExceededError(ServiceError):
    """A collection, user or set of tags is full."""

    code = "ServiceQuotaExceededException"


class ConflictError(ServiceError):
    """A user of this name exists, or two calls change one user at the same time."""

    code = "ConflictException"


class IdempotentParameterMismatchError(ServiceError):
    """A request token was used before, with other parameters."""

    code = "IdempotentParameterMismatchException"

    @classmethod
    def token(cls, token: str) -> "IdempotentParameterMismatchError":
        """Say that `token` is used up, in AWS's words."""
        return cls(f"The ClientRequestToken: {token} you have supplied is already in use.")


class AccessDeniedError(ServiceError):
    """The caller is known and may not do this."""

    code = "AccessDeniedException"

    @classmethod
    def action(cls, who: str, action: str, resource: str) -> "AccessDeniedError":
        """Say who may not do what to what, each by its ARN or name, in AWS's words."""
        return cls(f"User: {who} is not authorized to perform: {action} on resource: {resource}")


class ProvisionedThroughputExceededError(ServiceError):
    """The caller sends more requests a second than its key allows; SDKs try again by themselves."""

    code = "ProvisionedThroughputExceededException"
    default = "Provisioned Rate exceeded."


class InvalidPaginationTokenError(ServiceError):
    """A page token that this server did not give out for this listing."""

    code = "InvalidPaginationTokenException"
    default = "Invalid Pagination Token"


class ThrottlingError(ServiceError):
    """The server is busy beyond its bounds; SDKs try again by themselves."""

    code = "ThrottlingException"
    default = "Slow down; sudden increase in rate of requests."


class UnavailableError(ThrottlingError):
    """What the server cannot do without is away for now; the same code as AWS has it, as a fault of the server's."""

    status = 500
    default = "Service Unavailable"


class InternalServerError(ServiceError):
    """A fault of mien's own."""

    code = "InternalServerError"
    status = 500
    default = "Internal server error"


# ------------------------------------------------------------------------------- raised before an operation is reached


class FrameworkError(ApiError):
    """An error of the layer in front of the operations; every operation may answer it."""


class UnknownOperationError(FrameworkError):
    """The target header names no operation that mien has."""

    code = "UnknownOperationException"


class SerializationError(FrameworkError):
    """The body is not JSON, not an object, or a member has the wrong JSON type. Its text has a capital `Message`."""

    code = "SerializationException"


class ValidationError(FrameworkError):
    """A modelled constraint is broken: a required member, a length, a range, a pattern or an enum."""

    code = "ValidationException"


class RequestTimeoutError(FrameworkError):
    """The client sends its body too slowly. SDKs know the code and try again."""

    code = "RequestTimeoutException"
    default = "The body of the request came too slowly."


class MissingAuthenticationTokenError(FrameworkError):
    """The request carries no signature."""

    code = "MissingAuthenticationTokenException"
    default = "Missing Authentication Token"


class IncompleteSignatureError(FrameworkError):
    """The Authorization header lacks a part, or there is no usable date."""

    code = "IncompleteSignatureException"


class InvalidSignatureError(FrameworkError):
    """The signature is wrong, too old, too new, or for something else."""

    code = "InvalidSignatureException"
    default = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )


class ExpiredTokenError(FrameworkError):
    """The access key has come to its end."""

    code = "ExpiredTokenException"
    default = "The security token included in the request is expired"


class UnrecognizedClientError(FrameworkError):
    """Nobody has this access key."""

    code = "UnrecognizedClientException"
    default = "The security token included in the request is invalid."


# ------------------------------------------------------------------------------------ raised before it is an API call


class HttpError(ApiError):
    """The request is refused as HTTP, whatever it asks; its text has a lower-case `message`."""


class MalformedRequestError(HttpError):
    """The request is not HTTP/1.1. The text given is why, as a clause."""

    code = "MalformedHttpRequestException"

    def __init__(self, why: str) -> None:
        super().__init__(f"The request cannot be read as HTTP/1.1: {why}.")


class HttpVersionError(HttpError):
    """The request is of an HTTP that mien does not speak."""

    code = "HttpVersionNotSupportedException"
    status = 505
    default = "mien speaks HTTP/1.1; for HTTP/2 and later put a proxy in front of it."


class HeadTooLargeError(HttpError):
    """The head of the request, its trailers and chunk extensions are more than they may be."""

    code = "RequestHeaderFieldsTooLargeException"
    status = 431
    default = "The target and headers of a request may have 64 KiB and 100 fields together, trailers included."


class BodyTooLargeError(HttpError):
    """The body of the request is longer than it may be."""

    code = "RequestEntityTooLargeException"
    status = 413
    default = "The body of the request is too large: it may have 16 MiB where an image may be in it, and else 1 MiB."


class ContentEncodingError(HttpError):
    """The body of the request is compressed."""

    code = "UnsupportedMediaTypeException"
    status = 415
    default = "mien takes no compressed bodies: send the request without Content-Encoding."
