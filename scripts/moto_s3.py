"""moto's S3 server, an S3 that nobody here wrote, for the scripts beside this one."""

import concurrent.futures
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time

import boto3


def environment(**more):
    """The environment without anybody's AWS configuration, and without a machine's role to fall back on."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    clean |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return clean | more


SIGNED = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


@contextlib.contextmanager
def moto():
    """moto's server on a free port of this machine; gone afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment())
        try:
            for _ in range(300):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                if server.poll() is not None:
                    sys.exit("moto's server did not start")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def client_of(url):
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def upload(url, bucket, root):
    client = client_of(url)
    client.create_bucket(Bucket=bucket)
    files = sorted(path for path in root.rglob("*") if path.is_file())

    def put(path):
        client.put_object(Bucket=bucket, Key=str(path.relative_to(root)), Body=path.read_bytes())

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(put, files))
    return client
