"""Well-formed requests that make no sense: nothing of that name, neither or both of two, images that are none."""

import base64

from tests import photos
from tests.contract.bad.row import (
    ACCOUNT,
    ARN,
    FACE,
    HERE,
    IMAGE,
    NOBODY,
    NOWHERE,
    USED_TOKEN,
    USER,
    WITH_COLLECTION,
    WITH_IMAGE,
    Row,
    encoded,
)

NO_SENSE = "Request has invalid parameters"
NO_IMAGE = "Request has invalid image format"
NO_OBJECT = "Unable to get object metadata from S3. Check object key, region and/or access permissions."
HALF_OBJECT = "Request has invalid S3 object."
HOPPER = {"Bytes": base64.b64encode(photos.hopper().data).decode()}
EMPTY = {"Bytes": base64.b64encode(photos.nobody()).decode()}
CUT = {"Bytes": base64.b64encode(photos.hopper().data[:2000]).decode()}
ELSEWHERE = {"S3Object": {"Bucket": "not-allowed", "Name": "me.jpg"}}

COLLECTIONS = [
    Row("no such collection", op, {"CollectionId": NOWHERE}, 400, "ResourceNotFoundException",
        "The collection id: nowhere does not exist")
    for op in WITH_COLLECTION if op != "CreateCollection"
] + [
    Row("the name differs in a capital", "DescribeCollection", {"CollectionId": HERE.upper()}, 400,
        "ResourceNotFoundException", f"The collection id: {HERE.upper()} does not exist"),
    Row("made twice", "CreateCollection", {"CollectionId": HERE}, 400, "ResourceAlreadyExistsException",
        f"The collection id: {HERE} already exists"),
    Row("made twice with other tags", "CreateCollection", {"CollectionId": HERE, "Tags": {"new": "tag"}}, 400,
        "ResourceAlreadyExistsException", f"The collection id: {HERE} already exists"),
]  # fmt: skip

USERS = [
    Row("no such user", op, {"UserId": NOBODY}, 400, "ResourceNotFoundException", "The user id: nobody does not exist")
    for op in ("AssociateFaces", "DeleteUser", "DisassociateFaces", "ListFaces", "SearchUsers")
] + [
    Row("made twice", "CreateUser", {"UserId": USER}, 400, "ConflictException",
        "A User with the same Id already exists within the collection."),
    Row("token of another call", "CreateUser", {"UserId": "other", "ClientRequestToken": USED_TOKEN}, 400,
        "IdempotentParameterMismatchException",
        f"The ClientRequestToken: {USED_TOKEN} you have supplied is already in use."),
    Row("neither user nor face", "SearchUsers", {"UserId": None}, 400, "InvalidParameterException", NO_SENSE),
    Row("both user and face", "SearchUsers", {"FaceId": FACE}, 400, "InvalidParameterException", NO_SENSE),
    Row("no such face", "SearchUsers", {"UserId": None, "FaceId": FACE}, 400, "InvalidParameterException",
        "faceId was not found in the collection"),
    Row("no such face", "SearchFaces", {}, 400, "InvalidParameterException", "faceId was not found in the collection"),
]  # fmt: skip

TOKENS = [
    Row(f"token {token[:12]!r}", op, {"NextToken": token}, 400, "InvalidPaginationTokenException",
        "Invalid Pagination Token")
    for op in ("ListCollections", "ListFaces", "ListUsers")
    for token in ("", "x", "not a token", "AAAAAAAAAAAAAAAA", "é", "\x00", "5" * 255, HERE)
]  # fmt: skip

