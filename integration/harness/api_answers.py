"""What kube-apiserver answers to a request: its rules for lists, pages, watches, selectors and refusals, as
https://kubernetes.io/docs/reference/using-api/api-concepts/ and its own code have them. Runs on the server's loop."""

import asyncio
import base64
import bisect
import json
import random
import time

from . import api_faults as faults
from . import api_wire as wire
from .api_http import reset
from .api_resources import discovery, key_of, parse_path
from .api_selectors import BadSelector, selection
from .api_store import Expired

CONTINUE_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without"
    " the continue parameter, or use the continue token in this response to retrieve the remainder of the results."
    " Continuing with the provided token results in an inconsistent list - objects that were created, modified, or"
    " deleted between the time the first chunk was returned and now may show up in the list."
)
# How long a request for a revision that is not there yet waits for it.
FRESH_WITHIN = 3.0
EVENTS_AT_ONCE = 500
ITEMS_AT_ONCE = 1000


class Refusal(Exception):
    """A request's end in a Status."""

    def __init__(self, code, reason, message, details=None, metadata=None, retry_after=None):
        super().__init__(message)
        self.code, self.retry_after = code, retry_after
        self.status = {"status": "Failure", "message": message, "reason": reason, "code": code}
        details = dict(details or {})
        if retry_after is not None:
            details["retryAfterSeconds"] = retry_after
        if details:
            self.status["details"] = details
        if metadata:
            self.status["metadata"] = metadata


def expired(message):
    return Refusal(410, "Expired", message)


def bad_request(message):
    return Refusal(400, "BadRequest", message)


def invalid(field, message):
    return Refusal(
        422, "Invalid", f'ListOptions.meta.k8s.io "" is invalid: {field}: Forbidden: {message}',
        {"group": "meta.k8s.io", "kind": "ListOptions",
         "causes": [{"reason": "FieldValueForbidden", "message": f"Forbidden: {message}", "field": field}]},
    )


def too_large(wanted, current):
    return Refusal(
        504, "Timeout", f"Timeout: Too large resource version: {wanted}, current: {current}",
        {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]}, retry_after=1,
    )


