"""What the API server for tests knows: objects, and every change to them since the last compaction.

Objects are dicts in the form of JSON manifests. They are never changed once they are stored: an update replaces them, so
that whoever holds one holds a revision of it. Whoever hands an object over must not change it afterwards.

Any thread may call. What a reader gets (a View, a list of Events) stays as it is."""

import bisect
import collections
import datetime
import functools
import threading
import uuid

from .api_resources import key_of, resource_named, resource_of
from .api_wire import Shared

FIRST_REVISION = 1000
KEPT_VIEWS = 4


class Expired(Exception):
    """That revision is compacted."""


class Stored:
    """An object at a revision, with its encodings, each made once."""

    __slots__ = ("obj", "revision", "octets")

    def __init__(self, obj, revision):
        self.obj, self.revision, self.octets = obj, revision, {}


class Event:
    """One change: what was before, what is after; None where there is nothing."""

    __slots__ = ("revision", "key", "before", "after", "_last")

    def __init__(self, revision, key, before, after):
        self.revision, self.key, self.before, self.after, self._last = revision, key, before, after, None

    def last(self):
        """What was before, with the resourceVersion of the change: what a watch shows of an object that is gone."""
        if self._last is None:
            metadata = {**self.before.obj["metadata"], "resourceVersion": str(self.revision)}
            self._last = Stored({**self.before.obj, "metadata": metadata}, self.revision)
        return self._last


class View:
    """A collection at one revision, in the order of its keys."""

    def __init__(self, revision, objects):
        self.revision, self.objects, self.keys = revision, objects, sorted(objects)

    def of_namespace(self, namespace):
        """The range of keys of a namespace; of all for an empty one."""
        if not namespace:
            return 0, len(self.keys)
        # '0' follows '/'.
        return bisect.bisect_left(self.keys, f"{namespace}/"), bisect.bisect_left(self.keys, f"{namespace}0")


class Collection:
    def __init__(self):
        self.objects = {}  # by key: namespace/name
        self.events = []
        self.views = collections.OrderedDict()


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@functools.lru_cache(maxsize=None)
def managed_fields(resource):
    """Who wrote which fields, as the server notes on every object: ballast for readers to skip."""
    fields = {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {"f:ports": {".": {}}}, "f:status": {}}
    entry = {
        "manager": "kube-controller-manager", "operation": "Update", "apiVersion": resource.api_version, "time": now(),
        "fieldsType": "FieldsV1", "fieldsV1": fields,
    }
    return [Shared(entry)]


class Store:
    def __init__(self, on_change):
        self._lock = threading.RLock()
        self._collections = collections.defaultdict(Collection)
        self._on_change = on_change
        self.revision = FIRST_REVISION
        # Lists and new watches of a revision below are gone; of events those up to `_trimmed`.
        self.compacted = self._trimmed = FIRST_REVISION

    # --- changes

    def create(self, obj):
        resource = resource_of(obj)
        metadata = obj["metadata"]
        if resource.is_namespaced and not metadata.get("namespace"):
            raise ValueError(f"{resource.kind} {metadata['name']} has no namespace")
        key = key_of(resource, metadata.get("namespace"), metadata["name"])
        with self._lock:
            if key in self._collections[resource].objects:
                raise ValueError(f'{resource.plural} "{key}" already exists')
            made = {**metadata, "uid": metadata.get("uid") or str(uuid.uuid4()), "creationTimestamp": now()}
            made.setdefault("managedFields", managed_fields(resource))
            if resource.desired:
                made["generation"] = 1
            return self._commit(resource, key, {**obj, "metadata": made})

    def update(self, obj):
        """Replaces an object. One that is as it was is not written, as in the real server."""
        resource = resource_of(obj)
        key = key_of(resource, obj["metadata"].get("namespace"), obj["metadata"]["name"])
        with self._lock:
            before = self._collections[resource].objects[key].obj
            was = before["metadata"]
            metadata = {name: value for name, value in obj["metadata"].items() if name != "resourceVersion"}
            metadata.update(uid=was["uid"], creationTimestamp=was["creationTimestamp"])
            metadata.setdefault("managedFields", was["managedFields"])
            if resource.desired:
                is_new = any(obj.get(part) != before.get(part) for part in resource.desired)
                metadata["generation"] = was["generation"] + is_new
            if {**obj, "metadata": {**metadata, "resourceVersion": was["resourceVersion"]}} == before:
                return before
            return self._commit(resource, key, {**obj, "metadata": metadata})

    def delete(self, kind, namespace, name):
        resource = resource_named(kind)
        with self._lock:
            key = key_of(resource, namespace, name)
            if key not in self._collections[resource].objects:
                raise KeyError(f'{resource.plural} "{key}" not found')
            self._commit(resource, key, None)

    def _commit(self, resource, key, obj):
        collection = self._collections[resource]
        self.revision += 1
        before, after = collection.objects.get(key), None
        if obj is None:
            del collection.objects[key]
        else:
            obj["metadata"]["resourceVersion"] = str(self.revision)
            after = collection.objects[key] = Stored(obj, self.revision)
        collection.events.append(Event(self.revision, key, before, after))
        self._on_change()
        return obj

    def compact(self, unread):
        """Forgets what was before now, but for the events after `unread`, for which a watch waits that is open."""
        with self._lock:
            self.compacted = self.revision
            self._trimmed = max(self._trimmed, min(unread, self.revision))
            for collection in self._collections.values():
                del collection.events[: self._after(collection, self._trimmed)]
                collection.views.clear()

    def restore(self, revision):
        """Is as it was at that revision, and lives on from there, as after an etcd restored from a backup."""
        with self._lock:
            if not self.compacted <= revision <= self.revision:
                raise ValueError(f"nothing is known of revision {revision}")
            for resource, collection in self._collections.items():
                collection.objects = dict(self.view(resource, revision).objects)
                del collection.events[self._after(collection, revision):]
                collection.views.clear()
            self.revision = revision
            self._on_change()

    # --- reading

    def get(self, resource, key):
        return self._collections[resource].objects.get(key)

    def view(self, resource, revision=None):
        """The collection at a revision; now, without one."""
        with self._lock:
            collection = self._collections[resource]
            revision = self.revision if revision is None else revision
            if revision < self.compacted:
                raise Expired
            # The same objects have been there since their last change.
            place = self._after(collection, revision)
            since = collection.events[place - 1].revision if place else self._trimmed
            found = collection.views.pop(since, None)
            if found is None:
                objects = dict(collection.objects)
                for event in reversed(collection.events[place:]):
                    if event.before is None:
                        del objects[event.key]
                    else:
                        objects[event.key] = event.before
                found = View(revision, objects)
            collection.views[since] = found
            while len(collection.views) > KEPT_VIEWS:
                collection.views.popitem(last=False)
            if found.revision == revision:
                return found
            same = View.__new__(View)
            same.revision, same.objects, same.keys = revision, found.objects, found.keys
            return same

    def check_kept(self, revision):
        """That a watch may begin there."""
        if revision < self.compacted:
            raise Expired

    def events(self, resource, after, up_to, most=1000):
        """The first changes with after < revision <= up_to, in order."""
        with self._lock:
            if after < self._trimmed:
                raise Expired
            collection = self._collections[resource]
            start = self._after(collection, after)
            return collection.events[start : min(self._after(collection, up_to), start + most)]

    def count_events(self, resource, after):
        with self._lock:
            collection = self._collections[resource]
            return len(collection.events) - self._after(collection, after)

    @staticmethod
    def _after(collection, revision):
        return bisect.bisect_right(collection.events, revision, key=lambda event: event.revision)
