"""An API server for tests. It speaks kube-apiserver's protocol and keeps real objects with their history; what it says
follows from them by the API's own rules (api_answers.py). Tests change the cluster, the server and its faults by calls
from their own thread, while it serves on one of its own.

    with ApiServer() as server:
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        server.faults.add(Refuse(429, retry_after=1), resource="pods", verb="list")
        ... point a client at server.url, with server.ca_path and one of server.tokens ..."""

import asyncio
import copy
import itertools
import shutil
import socket
import ssl
import tempfile
import threading

from .api_answers import Answers
from .api_faults import Faults
from .api_http import LONGEST_REQUEST, ConnectionReset, Reply, read_request, reset
from .api_resources import key_of, parse_path, resource_named
from .api_store import Store
from .api_wire import item
from .certificates import Authority



class Backend:
    """One of several API servers behind the address: `lag` revisions behind the newest, as its watch cache may be."""

    def __init__(self, store):
        self._store, self.lag = store, 0

    def revision(self):
        return max(self._store.revision - self.lag, self._store.compacted)


class ApiServer:
    def __init__(
        self,
        is_tls=True,
        tokens=None,  # token: user. Empty or none: everyone is let in
        has_client_certificates=False,
        has_watch_list=True,
        speaks_protobuf=True,
        bookmark_interval=60.0,
        watch_timeout=1800.0,  # at least, of a watch that names none
        watch_queue=1000,  # events that may wait for a client that does not read
        expired_as_status=False,  # an expired watch is refused with HTTP 410, not by an ERROR event
        backends=1,
        host="127.0.0.1",
        certificate_names=("IP:127.0.0.1", "DNS:localhost"),
    ):
        self.tokens = dict(tokens or {})
        self.has_watch_list, self.speaks_protobuf = has_watch_list, speaks_protobuf
        self.bookmark_interval, self.watch_timeout, self.watch_queue = bookmark_interval, watch_timeout, watch_queue
        self.expired_as_status = expired_as_status
        self.forbidden = set()
        self.faults = Faults()
        self.requests = []  # every one, in order
        self.connections = 0  # so far
        self.host, self.port = host, 0
        self._is_tls, self._has_client_certificates = is_tls, has_client_certificates
        self._certificate_names = certificate_names
        self._store = Store(self._changed)
        self._answers = Answers(self._store, self)
        self.backends = [Backend(self._store) for _ in range(backends)]
        # Which of them takes a connection, by its number.
        self.choose_backend = lambda number: self.backends[number % len(self.backends)]
        self._open = set()
        self._is_waking = False
        self._numbers = itertools.count()
        self._loop = self._listener = self._tls = self._directory = self._authority = None

    # --- life

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self._directory = tempfile.mkdtemp(prefix="api-server-")
        if self._is_tls:
            self._authority = Authority(self._directory)
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*self._authority.issue_server(self._certificate_names))
            if self._has_client_certificates:
                self._tls.verify_mode = ssl.CERT_OPTIONAL
                self._tls.load_verify_locations(self._authority.certificate)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="api-server")
        self._thread.start()
        self.go_up()
        return self

    def stop(self):
        self.go_down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def go_up(self):
        """Listens, on the port that it had before."""
        self._call(self._go_up())

    async def _go_up(self):
        def protocol():
            return asyncio.StreamReaderProtocol(Connection(self), self._serve)

        self._listener = await self._loop.create_server(
            protocol, self.host, self.port, ssl=self._tls, backlog=128
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    def go_down(self):
        """Cuts all connections and refuses new ones, until go_up."""
        self._call(self._go_down())

    async def _go_down(self):
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()
            self._listener = None
        await self._cut()

    def restart(self):
        self.go_down()
        self.go_up()

    def cut_connections(self):
        """Resets them all; new ones are welcome."""
        self._call(self._cut())

    async def _cut(self):
        tasks = [connection.task for connection in self._open]
        for connection in list(self._open):
            reset(connection.writer)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=30)

    # --- how to reach it

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def url(self):
        return f"{'https' if self._is_tls else 'http'}://{self.address}"

    @property
    def ca_path(self):
        return self._authority.certificate

    def client_certificate(self, user):
        """The paths of a certificate and its key with which a client is `user`."""
        return self._authority.issue_client(user)

    def change_certificate(self, names=None, is_new_authority=False):
        """New connections see another certificate; with a new authority ca_path is another one too."""
        if is_new_authority:
            self._authority = Authority(self._directory, f"authority-{next(self._numbers)}")
        self._tls.load_cert_chain(*self._authority.issue_server(names or self._certificate_names))

    def write_kubeconfig(self, path, token=None):
        token = token or next(iter(self.tokens), "anyone")
        authority = f"certificate-authority: {self.ca_path}" if self._is_tls else ""
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                "apiVersion: v1\nkind: Config\ncurrent-context: test\n"
                f"clusters: [{{name: test, cluster: {{server: '{self.url}', {authority}}}}}]\n"
                f"users: [{{name: test, user: {{token: {token}}}}}]\n"
                "contexts: [{name: test, context: {cluster: test, user: test}}]\n"
            )
        return str(path)

    # --- the cluster

    def create(self, obj):
        """Stores a new object, which must not be changed from then on; returns it as stored."""
        return self._store.create(obj)

    def update(self, obj):
        return self._store.update(obj)

    def delete(self, kind, namespace, name):
        self._store.delete(kind, namespace, name)

    def get(self, kind, namespace, name):
        """A copy, to change and update; None where there is none."""
        found = self.peek(kind, namespace, name)
        return copy.deepcopy(found)

    def peek(self, kind, namespace, name):
        """The object itself, to read."""
        resource = resource_named(kind)
        stored = self._store.get(resource, key_of(resource, namespace, name))
        return stored.obj if stored else None

    def objects(self, kind):
        """All of a kind, to read."""
        view = self._store.view(resource_named(kind))
        return [view.objects[key].obj for key in view.keys]

    def encode_ahead(self, media, *kinds):
        """Makes the octets of all objects of some kinds now, so that no client waits for them."""
        for resource in map(resource_named, kinds):
            for stored in self._store.view(resource).objects.values():
                item(stored, resource, media)

    @property
    def revision(self):
        return self._store.revision

    @property
    def oldest_revision(self):
        """The first that can be restored."""
        return self._store.compacted

    def compact(self):
        """Lists, pages and watches of earlier revisions are gone; watches that are open go on."""
        positions = [connection.position for connection in list(self._open) if connection.resource is not None]
        self._store.compact(min(positions, default=self._store.revision))

    def restore(self, revision):
        """Is as it was at that revision and lives on from there, with the same numbers; all connections are cut."""
        async def restore():
            self._store.restore(revision)
            await self._cut()

        self._call(restore())

    # --- who may do what

    def forbid(self, resource, verb=""):
        self.forbidden.add((resource, verb))

    def allow(self):
        self.forbidden.clear()

    # --- what happened

    def count(self, verb, resource=""):
        return sum(request.verb == verb and resource in ("", request.resource) for request in list(self.requests))

    def open_watches(self, resource=""):
        watched = [connection.resource for connection in list(self._open)]
        return sum(found is not None and resource in ("", found.plural) for found in watched)

    def open_connections(self):
        return len(self._open)

    # --- serving

    def _changed(self):
        """On the thread that changes the store."""
        if not self._is_waking and self._loop is not None and self._loop.is_running():
            self._is_waking = True
            self._loop.call_soon_threadsafe(self._wake)

    def lag(self, backend, revisions):
        """How far a backend is behind from now on."""
        self.backends[backend].lag = revisions
        self._changed()

    def _wake(self):
        self._is_waking = False
        self._answers.end_slow_watches(self._open)
        for connection in self._open:
            connection.wake.set()

    async def _serve(self, connection, writer):
        connection.begin(writer, self.connections)
        self.connections += 1
        self._open.add(connection)
        try:
            while (request := await read_request(connection)) is not None:
                self._note(request, connection)
                connection.reply = Reply(writer, request)
                if not await self._answers.answer(connection, request, connection.reply):
                    break
        except (ConnectionReset, ConnectionError, ssl.SSLError):
            pass
        finally:
            self._open.discard(connection)
            writer.close()

    def _note(self, request, connection):
        target = parse_path(request.path)
        request.verb = request.method.lower()
        if target is not None:
            request.resource = target.resource.plural
            is_watch = request.parameters.get("watch", "").lower() in ("true", "1")
            if request.method == "GET":
                request.verb = "watch" if is_watch else "get" if target.name else "list"
        request.connection = connection.number
        self.requests.append(request)


