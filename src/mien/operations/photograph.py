"""ReadPhotograph: a photograph of any format as a JPEG that the other operations take, and a browser shows.

It is mien's own, under the target `Mien`. AWS's operations keep to JPEG and PNG, so whoever has other files, such as
the console with the HEIC of a phone, has them read first.
"""

from mien.errors import InvalidParameterError
from mien.image.decode import read_header
from mien.image.fitting import as_jpeg
from mien.image.limits import EVERY
from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.shapes import MOST_IMAGE_BYTES, Image, Photograph, Shape


class ReadPhotographRequest(Shape):
    """The request of ReadPhotograph."""

    image: Photograph = REQUIRED


class ReadPhotographResponse(Shape):
    """The response of ReadPhotograph: the image as JPEG, the format it had, and the sides of the upright original."""

    image: Image
    format: str
    width: int
    height: int


def read_photograph(context: Context, caller: Caller, request: ReadPhotographRequest) -> ReadPhotographResponse:
    """Reads a photograph of any format, and encodes it upright as JPEG of at most 5 MiB.

    Raises:
        InvalidImageFormatError: it is no photograph, or damaged; the message says which.
        InvalidParameterError: there are no bytes, or a side is below 80 pixels.
        ImageTooLargeError: it is too large to be decoded.
        ThrottlingError: other requests held the decoded pixels for too long.
    """
    data = request.image.bytes
    if data is None:
        raise InvalidParameterError
    picture = read_header(data, EVERY)
    with context.request.decoding(picture) as held, context.request.stage("decode"):
        jpeg = as_jpeg(held, MOST_IMAGE_BYTES)
    return ReadPhotographResponse(Image(bytes=jpeg), picture.format.upper(), picture.width, picture.height)


OPERATIONS: Operations = {
    "ReadPhotograph": Operation(ReadPhotographRequest, read_photograph),
}
