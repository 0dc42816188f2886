"""The API server's octets: objects, lists, watch events and Statuses in JSON and in Kubernetes' protobuf.

Protobuf is written by tables made from kube_objects.proto, field after field in the order of their numbers, as
Kubernetes' own encoder does; a field of an object that the tables do not know is an error, never left out."""

import calendar
import functools
import json
import os
import struct
import subprocess
import tempfile
import time

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

JSON = "application/json"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\0"
DIRECTORY = os.path.dirname(os.path.abspath(__file__))


class Shared(dict):
    """A part of objects that many share, or that stays while its object changes: its protobuf is made once. It must
    not be changed."""

    __slots__ = ("octets",)

    def __deepcopy__(self, memo):
        return json.loads(json.dumps(self))


# --- protobuf


def load_descriptors(proto_path, *files):
    """A pool of what protoc makes of .proto files; nothing stays on the disk."""
    with tempfile.NamedTemporaryFile() as output:
        words = ["protoc", f"-I{proto_path}", "--include_imports", f"--descriptor_set_out={output.name}", *files]
        subprocess.run(words, check=True, capture_output=True, text=True)
        with open(output.name, "rb") as file:
            descriptors = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = DescriptorPool()
    for file in descriptors.file:
        pool.Add(file)
    return pool


def varint(number):
    if number < 0x80:
        return bytes((number & 0x7F,)) if number >= 0 else varint(number + (1 << 64))
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def delimited(number, data):
    """A field with a length."""
    return varint(number << 3 | 2) + varint(len(data)) + data


@functools.lru_cache(maxsize=4096)
def _seconds(text):
    return {"seconds": calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))}


def _int_or_string(value):
    return {"type": 1, "strVal": value} if isinstance(value, str) else {"type": 0, "intVal": value}


# Types whose JSON is not that of their fields.
CONVERTED = {
    "kube.Time": _seconds,
    "kube.IntOrString": _int_or_string,
    "kube.Quantity": lambda text: {"string": text},
    "kube.FieldsV1": lambda fields: {"Raw": json.dumps(fields, separators=(",", ":"))},
}


class Encoder:
    """Encodes dicts as one message type."""

    encoders = {}

    @classmethod
    def of(cls, descriptor):
        if descriptor.full_name not in cls.encoders:
            encoder = cls.encoders[descriptor.full_name] = cls()
            encoder._prepare(descriptor)
        return cls.encoders[descriptor.full_name]

    def _prepare(self, descriptor):
        self.name = descriptor.full_name
        self.convert = CONVERTED.get(self.name)
        fields = sorted(descriptor.fields, key=lambda field: field.number)
        self.fields = [(field.name, _writer(field), _absent(field)) for field in fields]
        self.names = {field.name for field in fields}

    def __call__(self, obj, ignored=()):
        if type(obj) is not Shared:
            return self._encode(self.convert(obj) if self.convert else obj, ignored)
        try:
            return obj.octets
        except AttributeError:
            obj.octets = self._encode(self.convert(obj) if self.convert else obj, ignored)
            return obj.octets

    def _encode(self, obj, ignored):
        parts, count = [], len(ignored)
        for name, write, absent in self.fields:
            value = obj.get(name)
            if value is not None:
                count += 1
                write(value, parts)
            elif absent:
                parts.append(absent)
        if count != len(obj):
            unknown = [name for name, value in obj.items() if name not in self.names and name not in ignored]
            if unknown:
                raise ValueError(f"{self.name} in kube_objects.proto lacks {unknown}")
        return b"".join(parts)


def _writer(field):
    """A function that appends a field's octets to a list."""
    tag = varint(field.number << 3 | 2)
    is_repeated = field.label == FieldDescriptor.LABEL_REPEATED
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        encode = str.encode
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        if field.message_type.GetOptions().map_entry:
            return _map_writer(tag, field.message_type)
        encode = Encoder.of(field.message_type)
    else:
        assert not is_repeated
        number_tag = varint(field.number << 3)
        return lambda value, parts: parts.append(number_tag + varint(int(value)))

    def write(value, parts):
        octets = encode(value)
        parts.append(tag + varint(len(octets)) + octets)

    if not is_repeated:
        return write

    def write_all(values, parts):
        for value in values:
            write(value, parts)

    return write_all


def _map_writer(tag, entry):
    write_key = _writer(entry.fields_by_name["key"])
    write_value = _writer(entry.fields_by_name["value"])

    def write(mapping, parts):
        for key in sorted(mapping):
            inside = []
            write_key(key, inside)
            write_value(mapping[key], inside)
            octets = b"".join(inside)
            parts.append(tag + varint(len(octets)) + octets)

    return write


