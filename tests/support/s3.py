"""A real server that speaks S3, on this machine, and a bucket in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from da_core.object_storage import ObjectStorage

KEY, SECRET = "AKIATESTONLY00000000", "a-secret-of-the-tests/and+nothing=else"


@dataclass
class S3Server:
    """A server of moto; `stop` and `start` it to have the storage go away and come back with all that is in it."""

    url: str
    port: int
    _server: Any

    def stop(self) -> None:
        """Have nobody answer any more."""
        self._server.stop()

    def start(self) -> None:
        """Answer again, under the same address."""
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()

    def make_bucket(self, name: str) -> ObjectStorage:
        """Make a bucket and open a folder in it."""
        storage = ObjectStorage(f"s3://{name}/lab")
        storage._files.mkdir(name)
        return storage


def environment(storage: ObjectStorage) -> dict[str, str]:
    """Give the settings of a server that keeps all in a storage of the server that is serving."""
    access = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return access | {"DA_LAB_STORAGE": f"s3://{storage._root}"}


@contextmanager
def serving() -> Iterator[S3Server]:
    """A server and, in the environment, where it is and who may use it: processes that begin meanwhile know it too."""
    from moto.server import ThreadedMotoServer
    from s3fs import S3FileSystem

    first = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    first.start()
    _, port = first.get_host_and_port()
    made = S3Server(f"http://127.0.0.1:{port}", port, first)
    environment = {
        "AWS_ENDPOINT_URL": made.url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with mock.patch.dict(os.environ, environment):
        S3FileSystem.clear_instance_cache()  # of another server's address
        try:
            yield made
        finally:
            made.stop()
            S3FileSystem.clear_instance_cache()
