"""Defines every error that mien raises on purpose, as one tree; each API error has a code, a status and AWS's words.

    SetupError                                    one sentence for the operator; never sent to a client
    FilmError                                     a film or camera cannot be read; never sent to a client as it is
    ApiError                                      any error that is answered over the API
    ├── ServiceError                              raised by an operation; answered with `Message`
    │   ├── InvalidParameterError
    │   │   └── NoFaceError, FaceNotFoundError
    │   ├── InvalidImageFormatError, ImageTooLargeError, InvalidS3ObjectError
    │   ├── ResourceNotFoundError, SessionNotFoundError
    │   ├── ResourceAlreadyExistsError, ServiceQuotaExceededError
    │   ├── LimitExceededError, VideoTooLargeError
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

from mien.errors.of_operations import (
    AccessDeniedError,
    ConflictError,
    FaceNotFoundError,
    IdempotentParameterMismatchError,
    ImageTooLargeError,
    InternalServerError,
    InvalidImageFormatError,
    InvalidPaginationTokenError,
    InvalidParameterError,
    InvalidS3ObjectError,
    LimitExceededError,
    NoFaceError,
    ProvisionedThroughputExceededError,
    ResourceAlreadyExistsError,
    ResourceNotFoundError,
    ServiceError,
    ServiceQuotaExceededError,
    SessionNotFoundError,
    ThrottlingError,
    UnavailableError,
    VideoTooLargeError,
)
from mien.errors.of_requests import (
    BodyTooLargeError,
    ContentEncodingError,
    ExpiredTokenError,
    FrameworkError,
    HeadTooLargeError,
    HttpError,
    HttpVersionError,
    IncompleteSignatureError,
    InvalidSignatureError,
    MalformedRequestError,
    MissingAuthenticationTokenError,
    RequestTimeoutError,
    SerializationError,
    UnknownOperationError,
    UnrecognizedClientError,
    ValidationError,
)
from mien.errors.roots import (
    ApiError,
    FilmError,
    SetupError,
)

__all__ = [
    "AccessDeniedError",
    "ApiError",
    "BodyTooLargeError",
    "ConflictError",
    "ContentEncodingError",
    "ExpiredTokenError",
    "FaceNotFoundError",
    "FilmError",
    "FrameworkError",
    "HeadTooLargeError",
    "HttpError",
    "HttpVersionError",
    "IdempotentParameterMismatchError",
    "ImageTooLargeError",
    "IncompleteSignatureError",
    "InternalServerError",
    "InvalidImageFormatError",
    "InvalidPaginationTokenError",
    "InvalidParameterError",
    "InvalidS3ObjectError",
    "InvalidSignatureError",
    "LimitExceededError",
    "MalformedRequestError",
    "MissingAuthenticationTokenError",
    "NoFaceError",
    "ProvisionedThroughputExceededError",
    "RequestTimeoutError",
    "ResourceAlreadyExistsError",
    "ResourceNotFoundError",
    "SerializationError",
    "ServiceError",
    "ServiceQuotaExceededError",
    "SessionNotFoundError",
    "SetupError",
    "ThrottlingError",
    "UnavailableError",
    "UnknownOperationError",
    "UnrecognizedClientError",
    "ValidationError",
    "VideoTooLargeError",
]