TAGS = [row for op in ("ListTagsForResource", "TagResource", "UntagResource") for row in (
    Row("no such collection", op, {"ResourceArn": ARN.replace(HERE, NOWHERE)}, 400, "ResourceNotFoundException",
        "The collection id: nowhere does not exist"),
    Row("no such collection, without arn:", op, {"ResourceArn": ARN.replace(HERE, NOWHERE).removeprefix("arn:")}, 400,
        "ResourceNotFoundException", "The collection id: nowhere does not exist"),
    Row("of another account", op, {"ResourceArn": ARN.replace(ACCOUNT, "123456789012")}, 400,
        "ResourceNotFoundException", f"The collection id: {HERE} does not exist"),
    Row("of another service", op, {"ResourceArn": "arn:aws:s3:::a-bucket-of-mine"}, 400, "InvalidParameterException",
        NO_SENSE),
    Row("of another kind", op, {"ResourceArn": ARN.replace("collection/", "project/")}, 400,
        "InvalidParameterException", NO_SENSE),
    Row("no ARN", op, {"ResourceArn": "the collection of bad requests"}, 400, "InvalidParameterException", NO_SENSE),
    Row("an ARN and more", op, {"ResourceArn": f"{ARN}/version/1"}, 400, "InvalidParameterException", NO_SENSE),
)] + [
    Row("200 tags beside the one there is", "TagResource", {"Tags": {f"k{number}": "" for number in range(200)}}, 400,
        "ServiceQuotaExceededException", "The resource would have more than 200 tags."),
]  # fmt: skip

IMAGES = [row for op, member in WITH_IMAGE for row in (
    Row("neither bytes nor object", op, {member: {}}, 400, "InvalidParameterException", NO_SENSE),
    Row("bytes of null", op, {member: {"Bytes": None, "S3Object": None}}, 400, "InvalidParameterException", NO_SENSE),
    Row("both bytes and object", op, {member: IMAGE | ELSEWHERE}, 400, "InvalidParameterException", NO_SENSE),
    Row("object of a bucket that is not allowed", op, {member: ELSEWHERE}, 400, "InvalidS3ObjectException", NO_OBJECT),
    Row("object without a bucket", op, {member: {"S3Object": {"Name": "me.jpg"}}}, 400, "InvalidS3ObjectException",
        HALF_OBJECT),
    Row("object without a name", op, {member: {"S3Object": {"Bucket": "abc"}}}, 400, "InvalidS3ObjectException",
        HALF_OBJECT),
    Row("a word for an image", op, {member: {"Bytes": base64.b64encode(b"hello").decode()}}, 400,
        "InvalidImageFormatException", NO_IMAGE),
    Row("base64 of base64", op, {member: {"Bytes": base64.b64encode(HOPPER["Bytes"].encode()).decode()}}, 400,
        "InvalidImageFormatException", NO_IMAGE),
    Row("a GIF", op, {member: {"Bytes": encoded("GIF", 96, 96)}}, 400, "InvalidImageFormatException", NO_IMAGE),
    Row("a WebP", op, {member: {"Bytes": encoded("WEBP", 96, 96)}}, 400, "InvalidImageFormatException", NO_IMAGE),
    Row("a JPEG cut off", op, {member: CUT}, 400, "InvalidImageFormatException", NO_IMAGE),
    Row("an image 79 high", op, {member: {"Bytes": encoded("PNG", 96, 79)}}, 400, "InvalidParameterException",
        NO_SENSE),
    Row("an image 10001 wide", op, {member: {"Bytes": encoded("PNG", 10001, 96)}}, 400, "ImageTooLargeException",
        "Input image dimensions 10001 x 96 exceed maximum dimension size of 10000 pixels"),
)] + [
    Row("a collection that is not there, before the image is looked at", op,
        {"CollectionId": NOWHERE, "Image": {"Bytes": "aGVsbG8="}}, 400, "ResourceNotFoundException",
        "The collection id: nowhere does not exist")
    for op in ("IndexFaces", "SearchFacesByImage", "SearchUsersByImage")
] + [
    Row("no face to search for", "SearchFacesByImage", {"Image": EMPTY}, 400, "InvalidParameterException",
        "There are no faces in the image. Should be at least 1."),
    Row("no face in the source", "CompareFaces", {"SourceImage": EMPTY, "TargetImage": HOPPER}, 400,
        "InvalidParameterException", NO_SENSE),
    Row("no face in the target", "CompareFaces", {"SourceImage": HOPPER, "TargetImage": EMPTY}, 400,
        "InvalidParameterException", NO_SENSE),
]  # fmt: skip

ROWS = COLLECTIONS + USERS + TOKENS + TAGS + IMAGES
