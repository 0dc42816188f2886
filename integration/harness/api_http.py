"""HTTP/1.1 as the API server for tests speaks it: a request is read, a reply is written, whole or in chunks."""

import asyncio
import dataclasses
import socket
import struct
import time
import urllib.parse
import zlib

LONGEST_REQUEST = 64 * 1024
# Go sends a shorter body whole, with its length.
LONGEST_UNCHUNKED = 2048
GZIP_FROM = 128 * 1024
PIECE = 64 * 1024

REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 409: "Conflict", 410: "Gone", 422: "Unprocessable Entity", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}


@dataclasses.dataclass
class Request:
    """A request, as it came and as it was understood."""

    method: str
    target: str
    headers: dict
    path: str = ""
    parameters: dict = dataclasses.field(default_factory=dict)
    verb: str = ""  # get, list, watch; of other paths the method
    resource: str = ""
    user: str = ""
    connection: int = 0
    code: int = 0  # of the reply, once there is one
    is_packed: bool = False  # the reply, with gzip

    @property
    def user_agent(self):
        return self.headers.get("user-agent", "")


async def read_request(reader):
    """The next request of a connection; None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *rest = head[:-4].decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        headers = {}
        for text in rest:
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        await reader.readexactly(int(headers.get("content-length", 0)))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        return None
    parts = urllib.parse.urlsplit(target)
    # As Go's Query().Get: of several the first.
    parameters = dict(reversed(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)))
    return Request(method, target, headers, urllib.parse.unquote(parts.path), parameters)


class ConnectionReset(Exception):
    """We have cut it."""


class Reply:
    """The reply to one request. `reset_after` and `bytes_per_second` are faults (api_faults.py)."""

    def __init__(self, writer, request):
        self._writer, self._request = writer, request
        self.reset_after = self.bytes_per_second = None
        self._sent = 0
        # Since when the client has not been reading; None: it has.
        self.blocked_since = None

    async def start(self, code, content_type, headers=(), length=None):
        self._request.code = code
        framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        lines = [
            f"HTTP/1.1 {code} {REASONS.get(code, 'Unknown')}", "Audit-Id: 0", "Cache-Control: no-cache, private",
            f"Content-Type: {content_type}", *headers, framing, "", "",
        ]
        self._is_chunked = length is None
        await self._write("\r\n".join(lines).encode())

    async def whole(self, code, content_type, body, headers=()):
        """A reply at once; `body` is a list of pieces."""
        size = sum(map(len, body))
        headers = list(headers)
        if size > GZIP_FROM and "gzip" in self._request.headers.get("accept-encoding", ""):
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = [b"".join((*(packer.compress(piece) for piece in body), packer.flush()))]
            size = len(body[0])
            self._request.is_packed = True
            headers += ["Content-Encoding: gzip", "Vary: Accept-Encoding"]
        await self.start(code, content_type, headers, size if size <= LONGEST_UNCHUNKED else None)
        gathered, length = [], 0
        for octets in body:
            gathered.append(octets)
            length += len(octets)
            if length >= PIECE:
                await self.send(b"".join(gathered))
                gathered, length = [], 0
        await self.send(b"".join(gathered))
        await self.end()

    async def send(self, *pieces):
        """Parts of the body, each a chunk of its own."""
        if self.reset_after is not None or self.bytes_per_second is not None:
            for piece in pieces:
                await self._send_badly(piece)
            return
        await self._write(b"".join(map(self._chunk, filter(None, pieces))))

    async def end(self):
        if self._is_chunked:
            await self._write(b"0\r\n\r\n")

    def _chunk(self, octets):
        return b"%x\r\n%s\r\n" % (len(octets), octets) if self._is_chunked else octets

    async def _send_badly(self, octets):
        if self.reset_after is not None and self._sent + len(octets) >= self.reset_after:
            if part := octets[: self.reset_after - self._sent]:
                await self._write(self._chunk(part))
            reset(self._writer)
            raise ConnectionReset
        self._sent += len(octets)
        if self.bytes_per_second is None:
            if octets:
                await self._write(self._chunk(octets))
            return
        step = max(1, self.bytes_per_second // 20)
        for start in range(0, len(octets), step):
            part = octets[start : start + step]
            await self._write(self._chunk(part))
            await asyncio.sleep(len(part) / self.bytes_per_second)

    async def _write(self, octets):
        self._writer.write(octets)
        self.blocked_since = time.monotonic()
        try:
            await self._writer.drain()
        finally:
            self.blocked_since = None


def reset(writer):
    """Ends a connection with a reset, as that of a process that was killed."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
