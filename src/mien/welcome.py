"""The text that `mien serve` prints at its start."""

from mien import __version__, config
from mien.config import Settings
from mien.operations.context import Context
from mien.store import open as stores


def welcome(settings: Settings, context: Context, port: int, workers: str = "") -> str:
    """Returns the text that is printed at the start: address, store, pack, engine, access, and a boto3 example."""
    pack, runtime = context.pack.manifest, context.pack.runtime
    address = f"http://{config.address(settings.host, port)}"
    return f"""\
mien {__version__} listens on {address}
data    {stores.directory(settings.store, settings.data).resolve()}
store   {context.store.database.describe()}
pack    {pack.name}: {pack.title}, weights {pack.license.name}, \
{"commercial use allowed" if pack.license.commercial else "non-commercial use only"}
attributes {context.analyst.describe()}
engine  {runtime.engine} {runtime.version}, {runtime.precision}, {settings.cores} threads, {runtime.device}
{workers and f"workers {workers}{chr(10)}"}\
access  {_access(settings, context)}
console {f"{address}/console" if settings.console else "off"}

  import boto3
  mien = boto3.client("rekognition", endpoint_url="{address}", region_name="us-east-1",
                      aws_access_key_id="any", aws_secret_access_key="any")
  mien.create_collection(CollectionId="family")
  mien.index_faces(CollectionId="family", Image={{"Bytes": open("me.jpg", "rb").read()}}, ExternalImageId="me")
  print(mien.search_faces_by_image(CollectionId="family", Image={{"Bytes": open("us.jpg", "rb").read()}}))
"""


def _access(settings: Settings, context: Context) -> str:
    if context.store.keys.any():
        return "requests signed with an access key (see `mien keys list`)"
    return f"any credentials: there are no access keys, and {settings.host} is reached from this machine only"