class Answers:
    """`settings` is the ApiServer; its attributes may change between requests."""

    def __init__(self, store, settings):
        self._store, self._settings = store, settings

    async def answer(self, connection, request, reply):
        """Writes the whole reply; False: the connection is done for."""
        fault = self._settings.faults.take(request)
        media = wire.negotiate(request.headers.get("accept", ""), self._offered(None)) or wire.JSON
        try:
            if isinstance(fault, faults.Hang):
                return await connection.until_gone()
            if isinstance(fault, faults.Refuse):
                raise Refusal(fault.code, fault.reason, fault.message, retry_after=fault.retry_after)
            if isinstance(fault, faults.Reset):
                reply.reset_after = fault.after
            if isinstance(fault, faults.Slow):
                reply.bytes_per_second = fault.bytes_per_second
            self._authenticate(connection, request)
            return await self._route(connection, request, reply, fault)
        except Refusal as refusal:
            headers = [] if refusal.retry_after is None else [f"Retry-After: {refusal.retry_after}"]
            await reply.whole(refusal.code, media, [wire.status(refusal.status, media)], headers)
            return True

    def _offered(self, target):
        """The media types in which a resource, or a Status without one, is to be had."""
        has_protobuf = self._settings.speaks_protobuf and (target is None or target.resource.message)
        return (wire.JSON, wire.PROTOBUF) if has_protobuf else (wire.JSON,)

    def _authenticate(self, connection, request):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        tokens = self._settings.tokens
        if connection.user and not token:
            request.user = connection.user
        elif not tokens:
            request.user = "system:anonymous"
        elif scheme.lower() == "bearer" and token in tokens:
            request.user = tokens[token]
        else:
            raise Refusal(401, "Unauthorized", "Unauthorized")

    def _authorize(self, request, target):
        resource, verb = target.resource, request.verb
        for forbidden in self._settings.forbidden:
            if forbidden in ((resource.plural, ""), (resource.plural, verb)):
                scope = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
                name = f' "{target.name}"' if target.name else ""
                raise Refusal(
                    403, "Forbidden",
                    f'{resource.plural}{name} is forbidden: User "{request.user}" cannot {verb} resource'
                    f' "{resource.plural}" in API group "{resource.group}" {scope}',
                    {"name": target.name, "group": resource.group, "kind": resource.plural},
                )

    async def _route(self, connection, request, reply, fault):
        target = parse_path(request.path)
        if target is None:
            document = discovery(request.path, self._settings.address)
            if document is None:
                if request.path in ("/healthz", "/livez", "/readyz"):
                    await reply.whole(200, "text/plain; charset=utf-8", [b"ok"])
                    return True
                raise Refusal(404, "NotFound", "the server could not find the requested resource")
            await reply.whole(200, wire.JSON, [wire.to_json(document)])
            return True
        self._authorize(request, target)
        if request.method != "GET":
            raise Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        offered = self._offered(target)
        media = wire.negotiate(request.headers.get("accept", ""), offered)
        if media is None:
            raise Refusal(
                406, "NotAcceptable", f"only the following media types are accepted: {', '.join(sorted(offered))}"
            )
        if request.verb == "get":
            body = [self._get(target, media)]
        elif request.verb == "list":
            body = await self._list(connection, request.parameters, target, media)
        else:
            return await self._watch(connection, request, reply, target, media, fault)
        if isinstance(fault, faults.Malformed):
            body = b"".join(body)
            body = [body[: len(body) // 2], b"\xff" * (len(body) - len(body) // 2)]
        await reply.whole(200, media, body)
        return True

    def _get(self, target, media):
        resource = target.resource
        stored = self._store.get(resource, key_of(resource, target.namespace, target.name))
        if stored is None:
            full_name = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
            raise Refusal(
                404, "NotFound", f'{full_name} "{target.name}" not found',
                {"name": target.name, "group": resource.group, "kind": resource.plural},
            )
        return wire.whole(wire.item(stored, resource, media), resource, media)

    # --- lists

    async def _list(self, connection, parameters, target, media):
        resource = target.resource
        selects = _selection(parameters, resource)
        limit = _number(parameters, "limit")
        view, after = await self._view_to_list(connection, parameters, resource, limit)
        start, end = view.of_namespace(target.namespace)
        if after:
            start = max(start, bisect.bisect_right(view.keys, after))
        elif parameters.get("resourceVersion") == "0":
            limit = 0  # the watch cache has no pages
        metadata = {"resourceVersion": str(view.revision)}
        items = []
        for place in range(start, end):
            stored = view.objects[view.keys[place]]
            if selects is not None and not selects(stored.obj):
                continue
            if limit and len(items) == limit:
                metadata["continue"] = _token(view.revision, view.keys[place - 1])
                # With a selector the server does not know how many more match.
                if selects is None:
                    metadata["remainingItemCount"] = end - place
                break
            items.append(wire.item(stored, resource, media))
            if len(items) % ITEMS_AT_ONCE == 0:
                await asyncio.sleep(0)  # to others, in a long list
        return wire.list_body(resource, metadata, items, media)

    async def _view_to_list(self, connection, parameters, resource, limit):
        """The revision of the collection that a list shows, and the key after which a page begins."""
        version, match = parameters.get("resourceVersion", ""), parameters.get("resourceVersionMatch", "")
        token = parameters.get("continue", "")
        if parameters.get("sendInitialEvents"):
            raise invalid("sendInitialEvents", "sendInitialEvents is forbidden for list")
        if match:
            if token:
                raise invalid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
            if not version:
                message = "resourceVersionMatch is forbidden unless resourceVersion is provided"
                raise invalid("resourceVersionMatch", message)
            if match not in ("Exact", "NotOlderThan"):
                raise invalid("resourceVersionMatch", f'Unsupported value: "{match}"')
            if match == "Exact" and version == "0":
                message = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
                raise invalid("resourceVersionMatch", message)
        revision = _number(parameters, "resourceVersion")
        if token:
            if revision:
                raise bad_request("specifying resource version is not allowed when using continue")
            return self._continued(resource, token)
        if match == "Exact" or (not match and revision and limit):
            if revision > self._store.revision:
                raise too_large(revision, self._store.revision)
            try:
                return self._store.view(resource, revision), ""
            except Expired:
                raise expired("The resourceVersion for the provided list is too old.") from None
        if not version:
            return self._store.view(resource), ""
        await self._until_fresh(connection, revision)
        return self._store.view(resource, connection.backend.revision()), ""

    def _continued(self, resource, token):
        try:
            words = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            revision, after = int(words["rv"]), words["start"].rstrip("\0")
        except (ValueError, KeyError, TypeError) as error:
            raise bad_request(f"continue key is not valid: {error}") from error
        try:
            # Without a revision what is there now: the answer to a token that has expired.
            return self._store.view(resource, revision if revision > 0 else None), after
        except Expired:
            refusal = expired(CONTINUE_EXPIRED)
            refusal.status["metadata"] = {"continue": _token(-1, after)}
            raise refusal from None

    async def _until_fresh(self, connection, revision):
        """Waits until this server has seen a revision, as long as the real one does."""
        deadline = time.monotonic() + FRESH_WITHIN
        while (seen := connection.backend.revision()) < revision:
            if not await connection.woken(deadline - time.monotonic()):
                raise too_large(revision, seen)

    # --- watches

    async def _watch(self, connection, request, reply, target, media, fault):
        parameters, resource = request.parameters, target.resource
        selects = _scope(_selection(parameters, resource), target)
        seconds = _number(parameters, "timeoutSeconds")
        shortest = self._settings.watch_timeout
        deadline = time.monotonic() + (seconds or random.uniform(shortest, 2 * shortest))
        has_bookmarks = _flag(parameters, "allowWatchBookmarks")
        sends_initial = self._initial_events(parameters)
        version = _number(parameters, "resourceVersion")
        send = _Sender(resource, media, reply)
        if self._settings.expired_as_status and 0 < version < self._store.compacted:
            raise _too_old(version, self._store.compacted)
        await reply.start(200, wire.content_type(media, is_watch=True))
        if isinstance(fault, faults.Mute):
            return await connection.until_gone()
        if isinstance(fault, faults.EndAtOnce):
            await reply.end()
            return True
        if isinstance(fault, faults.Malformed):
            await send.garbage()
        connection.watch(resource, version)
        try:
            if isinstance(fault, faults.ErrorEvent):
                raise Refusal(fault.code, fault.reason, fault.message)
            position, view = await self._start_of_watch(connection, parameters, resource, version, sends_initial)
            connection.position = position
            if view is not None:
                await send.initial(view, target, selects)
                if parameters.get("sendInitialEvents") and has_bookmarks:
                    await send.bookmark(position, ends_initial_events=True)
            if not await self._follow(connection, send, selects, position, deadline, has_bookmarks):
                return False
        except Expired:
            await send.error(_too_old(version, self._store.compacted))
        except Refusal as refusal:
            await send.error(refusal)
        finally:
            connection.unwatch()
        await reply.end()
        return True

    def _initial_events(self, parameters):
        """What sendInitialEvents asks for; None where it is not there."""
        match = parameters.get("resourceVersionMatch", "")
        if "sendInitialEvents" not in parameters:
            if match:
                message = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
                raise invalid("resourceVersionMatch", message)
            return None
        if not self._settings.has_watch_list:
            message = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
            raise invalid("sendInitialEvents", message)
        if match != "NotOlderThan":
            message = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            raise invalid("resourceVersionMatch", message)
        return _flag(parameters, "sendInitialEvents")

    async def _start_of_watch(self, connection, parameters, resource, version, sends_initial):
        """The revision after which events follow, and what is sent as ADDED before them, if anything."""
        if version and not sends_initial:
            self._store.check_kept(version)
            return version, None
        if version:
            await self._until_fresh(connection, version)
        is_most_recent = "resourceVersion" not in parameters or parameters["resourceVersion"] == ""
        view = self._store.view(resource, None if is_most_recent else connection.backend.revision())
        return view.revision, None if sends_initial is False else view

    async def _follow(self, connection, send, selects, position, deadline, has_bookmarks):
        """Sends events after `position` until the deadline; False: the client has gone."""
        interval = self._settings.bookmark_interval
        next_bookmark = time.monotonic() + interval
        while not connection.is_gone:
            seen = connection.backend.revision()
            events = self._store.events(connection.resource, position, seen, EVENTS_AT_ONCE)
            if events:
                position = events[-1].revision
                await send.changes(events, selects)
                connection.position = position
                continue
            connection.position = position = max(position, seen)
            moment = time.monotonic()
            is_over = moment >= deadline
            if has_bookmarks and seen == position and (is_over or moment >= next_bookmark):
                await send.bookmark(seen)
                next_bookmark = moment + interval
            if is_over:
                return True
            # A backend that lags behind its client has no bookmark to send, however long it is due.
            until = min(deadline, next_bookmark) if has_bookmarks and seen == position else deadline
            await connection.woken(until - time.monotonic())
        return False

    def end_slow_watches(self, connections):
        """Cuts those whose client does not read while more and more waits for it."""
        for connection in connections:
            if connection.is_blocked() and connection.resource is not None:
                if self._store.count_events(connection.resource, connection.position) > self._settings.watch_queue:
                    reset(connection.writer)


class _Sender:
    """The frames of one watch."""

    def __init__(self, resource, media, reply):
        self._resource, self._media, self._reply = resource, media, reply

    def _frame(self, event_type, stored):
        octets = wire.whole(wire.item(stored, self._resource, self._media), self._resource, self._media)
        return wire.watch_frame(event_type, octets, self._media)

    async def initial(self, view, target, selects):
        start, end = view.of_namespace(target.namespace)
        for place in range(start, end, EVENTS_AT_ONCE):
            found = [view.objects[key] for key in view.keys[place : min(place + EVENTS_AT_ONCE, end)]]
            await self._reply.send(
                *(self._frame("ADDED", stored) for stored in found if selects is None or selects(stored.obj))
            )

    async def changes(self, events, selects):
        """An object that begins to match is ADDED, one that no longer does is DELETED."""
        frames = []
        for event in events:
            was = event.before is not None and (selects is None or selects(event.before.obj))
            if event.after is not None and (selects is None or selects(event.after.obj)):
                frames.append(self._frame("MODIFIED" if was else "ADDED", event.after))
            elif was:
                frames.append(self._frame("DELETED", event.last()))
        await self._reply.send(*frames)

    async def bookmark(self, revision, ends_initial_events=False):
        octets = wire.bookmark(self._resource, revision, self._media, ends_initial_events)
        await self._reply.send(wire.watch_frame("BOOKMARK", octets, self._media))

    async def error(self, refusal):
        octets = wire.status(refusal.status, self._media)
        await self._reply.send(wire.watch_frame("ERROR", octets, self._media))

    async def garbage(self):
        octets = b"\0\0\0\x08" + b"\xff" * 8 if self._media == wire.PROTOBUF else b'{"type":"ADDED","object":{{}}\n'
        await self._reply.send(octets)


def _selection(parameters, resource):
    try:
        return selection(parameters, resource)
    except BadSelector as error:
        raise bad_request(str(error)) from error


def _scope(selects, target):
    """The selection of a watch: that of its selectors, in its namespace, by its name."""
    def matches(obj):
        metadata = obj["metadata"]
        return (
            (not target.namespace or metadata["namespace"] == target.namespace)
            and (not target.name or metadata["name"] == target.name)
            and (selects is None or selects(obj))
        )

    return matches if target.namespace or target.name else selects


def _too_old(version, oldest):
    return expired(f"too old resource version: {version} ({oldest})")


def _token(revision, after):
    words = {"v": "meta.k8s.io/v1", "rv": revision, "start": f"{after}\0"}
    return base64.urlsafe_b64encode(wire.to_json(words)).decode().rstrip("=")


def _number(parameters, name):
    text = parameters.get(name, "")
    if text and not text.isdigit():
        raise bad_request(f'Invalid value: "{text}": {name}')
    return int(text or 0)


def _flag(parameters, name):
    return parameters.get(name, "").lower() in ("true", "1", "t")
