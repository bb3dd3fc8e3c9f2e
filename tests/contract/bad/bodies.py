"""Bodies that are no JSON object, and operations and targets that are not there."""

import botocore.session

from tests.contract.bad.row import VALID, Row

_THERE = botocore.session.get_session().get_service_model("rekognition").operation_names
DEEP = 100_000

_BODIES = (
    ("empty", b""),
    ("blank", b" \r\n\t "),
    ("a word", b"hello"),
    ("null", b"null"),
    ("a number", b"1"),
    ("a text", b'"CollectionId"'),
    ("a list", b'[{"CollectionId":"a"}]'),
    ("a form", b"CollectionId=a&MaxResults=1"),
    ("XML", b"<CollectionId>a</CollectionId>"),
    ("only opened", b"{"),
    ("broken off after a name", b'{"CollectionId"'),
    ("broken off after a colon", b'{"CollectionId":'),
    ("broken off in a text", b'{"CollectionId":"a'),
    ("broken off after a text", b'{"CollectionId":"a"'),
    ("broken off after a member of the wrong type", b'{"CollectionId":5'),
    ("broken off after what is no base64", b'{"Image":{"Bytes":"*"}'),
    ("a comma too many", b'{"CollectionId":"a",}'),
    ("more after the end", b'{"CollectionId":"a"} {}'),
    ("single quotes", b"{'CollectionId':'a'}"),
    ("a comment", b'{"CollectionId":"a" /* mine */}'),
    ("not a number", b'{"CollectionId":"a","FaceMatchThreshold":NaN}'),
    ("bytes that are no UTF-8", b'{"CollectionId":"\xff\xfe"}'),
    ("half of a pair", b'{"CollectionId":"\\ud800"}'),
    ("a mark of byte order", b'\xef\xbb\xbf{"CollectionId":"a"}'),
    ("UTF-16", '{"CollectionId":"a"}'.encode("utf-16")),
    ("deep in an unknown member", b'{"Other":' + b"[" * DEEP + b"]" * DEEP + b"}"),
    ("deep in a known member", b'{"CollectionId":' + b"[" * DEEP + b"]" * DEEP + b"}"),
    ("deep and never closed", b'{"Image":' * DEEP),
)
BODIES = [
    Row(name, op, body, 400, "SerializationException", None)
    for name, body in _BODIES
    for op in ("IndexFaces", "SearchFaces", "DescribeLabels")
]
OPERATIONS = [
    Row("not here", op, b"{}", 400, "UnknownOperationException", f"mien has no operation {op}.")
    for op in (*sorted(set(_THERE) - set(VALID)), "NoSuchOperation", "listfaces", "List", "ListFaces2")
]
# (what it is, the target header, the content type, the status, what the answer's body starts with)
JSON = "application/x-amz-json-1.1"
UNKNOWN = b'{"__type":"UnknownOperationException"}'
NOT_A_CALL = (
    b"<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"
    b"</AccessDeniedException>\n"
)
TARGETS = (
    ("no target", None, JSON, 400, UNKNOWN),
    ("no target, with a character set", None, f"{JSON}; charset=utf-8", 400, UNKNOWN),
    ("an empty target", "", JSON, 400, UNKNOWN),
    ("no operation", "RekognitionService", JSON, 400, UNKNOWN),
    ("an empty operation", "RekognitionService.", JSON, 400, UNKNOWN),
    ("no operation of mien's", "Mien", JSON, 400, UNKNOWN),
    (
        "an operation of AWS's under mien's target",
        "Mien.ListCollections",
        JSON,
        400,
        b'{"__type":"UnknownOperationException","message":"mien has no operation Mien.ListCollections."}',
    ),
    (
        "an operation of mien's under AWS's target",
        "RekognitionService.ListPeople",
        JSON,
        400,
        b'{"__type":"UnknownOperationException","message":"mien has no operation ListPeople."}',
    ),
    ("another service", "DynamoDB_20120810.ListTables", JSON, 400, UNKNOWN),
    ("a shorter prefix", "Rekognition.ListCollections", JSON, 400, UNKNOWN),
    ("a prefix in small letters", "rekognitionservice.ListCollections", JSON, 400, UNKNOWN),
    ("a longer prefix", "XRekognitionService.ListCollections", JSON, 400, UNKNOWN),
    ("two operations", "RekognitionService.ListCollections.ListFaces", JSON, 400, UNKNOWN),
    ("a space after it", "RekognitionService.List Collections", JSON, 400, UNKNOWN),
    ("neither target nor type", None, "text/plain", 403, NOT_A_CALL),
    ("another service and type", "DynamoDB_20120810.ListTables", "text/plain", 403, NOT_A_CALL),
)

ROWS = BODIES + OPERATIONS
