"""A task that writes states as fast as they are taken, and tells the test of each that was.

Arguments: where the test listens, and the first serial. It ends with the server.
"""

import base64
import hashlib
import json
import os
import secrets
import socket
import sys
import urllib.request

witness = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
serial = int(sys.argv[2])
login = os.environ["TF_HTTP_USERNAME"] + ":" + os.environ["TF_HTTP_PASSWORD"]
login = "Basic " + base64.b64encode(login.encode()).decode()


def send(method, url, body=b""):
    request = urllib.request.Request(url, data=body, method=method)
    request.add_header("Authorization", login)
    request.add_header("Content-Type", "application/json")
    request.add_header("Content-MD5", base64.b64encode(hashlib.md5(body).digest()).decode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200, answer.status


lock = secrets.token_hex(8)
# The task before was killed with its lock.
send("UNLOCK", os.environ["TF_HTTP_UNLOCK_ADDRESS"])
send("LOCK", os.environ["TF_HTTP_LOCK_ADDRESS"], json.dumps({"ID": lock}).encode())
address = os.environ["TF_HTTP_ADDRESS"] + "?ID=" + lock
while True:
    state = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": serial,
        "lineage": "written-again-and-again",
        "outputs": {"text": {"value": secrets.token_hex(8192), "type": "string"}},
        "resources": [],
    }
    body = json.dumps(state).encode()
    send("POST", address, body)
    witness.sendall(f"{serial} {hashlib.sha256(body).hexdigest()}\n".encode())
    serial += 1
