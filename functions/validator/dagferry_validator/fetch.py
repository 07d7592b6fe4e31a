"""Fetches a bundle that is too large for a request from the URL that the request has instead.

It happens in the supervisor, which runs nothing of what it fetches, and whose memory and environment nobody else can read: whoever has the
URL has the DAGs. So no error here has any of it but its host. The importer is another program's process, and is told a folder only.
"""
import hashlib
import http.client
import ipaddress
import re
import socket
import ssl
import tempfile
import time
import urllib.parse

LARGEST = 256 << 20  # bytes of an archive; the client has the same limit (internal/parse/validator, depot.go)
SECONDS = 60  # for all of it, which is 5 MB a second
CONNECT, PATIENCE = 5, 15  # seconds for a connection to one address, and without a byte
CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")  # what S3 and Cloud Storage call an error; the rest may repeat the URL
ADVICE = {
    400: " (the URL may have expired)",
    403: " (the URL may have expired, or whoever signed it may not read the object)",
    404: " (the object is gone)",
}


class Failed(Exception):
    """The bundle was not to be had. It says why, and nothing of the URL but its host."""


class Place:
    """Where a request says that its bundle is. ValueError, TypeError or KeyError for what makes no sense."""

    def __init__(self, said):
        at = urllib.parse.urlsplit(said["url"])
        self.host, self.port, self.plain = at.hostname, at.port, at.scheme == "http"
        self.path = at.path + "?" + at.query
        self.size, self.sha256 = said["size"], said["sha256"]
        self.address = str(ipaddress.ip_address(said["address"])) if said.get("address") else None
        if not self.host or at.username or at.scheme not in ("http", "https") or re.search(r"[^!-~]", self.path):
            raise ValueError("bundleAt.url is none")
        if self.plain and not loopback(self.host):
            raise ValueError("bundleAt.url is not https")
        if type(self.size) is not int or not 0 < self.size <= LARGEST:
            raise ValueError("bundleAt.size is none from 1 to %d" % LARGEST)
        if not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise ValueError("bundleAt.sha256 is none")


def loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def fetch(place, deadline):
    """The archive as a file without a name. Only what has the digest is returned."""
    deadline = min(deadline, time.monotonic() + SECONDS)
    out = tempfile.TemporaryFile()
    try:
        read(place, deadline, out)
    except (OSError, ValueError, http.client.HTTPException, Failed) as no:
        out.close()
        raise Failed("the bundle was not fetched from %s: %s" % (place.host, reason(no))) from None
    out.seek(0)
    return out


def reason(no):
    """Words without the URL, which those of http.client may have."""
    if isinstance(no, Failed):
        return str(no)
    if isinstance(no, ssl.SSLCertVerificationError):
        return "its certificate is not trusted (%s)" % no.verify_message
    if isinstance(no, socket.timeout):
        return "it did not answer in time"
    return getattr(no, "strerror", None) or "the answer makes no sense (%s)" % type(no).__name__


def read(place, deadline, out):
    # http.client asks no proxy and follows nothing. It is given a connection, and looks up no name.
    if place.plain:
        connection = http.client.HTTPConnection(place.host, place.port)
        connection.sock = connect(place, deadline)
    else:
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(place.host, place.port, context=context)
        connection.sock = context.wrap_socket(connect(place, deadline), server_hostname=place.host)
    try:
        connection.sock.settimeout(PATIENCE)
        connection.request("GET", place.path)
        copy(connection.getresponse(), place, deadline, out)
    finally:
        connection.close()


def connect(place, deadline):
    """By the address that the request tells, as names may not be known here; or else by the name."""
    why = "no connection"
    for host in [place.host] if place.plain or not place.address else [place.address, place.host]:
        try:
            return socket.create_connection((host, place.port or (80 if place.plain else 443)), max(min(CONNECT, deadline - time.monotonic()), 0.1))
        except socket.timeout:
            why = "no connection within %d s" % CONNECT
        except OSError as no:
            why = "no connection: %s" % (no.strerror or type(no).__name__)
    raise Failed(why + "; the validator's network has to have a way to the store, and to nothing else")


def copy(answer, place, deadline, out):
    if answer.status != 200:
        raise Failed(refusal(answer))
    got, digest = 0, hashlib.sha256()
    while True:
        part = answer.read1(1 << 20)
        if not part:
            break
        got += len(part)
        if got > place.size:
            raise Failed("it is larger than the %d bytes that were said" % place.size)
        if time.monotonic() > deadline:
            raise Failed("it takes too long: %d of %d bytes came" % (got, place.size))
        digest.update(part)
        out.write(part)
    if got < place.size:
        raise Failed("it ended after %d of %d bytes" % (got, place.size))
    if digest.hexdigest() != place.sha256:
        raise Failed("it has another SHA-256 than was said")


def refusal(answer):
    if 300 <= answer.status < 400:
        return "it answered %d, and redirects are not followed" % answer.status
    code = CODE.search(answer.read1(4096))
    said = code[1].decode() if code else http.client.responses.get(answer.status, "")
    return "it answered %d %s" % (answer.status, said) + ADVICE.get(answer.status, "")
