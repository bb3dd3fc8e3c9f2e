"""The errors that an operation raises, which AWS's service model declares."""

from mien.errors.roots import ApiError


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


class SessionNotFoundError(ServiceError):
    """The account has no Face Liveness session of this id, or none that expired within the last hour."""

    code = "SessionNotFoundException"
    default = "Session not found."


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


class LimitExceededError(ServiceError):
    """As many video jobs as the account may have are running or waiting."""

    code = "LimitExceededException"


class VideoTooLargeError(ServiceError):
    """The S3 object has more bytes than a film may have."""

    code = "VideoTooLargeException"


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