def _absent(field):
    """What a required field without a value is: zero, empty, or a message of such."""
    if field.label != FieldDescriptor.LABEL_REQUIRED:
        return b""
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        inner = field.message_type
        return delimited(field.number, b"" if inner.full_name in CONVERTED else Encoder.of(inner)({}))
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        return delimited(field.number, b"")
    return varint(field.number << 3) + b"\0"


@functools.lru_cache(maxsize=None)
def encoder(message):
    return Encoder.of(_pool().FindMessageTypeByName(f"kube.{message}"))


@functools.lru_cache(maxsize=None)
def _pool():
    return load_descriptors(DIRECTORY, "kube_objects.proto")


def envelope(api_version, kind, raw):
    """An object in protobuf with what stands around it: the magic and a runtime.Unknown."""
    return b"".join((_envelope_head(api_version, kind), varint(len(raw)), raw, b"\x1a\0\x22\0"))


@functools.lru_cache(maxsize=None)
def _envelope_head(api_version, kind):
    return MAGIC + delimited(1, encoder("TypeMeta")({"apiVersion": api_version, "kind": kind})) + varint(2 << 3 | 2)


# --- objects


def to_json(value):
    return json.dumps(value, separators=(",", ":")).encode()


def item(stored, resource, media):
    """An object as it stands in a list."""
    octets = stored.octets.get(media)
    if octets is None:
        octets = stored.octets[media] = _encode(stored.obj, resource, media)
    return octets


def _encode(obj, resource, media):
    if media == PROTOBUF:
        return encoder(resource.message)(obj, ignored=("apiVersion", "kind"))
    if resource.is_custom:
        return to_json(obj)
    # Go's types leave their kind out in a list.
    return to_json({name: value for name, value in obj.items() if name not in ("apiVersion", "kind")})


def whole(octets, resource, media):
    """The same as it stands alone."""
    if media == PROTOBUF:
        return envelope(resource.api_version, resource.kind, octets)
    if resource.is_custom:
        return octets
    head = f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'
    return head.encode() + octets[1:]


def list_head(resource, metadata, media):
    """A list up to its first item; in protobuf without the envelope, whose length counts the items."""
    if media == PROTOBUF:
        return delimited(1, encoder("ListMeta")(metadata))
    head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata}
    return to_json(head)[:-1] + b',"items":['


def list_body(resource, metadata, items, media):
    """A list's octets in pieces, from its items'."""
    head = list_head(resource, metadata, media)
    if media == PROTOBUF:
        fields = [b"".join((b"\x12", varint(len(octets)), octets)) for octets in items]
        length = len(head) + sum(map(len, fields))
        start = _envelope_head(resource.api_version, f"{resource.kind}List") + varint(length)
        return [start + head, *fields, b"\x1a\0\x22\0"]
    return [head, b",".join(items), b"]}"]


def bookmark(resource, revision, media, ends_initial_events=False):
    """What a bookmark carries: an object of the kind with nothing but a resourceVersion."""
    metadata = {"resourceVersion": str(revision), "creationTimestamp": None}
    if ends_initial_events:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata, **resource.empty}
    return whole(_encode(obj, resource, media), resource, media)


def status(fields, media):
    if media == PROTOBUF:
        return envelope("v1", "Status", encoder("Status")(fields))
    return to_json({"kind": "Status", "apiVersion": "v1", "metadata": {}, **fields})


def watch_frame(event_type, octets, media):
    """One event on a watch."""
    if media == PROTOBUF:
        event = delimited(1, event_type.encode()) + delimited(2, delimited(1, octets))
        return struct.pack(">I", len(event)) + event
    return b'{"type":"%s","object":%s}\n' % (event_type.encode(), octets)


def content_type(media, is_watch):
    return f"{media};stream=watch" if is_watch and media == PROTOBUF else media


# --- what a client accepts


def negotiate(accept, offered):
    """The media type of `offered` that the client likes best; None: it takes none of them."""
    clauses = []
    for place, text in enumerate(accept.split(",") if accept else ["*/*"]):
        media, *parameters = [word.strip() for word in text.split(";")]
        options = dict(word.partition("=")[::2] for word in parameters)
        try:
            quality = float(options.pop("q", 1))
        except ValueError:
            continue
        # A Table or a list of metadata alone is another kind of object, which is not made here.
        if quality > 0 and "as" not in options:
            clauses.append((-quality, place, media.lower()))
    for _, _, media in sorted(clauses):
        for offer in offered:
            if media in (offer, "*/*", "application/*"):
                return offer
    return None
