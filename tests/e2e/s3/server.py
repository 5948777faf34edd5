"""An S3 server in memory, with one bucket and one user whose signatures it checks.

Prints one line, `http://KEY:SECRET@HOST:PORT/BUCKET`, once it answers, and runs until it is killed.
"""

import signal
from urllib.parse import parse_qsl, quote

import boto3
from botocore.auth import S3SigV4Auth
from moto import settings
from moto.iam.access_control import S3IAMRequest
from moto.server import ThreadedMotoServer

BUCKET = "prosopa"
USER = "prosopa"
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


class Auth(S3SigV4Auth):
    """The server underneath has decoded a slash in the query; the client has signed it encoded."""

    def _canonical_query_string_url(self, parts):
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        encoded = (f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
        return "&".join(sorted(encoded))


def make_key(iam):
    """An access key that can stand in a URL as it is."""
    while True:
        key = iam.create_access_key(UserName=USER)["AccessKey"]
        if key["SecretAccessKey"].isalnum():
            return key["AccessKeyId"], key["SecretAccessKey"]
        iam.delete_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"])


def main():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    anybody = {
        "endpoint_url": f"http://{host}:{port}",
        "region_name": "us-east-1",
        "aws_access_key_id": "anybody",
        "aws_secret_access_key": "anything",
    }
    iam = boto3.client("iam", **anybody)
    iam.create_user(UserName=USER)
    iam.put_user_policy(UserName=USER, PolicyName="all", PolicyDocument=POLICY)
    key, secret = make_key(iam)
    boto3.client("s3", **anybody).create_bucket(Bucket=BUCKET)
    S3IAMRequest._create_auth = lambda request, key: Auth(key, request._service, request._region)
    # From now on nobody is believed without a signature.
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    print(f"http://{key}:{secret}@{host}:{port}/{BUCKET}", flush=True)
    signal.pause()


main()
