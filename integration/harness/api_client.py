"""A client of the API that hides nothing: it asks with http.client, and decodes what comes with Google's own protobuf
classes, not with what the server for tests encodes by."""

import functools
import http.client
import json
import os
import ssl
import struct
import urllib.parse

from google.protobuf.message_factory import MessageFactory

from .api_wire import DIRECTORY, JSON, MAGIC, PROTOBUF, load_descriptors
from .programs import ROOT


@functools.lru_cache(maxsize=None)
def _classes(pool_name):
    if pool_name == "kube":
        pool = load_descriptors(DIRECTORY, "kube_objects.proto")
    else:
        rooms = ("meta", "core", "discovery", "apps")
        pool = load_descriptors(os.path.join(ROOT, "proto"), *(f"k8s/{room}/v1/{room}.proto" for room in rooms))
    return pool, MessageFactory(pool)


def message_class(name):
    """The class of kube.Pod (what the server writes) or of podnamed.k8s.core.v1.Pod (what we read of it)."""
    pool, factory = _classes(name.split(".")[0])
    return factory.GetPrototype(pool.FindMessageTypeByName(name))


def open_envelope(octets):
    """The TypeMeta and the message's octets of an object in protobuf."""
    assert octets.startswith(MAGIC), octets[:20]
    unknown = message_class("kube.Unknown").FromString(octets[len(MAGIC):])
    assert unknown.contentEncoding == unknown.contentType == ""
    return unknown.typeMeta, unknown.raw


def fields_of(octets, number):
    """The values of a field of a message, in order, by nothing but the wire's rules."""
    found, at = [], 0
    while at < len(octets):
        tag, at = _varint(octets, at)
        assert tag & 7 in (0, 2)
        length, at = _varint(octets, at)
        if tag & 7 == 2:
            if tag >> 3 == number:
                found.append(octets[at : at + length])
            at += length
    return found


def _varint(octets, at):
    value = shift = 0
    while True:
        value |= (octets[at] & 0x7F) << shift
        shift += 7
        at += 1
        if octets[at - 1] < 0x80:
            return value, at


class Reply:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def json(self):
        assert self.headers["Content-Type"] == JSON, self.headers
        return json.loads(self.body)

    def message(self):
        """What is in the envelope, as the message that its kind names."""
        assert self.headers["Content-Type"] == PROTOBUF, self.headers
        meta, raw = open_envelope(self.body)
        return message_class(f"kube.{meta.kind}").FromString(raw)


class Client:
    """One connection, kept alive."""

    def __init__(self, server, accept=JSON, token=None, certificate=None, timeout=5.0):
        self.headers = {"Accept": accept, "User-Agent": "api-client"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        if server.url.startswith("https"):
            context = ssl.create_default_context(cafile=server.ca_path)
            if certificate:
                context.load_cert_chain(*certificate)
            self.connection = http.client.HTTPSConnection(server.host, server.port, timeout=timeout, context=context)
        else:
            self.connection = http.client.HTTPConnection(server.host, server.port, timeout=timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def send(self, path, method="GET", headers=None, **parameters):
        query = urllib.parse.urlencode(parameters)
        self.connection.request(method, f"{path}?{query}" if query else path, headers={**self.headers, **(headers or {})})
        return self.connection.getresponse()

    def get(self, path, **parameters):
        return Reply(self.send(path, **parameters))

    def list(self, path, **parameters):
        reply = self.get(path, **parameters)
        assert reply.status == 200, reply.body
        return reply.json()

    def pages(self, path, limit, **parameters):
        """Every page of a list, one request each."""
        page = self.list(path, limit=limit, **parameters)
        yield page
        while token := page["metadata"].get("continue"):
            page = self.list(path, limit=limit, **{**parameters, "continue": token})
            yield page

    def watch(self, path, **parameters):
        return Watch(self.send(path, watch="true", **parameters))


class Watch:
    """The events of a watch as (type, object), one at a time: dicts in JSON, (TypeMeta, octets) in protobuf."""

    def __init__(self, response):
        self.response, self.status, self._left = response, response.status, b""
        self.is_protobuf = response.headers["Content-Type"] == f"{PROTOBUF};stream=watch"

    def next(self):
        """None: the watch has ended, cleanly."""
        if not self.is_protobuf:
            # Not readline, which takes a broken connection for the end.
            while b"\n" not in self._left:
                octets = self.response.read1(65536)
                if not octets:
                    assert not self._left, self._left
                    return None
                self._left += octets
            line, _, self._left = self._left.partition(b"\n")
            event = json.loads(line)
            return event["type"], event["object"]
        head = self.response.read(4)
        if not head:
            return None
        event = message_class("kube.WatchEvent").FromString(self.response.read(struct.unpack(">I", head)[0]))
        return event.type, open_envelope(event.object.raw)

    def take(self, count):
        return [self.next() for _ in range(count)]

    def brief(self, count):
        """The next events as (type, name, resourceVersion)."""
        found = [(kind, obj["metadata"]) for kind, obj in self.take(count)]
        return [(kind, metadata.get("name"), int(metadata["resourceVersion"])) for kind, metadata in found]

    def is_silent_for(self, seconds):
        """That nothing comes, which only waiting shows; the watch is of no use afterwards."""
        self.response.fp.raw._sock.settimeout(seconds)
        try:
            self.next()
        except TimeoutError:
            return True
        return False