class Connection(asyncio.StreamReader):
    """A client's connection: what it watches, and what wakes the one who serves it."""

    def __init__(self, server):
        super().__init__(limit=LONGEST_REQUEST)
        self._server = server
        self.wake = asyncio.Event()
        self.is_gone = False
        self.reply = self.resource = None
        self.position = 0

    def begin(self, writer, number):
        self.writer, self.number, self.task = writer, number, asyncio.current_task()
        self.backend = self._server.choose_backend(number)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        names = (writer.get_extra_info("peercert") or {}).get("subject", ())
        self.user = next((value for name in names for key, value in name if key == "commonName"), "")

    def watch(self, resource, position):
        self.resource, self.position = resource, position

    def unwatch(self):
        self.resource = None

    def is_blocked(self):
        return self.reply is not None and self.reply.blocked_since is not None

    async def woken(self, timeout):
        """Waits for a change, the client's end or the timeout; False: it was the timeout."""
        self.wake.clear()
        if self.is_gone or timeout <= 0:
            return False
        try:
            await asyncio.wait_for(self.wake.wait(), timeout)
        except asyncio.TimeoutError:
            return False
        return True

    async def until_gone(self):
        while not self.is_gone:
            self.wake.clear()
            await self.wake.wait()
        return False

    # The end of the client's side comes here, whoever reads or does not.
    def feed_eof(self):
        super().feed_eof()
        self._end()

    def set_exception(self, exc):
        super().set_exception(exc)
        self._end()

    def _end(self):
        self.is_gone = True
        self.wake.set()
