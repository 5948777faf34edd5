#!/usr/bin/env python3
"""Sends one request, signed by a public library for RFC 9421, and prints the status and the answer.

    client.py METHOD URL [FILE]

ACCESS_KEY names the key; SECRET_KEY is the shared secret, or PRIVATE_KEY_FILE a private key for Ed25519 in PEM. The
file is the content. Nothing of the product is used here.
"""

import base64
import datetime
import hashlib
import http.client
import os
import secrets
import sys
import urllib.parse
from dataclasses import dataclass, field

from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
LIFE = datetime.timedelta(seconds=60)


@dataclass
class Message:
    """A request as the library reads it."""

    method: str
    url: str
    headers: dict = field(default_factory=dict)


class Keys(HTTPSignatureKeyResolver):
    """The one key that there is."""

    def __init__(self, key):
        self.key = key

    def resolve_private_key(self, key_id):
        return self.key


def make_signer():
    path = os.environ.get("PRIVATE_KEY_FILE")
    if path:
        with open(path, "rb") as file:
            key, algorithm = file.read(), algorithms.ED25519
    else:
        key, algorithm = os.environ["SECRET_KEY"].encode(), algorithms.HMAC_SHA256
    return HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=Keys(key))


def sign(message, content):
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    message.headers["Content-Digest"] = f"sha-256=:{digest}:"
    created = datetime.datetime.now()
    make_signer().sign(
        message,
        key_id=os.environ["ACCESS_KEY"],
        created=created,
        expires=created + LIFE,
        nonce=secrets.token_urlsafe(16),
        covered_component_ids=COVERED,
    )


def send(message, content):
    url = urllib.parse.urlsplit(message.url)
    connection = http.client.HTTPConnection(url.netloc, timeout=60)
    target = url.path + ("?" + url.query if url.query else "")
    connection.request(message.method, target, body=content, headers=message.headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def main():
    method, url, *files = sys.argv[1:]
    content = b""
    message = Message(method, url)
    if files:
        with open(files[0], "rb") as file:
            content = file.read()
        message.headers["Content-Type"] = "application/octet-stream"
    sign(message, content)
    status, body = send(message, content)
    print(status)
    print(body)


if __name__ == "__main__":
    main()
