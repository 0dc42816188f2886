"""The API server for tests, proven: by requests whose answers the API's documents prescribe, and by the real kubectl."""

import base64
import contextlib
import gzip
import http.client
import json
import random
import shutil
import ssl
import subprocess
import threading
import time

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

from harness.api_client import Client, fields_of, message_class, open_envelope
from harness.api_faults import EndAtOnce, ErrorEvent, Hang, Malformed, Mute, Refuse, Reset, Slow
from harness.api_server import ApiServer
from harness.api_wire import JSON, PROTOBUF
from harness.kube_cluster import KubeCluster
from harness.large_cluster import LargeCluster
from harness.waiting import wait_until

PODS = "/api/v1/pods"
SHOP_PODS = "/api/v1/namespaces/shop/pods"
SERVICES = "/api/v1/services"
SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
SETS = "/apis/apps/v1/statefulsets"
# A reset, which Python's TLS shows as an end.
BROKEN = (OSError, http.client.HTTPException)
IMPORTS = "/apis/multicluster.x-k8s.io/v1alpha1/serviceimports"


@pytest.fixture
def make_server():
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(ApiServer(**options))


@pytest.fixture
def server(make_server):
    return make_server()


@pytest.fixture
def connect():
    """Clients that are closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *words, **options: stack.enter_context(Client(*words, **options))


@pytest.fixture
def client(server, connect):
    return connect(server)


def pod(name, namespace="shop", **labels):
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "main", "image": "nginx"}]}, "status": {"phase": "Running"},
    }


def service_import(name):
    return {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceImport",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"type": "ClusterSetIP", "ips": ["10.1.0.1"], "ports": []},
    }


def revision_of(obj):
    return int(obj["metadata"]["resourceVersion"])


def names(found):
    return [item["metadata"]["name"] for item in found["items"]]


def assert_status(reply, code, reason):
    assert reply.status == code, reply.body
    status = reply.json()
    assert (status["kind"], status["status"], status["code"], status["reason"]) == ("Status", "Failure", code, reason)
    return status


# --- lists


def test_all_pages_show_the_first_pages_revision(server, client):
    for number in range(10):
        server.create(pod(f"web-{number}"))
    whole = client.list(PODS)
    pages = []
    for page in client.pages(PODS, limit=3):
        pages.append(page)
        server.create(pod(f"web-3-{len(pages)}"))
        server.update({**pod(f"web-{len(pages) + 2}"), "status": {"phase": "Failed"}})
        server.delete("pods", "shop", f"web-{10 - len(pages)}")
    assert {revision_of(page) for page in pages} == {revision_of(whole)}
    assert [item for page in pages for item in page["items"]] == whole["items"]
    assert [page["metadata"].get("remainingItemCount") for page in pages] == [7, 4, 1, None]
    assert "continue" not in pages[-1]["metadata"]


def test_a_page_with_a_selector_does_not_count_what_remains(server, client):
    for number in range(5):
        server.create(pod(f"web-{number}", app="web"))
    metadata = client.list(PODS, limit=2, labelSelector="app=web")["metadata"]
    assert metadata["continue"] and "remainingItemCount" not in metadata


def test_an_expired_page_offers_an_inconsistent_rest(server, client):
    for number in range(4):
        server.create(pod(f"web-{number}"))
    first = client.list(PODS, limit=2)
    server.create(pod("web-9"))
    server.compact()
    status = assert_status(client.get(PODS, limit=2, **{"continue": first["metadata"]["continue"]}), 410, "Expired")
    rest = client.list(PODS, limit=9, **{"continue": status["metadata"]["continue"]})
    assert names(rest) == ["web-2", "web-3", "web-9"]
    assert revision_of(rest) == server.revision


def test_a_bad_continue_is_a_bad_request(client):
    for token in ("%", base64.b64encode(b"{}").decode()):
        assert_status(client.get(PODS, **{"continue": token}), 400, "BadRequest")


def test_resource_versions_of_lists(server, client):
    """https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list"""
    first = revision_of(server.create(pod("web-0")))
    last = revision_of(server.create(pod("web-1")))

    def shown(**parameters):
        found = client.list(PODS, **parameters)
        return names(found), revision_of(found)

    everything = (["web-0", "web-1"], last)
    assert shown() == everything
    assert shown(resourceVersion="0") == everything
    assert shown(resourceVersion=first) == everything  # at least as new as
    assert shown(resourceVersion=first, resourceVersionMatch="NotOlderThan") == everything
    assert shown(resourceVersion=first, resourceVersionMatch="Exact") == (["web-0"], first)
    assert shown(resourceVersion=first, limit=5) == (["web-0"], first)  # with a limit, exactly
    for parameters in (
        {"resourceVersionMatch": "Exact"},
        {"resourceVersionMatch": "Exact", "resourceVersion": "0"},
        {"resourceVersionMatch": "Other", "resourceVersion": "1"},
        {"resourceVersionMatch": "Exact", "resourceVersion": "5", "continue": "x"},
        {"sendInitialEvents": "true"},
    ):
        assert_status(client.get(PODS, **parameters), 422, "Invalid")
    assert_status(client.get(PODS, resourceVersion="new"), 400, "BadRequest")
    server.compact()
    assert shown(resourceVersion=first) == everything
    reply = client.get(PODS, resourceVersion=first, resourceVersionMatch="Exact")
    assert_status(reply, 410, "Expired")


def test_a_revision_of_the_future_is_waited_for(server, client):
    reply = client.get(PODS, resourceVersion=server.revision + 1, resourceVersionMatch="Exact")
    status = assert_status(reply, 504, "Timeout")
    assert "Too large resource version" in status["message"]
    assert status["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    wanted = server.revision + 1
    waiting = []
    thread = threading.Thread(target=lambda: waiting.append(client.list(PODS, resourceVersion=wanted)))
    thread.start()
    wait_until(lambda: server.requests[-1].parameters.get("resourceVersion") == str(wanted), "the request")
    assert thread.is_alive()
    server.create(pod("web-0"))
    thread.join()
    assert names(waiting[0]) == ["web-0"]


def test_namespaces_names_and_paths(server, client):
    made = server.create(pod("web-0"))
    server.create(pod("web-0", "shop2"))
    server.create(pod("web-0", "sho"))
    assert len(client.list(PODS)["items"]) == 3
    assert [item["metadata"]["namespace"] for item in client.list(SHOP_PODS)["items"]] == ["shop"]
    assert client.get(f"{SHOP_PODS}/web-0").json() == made
    status = assert_status(client.get(f"{SHOP_PODS}/web-1"), 404, "NotFound")
    assert status["message"] == 'pods "web-1" not found'
    assert_status(client.get("/api/v1/things"), 404, "NotFound")
    assert_status(client.get("/apis/none/v1/pods"), 404, "NotFound")
    assert_status(client.get("/api/v1/namespaces/shop/pods/web-0/log"), 404, "NotFound")
    listed = client.list(PODS)["items"][0]
    assert "kind" not in listed and "apiVersion" not in listed, "as Go's types are listed"
    server.create(service_import("db"))
    assert client.list(IMPORTS)["items"][0]["kind"] == "ServiceImport", "as custom resources are"


@pytest.mark.parametrize(
    "selector, expected",
    [
        ("app=web", "ab"), ("app==web", "ab"), ("app!=web", "cd"), ("app in (web, db)", "abc"), ("app notin (web)", "cd"),
        ("app", "abc"), ("!app", "d"), ("app=web,tier=front", "a"), ("tier,app in (web,db)", "ac"), ("app=", ""),
        ("kubernetes.io/role=x", "d"),
    ],
)
def test_label_selectors(server, client, selector, expected):
    for name, labels in (
        ("a", {"app": "web", "tier": "front"}), ("b", {"app": "web"}), ("c", {"app": "db", "tier": "back"}),
        ("d", {"kubernetes.io/role": "x"}),
    ):
        server.create(pod(name, **labels))
    assert "".join(names(client.list(PODS, labelSelector=selector))) == expected


def test_field_selectors_and_bad_ones(server, client):
    server.create(pod("a"))
    server.create(pod("a", "bar"))
    server.create({**pod("b", "bar"), "status": {"phase": "Succeeded"}})
    found = client.list(PODS, fieldSelector="metadata.name=a,metadata.namespace!=shop")
    assert [item["metadata"]["namespace"] for item in found["items"]] == ["bar"]
    assert names(client.list(PODS, fieldSelector="status.phase!=Succeeded")) == ["a", "a"]
    assert_status(client.get(PODS, fieldSelector="spec.color=red"), 400, "BadRequest")
    assert_status(client.get(PODS, labelSelector="a in b"), 400, "BadRequest")
    assert_status(client.get(PODS, watch="1", labelSelector="=="), 400, "BadRequest")


# --- watches


def test_a_watch_tells_what_happens_after_its_revision(server, client):
    server.create(pod("web-0"))
    start = server.revision
    made = server.create(pod("web-1", app="web"))
    watch = client.watch(PODS, resourceVersion=start)
    assert watch.next() == ("ADDED", made)
    changed = server.update({**made, "status": {"phase": "Failed"}})
    assert watch.next() == ("MODIFIED", changed)
    assert revision_of(changed) == revision_of(made) + 1
    assert server.update(changed) is changed, "an update that changes nothing is not written"
    server.delete("pods", "shop", "web-1")
    kind, gone = watch.next()
    assert kind == "DELETED" and revision_of(gone) == server.revision == revision_of(changed) + 1
    assert gone["status"] == {"phase": "Failed"} and gone["metadata"]["uid"] == made["metadata"]["uid"]


@pytest.mark.parametrize("parameters", [{}, {"resourceVersion": "0"}])
def test_a_watch_without_a_revision_begins_with_what_is_there(server, client, parameters):
    for name in "ab":
        server.create(pod(name))
    server.create(pod("a", "other"))
    watch = client.watch(SHOP_PODS, **parameters)
    assert [(kind, obj["metadata"]["name"]) for kind, obj in watch.take(2)] == [("ADDED", "a"), ("ADDED", "b")]
    server.create(pod("c", "other"))
    server.create(pod("c"))
    assert watch.brief(1) == [("ADDED", "c", server.revision)]


def test_objects_enter_and_leave_a_watch_by_their_labels(server, client):
    start = server.revision
    server.create(pod("other", app="db"))
    watch = client.watch(PODS, resourceVersion=start, labelSelector="app=web")
    server.create(pod("web-0", app="db"))
    server.update(pod("web-0", app="web"))
    assert watch.brief(1) == [("ADDED", "web-0", server.revision)]
    server.update(pod("web-0", app="web", tier="front"))
    assert watch.brief(1) == [("MODIFIED", "web-0", server.revision)]
    server.update(pod("web-0", app="db"))
    kind, gone = watch.next()
    assert kind == "DELETED" and revision_of(gone) == server.revision
    assert gone["metadata"]["labels"] == {"app": "web", "tier": "front"}, "as it was while it matched"
    server.delete("pods", "shop", "web-0")
    server.create(pod("web-1", app="web"))
    assert watch.brief(1) == [("ADDED", "web-1", server.revision)]


def test_bookmarks_come_where_they_are_allowed(make_server, connect):
    server = make_server(bookmark_interval=0.05)
    server.create(pod("web-0"))
    watch = connect(server).watch(PODS, resourceVersion=server.revision, allowWatchBookmarks="true")
    kind, obj = watch.next()
    assert kind == "BOOKMARK" and obj["kind"] == "Pod" and revision_of(obj) == server.revision
    server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "far"}})
    wait_until(lambda: watch.brief(1) == [("BOOKMARK", None, server.revision)], "a bookmark of another kind's change")
    assert connect(server).watch(PODS, resourceVersion=server.revision).is_silent_for(0.15)


def test_a_watch_ends_cleanly_when_its_time_is_over(server, client):
    server.create(pod("web-0"))
    watch = client.watch(PODS, resourceVersion=server.revision, timeoutSeconds=1, allowWatchBookmarks="true")
    assert watch.brief(1) == [("BOOKMARK", None, server.revision)]
    assert watch.next() is None
    assert names(client.list(PODS)) == ["web-0"], "on the same connection"
    assert server.connections == 1


def test_a_watch_list_streams_the_list_and_says_where_it_ends(server, client):
    for name in "ab":
        server.create(pod(name))
    ask = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
    watch = client.watch(PODS, **ask)
    assert [kind for kind, _ in watch.take(2)] == ["ADDED", "ADDED"]
    kind, obj = watch.next()
    assert kind == "BOOKMARK" and revision_of(obj) == server.revision
    assert obj["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    server.create(pod("c"))
    assert watch.brief(1) == [("ADDED", "c", server.revision)]


def test_what_a_watch_list_may_not_be(make_server, connect):
    client = connect(make_server())
    ask = {"watch": "true", "sendInitialEvents": "true", "allowWatchBookmarks": "true"}
    assert_status(client.get(PODS, **ask), 422, "Invalid")
    assert_status(client.get(PODS, **ask, resourceVersionMatch="Exact"), 422, "Invalid")
    assert_status(client.get(PODS, watch="true", resourceVersionMatch="NotOlderThan"), 422, "Invalid")
    older = connect(make_server(has_watch_list=False))
    status = assert_status(older.get(PODS, **ask, resourceVersionMatch="NotOlderThan"), 422, "Invalid")
    assert status["details"]["causes"][0]["field"] == "sendInitialEvents"


def test_too_old_a_revision_is_an_error_event_or_a_410(server, client):
    old = server.revision
    server.create(pod("web-0"))
    server.compact()
    watch = client.watch(PODS, resourceVersion=old)
    kind, status = watch.next()
    assert watch.status == 200 and kind == "ERROR" and (status["code"], status["reason"]) == (410, "Expired")
    assert status["message"] == f"too old resource version: {old} ({server.revision})"
    assert watch.next() is None
    server.expired_as_status = True
    assert_status(client.get(PODS, watch="true", resourceVersion=old), 410, "Expired")


def test_an_open_watch_outlives_a_compaction(server, client):
    watch = client.watch(PODS, resourceVersion=server.revision)
    wait_until(lambda: server.open_watches("pods") == 1, "the watch")
    for name in "abc":
        server.create(pod(name))
        server.compact()
    assert [name for _, name, _ in watch.brief(3)] == ["a", "b", "c"]


def test_a_restored_server_repeats_its_numbers(server, connect):
    server.create(pod("a"))
    backup = server.revision
    server.create(pod("b"))
    server.update({**pod("a"), "status": {"phase": "Failed"}})
    watch = connect(server).watch(PODS, resourceVersion=server.revision)
    wait_until(lambda: server.open_watches() == 1, "the watch")
    server.restore(backup)
    with pytest.raises(BROKEN):
        watch.next()
    found = connect(server).list(PODS)
    assert names(found) == ["a"] and revision_of(found) == backup
    assert found["items"][0]["status"] == {"phase": "Running"}
    assert revision_of(server.create(pod("c"))) == backup + 1


def test_who_does_not_read_loses_the_watch(make_server, connect):
    server = make_server(is_tls=False, watch_queue=10)
    big = {**pod("web-0"), "metadata": {"name": "web-0", "namespace": "shop", "annotations": {"x": "y" * 200_000}}}
    made = server.create(big)
    watch = connect(server).watch(PODS, resourceVersion=server.revision)
    wait_until(lambda: server.open_watches() == 1, "the watch")
    phases = iter(range(1000))
    wait_until(
        lambda: server.update({**made, "status": {"phase": str(next(phases))}}) and server.open_watches() == 0, "the end"
    )
    with pytest.raises(BROKEN):
        while watch.next():
            pass


def test_watches_that_a_client_leaves_are_over(server, connect):
    client = connect(server)
    client.watch(PODS)
    wait_until(lambda: server.open_watches("pods") == 1, "the watch")
    assert (server.count("watch", "pods"), server.count("list"), server.open_watches("services")) == (1, 0, 0)
    assert server.requests[-1].user_agent == "api-client"
    client.connection.sock.shutdown(2)
    wait_until(lambda: server.open_watches() == 0 and server.open_connections() == 0, "its end")


# --- what is on the wire

CONVERTED = {
    "Time": lambda message: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(message.seconds)),
    "IntOrString": lambda message: getattr(message, "strVal", None) or getattr(message, "str_val", None)
    or getattr(message, "intVal", None) or getattr(message, "int_val", None),
    "Quantity": lambda message: message.string,
    "FieldsV1": lambda message: json.loads(message.Raw),
}


def assert_same(message, obj, path=""):
    """That a message says nothing that its JSON does not, and every field that it has says the same."""
    for field, value in message.ListFields():
        here, written = f"{path}.{field.json_name}", obj.get(field.json_name)
        is_list = field.label == FieldDescriptor.LABEL_REPEATED
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            value = dict(value.items()) if hasattr(value, "items") else list(value) if is_list else value
            if is_list and field.message_type and field.message_type.fields_by_name["value"].message_type:
                value = {key: CONVERTED["Quantity"](inner) for key, inner in value.items()}
            # An empty value is left out in JSON.
            assert value == written or (not value and written is None), here
        elif field.message_type.name in CONVERTED:
            is_empty = not value.ListFields() and written is None
            is_zero = field.message_type.name == "IntOrString" and not written
            assert is_empty or is_zero or CONVERTED[field.message_type.name](value) == written, here
        elif is_list:
            assert len(value) == len(written), here
            for place, (inner, its) in enumerate(zip(value, written)):
                assert_same(inner, its, f"{here}[{place}]")
        else:
            assert_same(value, written or {}, here)
    told = {field.json_name for field, _ in message.ListFields()}
    known = {field.json_name for field in message.DESCRIPTOR.fields}
    missing = {name for name, value in obj.items() if name in known and name not in told and value not in (None, [], {})}
    assert not missing, f"{path}: {missing}"


@pytest.fixture
def cluster(server):
    made = KubeCluster(server, namespaces=("default", "shop"))
    ports = (("http", 80, "http"), ("dns", 53, 53, "UDP"))
    made.create_service("web", "shop", headless=True, ports=ports, dual_stack=True)
    made.create_stateful_set("web", "web", "shop", replicas=3, dual_stack=True)
    made.create_service("api", publish_not_ready=True, labels={"team": "red"})
    made.create_external_name("out", "example.com")
    return made


@pytest.mark.parametrize(
    "path, kind, ours",
    [
        ("/api/v1/namespaces", "Namespace", "core"), (SERVICES, "Service", "core"), (PODS, "Pod", "core"),
        (SLICES, "EndpointSlice", "discovery"), (SETS, "StatefulSet", "apps"),
    ],
)
def test_protobuf_and_json_say_the_same(server, cluster, connect, path, kind, ours):
    """To Google's classes of what the server writes, and to those of what podnamed reads, whose numbers were written
    down apart."""
    objects = connect(server).list(path)["items"]
    reply = connect(server, PROTOBUF).get(path)
    meta, raw = open_envelope(reply.body)
    assert (reply.headers["Content-Type"], meta.kind) == (PROTOBUF, f"{kind}List")
    items = fields_of(raw, 2)
    assert len(items) == len(objects) > 0
    for octets, obj in zip(items, objects):
        whole = message_class(f"kube.{kind}").FromString(octets)
        assert_same(whole, obj)
        assert not set(obj) - {field.name for field in whole.DESCRIPTOR.fields}
        assert_same(message_class(f"podnamed.k8s.{ours}.v1.{kind}").FromString(octets), obj)
    list_meta = message_class("kube.ListMeta").FromString(fields_of(raw, 1)[0])
    assert int(list_meta.resourceVersion) == server.revision
    server.bookmark_interval = 0.01
    watch = connect(server, PROTOBUF + ";stream=watch").watch(path, allowWatchBookmarks="true")
    for octets in items:
        event_type, (meta, raw) = watch.next()
        assert (event_type, meta.kind, raw) == ("ADDED", kind, octets)
    event_type, (meta, raw) = watch.next()
    bookmark = message_class(f"kube.{kind}").FromString(raw)
    assert (event_type, meta.kind, int(bookmark.metadata.resourceVersion)) == ("BOOKMARK", kind, server.revision)


def test_errors_are_in_the_clients_type(server, connect):
    client = connect(server, PROTOBUF)
    status = client.get(f"{SHOP_PODS}/none").message()
    assert (status.code, status.reason, status.details.name, status.details.kind) == (404, "NotFound", "none", "pods")
    server.faults.add(ErrorEvent(500, "InternalError", "etcd is away"))
    event_type, (meta, raw) = client.watch(PODS).next()
    assert (event_type, meta.kind) == ("ERROR", "Status")
    assert message_class("kube.Status").FromString(raw).message == "etcd is away"


@pytest.mark.parametrize(
    "accept, path, expected",
    [
        ("", PODS, JSON), ("*/*", PODS, JSON), ("application/*", PODS, JSON), (PROTOBUF, PODS, PROTOBUF),
        (f"{PROTOBUF},{JSON}", PODS, PROTOBUF), (f"{JSON};q=0.5, {PROTOBUF};q=0.9", PODS, PROTOBUF),
        (f"{PROTOBUF};q=0.1,{JSON}", PODS, JSON), (f"{PROTOBUF},{JSON}", IMPORTS, JSON), (f"{PROTOBUF};q=0", PODS, None),
        (f"{JSON};as=Table;v=v1;g=meta.k8s.io,{JSON}", PODS, JSON), (f"{JSON};as=Table;v=v1;g=meta.k8s.io", PODS, None),
        (PROTOBUF, IMPORTS, None), ("text/html", PODS, None),
    ],
)
def test_what_is_accepted(server, connect, accept, path, expected):
    reply = connect(server, accept).get(path)
    if expected:
        assert (reply.status, reply.headers["Content-Type"]) == (200, expected)
    elif accept == PROTOBUF:
        assert (reply.status, reply.message().reason) == (406, "NotAcceptable")
    else:
        assert_status(reply, 406, "NotAcceptable")


def test_a_big_list_is_packed_for_who_asks(server, connect):
    for number in range(300):
        server.create({**pod(f"web-{number}"), "status": {"message": "x" * 500}})
    client = connect(server)
    plain = client.get(PODS)
    packed = client.get(PODS, headers={"Accept-Encoding": "gzip"})
    assert (plain.headers["Content-Encoding"], packed.headers["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(packed.body) == plain.body and len(plain.body) > 128 * 1024
    assert plain.headers["Transfer-Encoding"] == "chunked"
    small = client.get(f"{SHOP_PODS}/web-0", headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] is None and small.headers["Content-Length"] == str(len(small.body))


# --- who is asking


def test_tokens_and_what_they_may_do(make_server, connect):
    server = make_server(tokens={"old": "system:serviceaccount:kube-system:podnamed"})
    client = connect(server, token="old")
    client.list(PODS)
    server.forbid("pods", "list")
    status = assert_status(client.get(PODS), 403, "Forbidden")
    who = 'User "system:serviceaccount:kube-system:podnamed"'
    assert status["message"] == (
        f'pods is forbidden: {who} cannot list resource "pods" in API group "" at the cluster scope'
    )
    assert_status(client.get(SHOP_PODS), 403, "Forbidden")
    assert client.get(SLICES).status == 200
    server.allow()
    client.list(PODS)
    server.tokens = {"new": "someone"}
    assert_status(client.get(PODS), 401, "Unauthorized")
    assert_status(connect(server).get(PODS), 401, "Unauthorized")
    connect(server, token="new").list(PODS)


def test_client_certificates(make_server, connect):
    server = make_server(tokens={"secret": "someone"}, has_client_certificates=True)
    connect(server, certificate=server.client_certificate("admin")).list(PODS)
    assert server.requests[-1].user == "admin"
    assert_status(connect(server).get(PODS), 401, "Unauthorized")


def test_the_certificate_changes_while_it_serves(server, connect):
    first = connect(server)
    first.list(PODS)
    server.change_certificate(names=("DNS:elsewhere",))
    first.list(PODS)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(server).get(PODS)
    server.change_certificate()
    connect(server).list(PODS)
    before = server.ca_path
    server.change_certificate(is_new_authority=True)
    assert server.ca_path != before
    connect(server).list(PODS)


# --- what goes wrong


def test_refusals_come_as_often_as_they_should(server, client):
    rule = server.faults.add(Refuse(429, retry_after=7), resource="pods", verb="list", times=2)
    assert client.get(SERVICES).status == 200
    for _ in range(2):
        reply = client.get(PODS)
        status = assert_status(reply, 429, "TooManyRequests")
        assert reply.headers["Retry-After"] == "7" and status["details"]["retryAfterSeconds"] == 7
    assert client.get(PODS).status == 200 and rule.hits == 2
    server.faults.add(Refuse(500), path="/services", times=None)
    assert [client.get(SERVICES).status for _ in range(3)] == [500] * 3
    server.faults.clear()
    server.faults.add(Refuse(503), times=None, probability=0.5)
    assert {client.get(SERVICES).status for _ in range(60)} == {200, 503}


@pytest.mark.parametrize("is_tls", [True, False])
def test_a_reset_in_the_middle_of_a_body(make_server, connect, is_tls):
    server = make_server(is_tls=is_tls)
    for number in range(20):
        server.create(pod(f"web-{number}"))
    server.faults.add(Reset(after=1000))
    response = connect(server).send(PODS)
    body = b""
    with pytest.raises(BROKEN if is_tls else ConnectionResetError):
        while piece := response.read1(100):
            body += piece
    assert len(body) == 1000
    assert len(connect(server).list(PODS)["items"]) == 20


def test_watches_that_end_at_once_or_say_nothing(server, connect):
    server.create(pod("web-0"))
    server.faults.add(EndAtOnce())
    client = connect(server)
    assert client.watch(PODS).next() is None
    server.faults.add(ErrorEvent(410))
    watch = client.watch(PODS)
    assert [kind for kind, _ in watch.take(1)] == ["ERROR"] and watch.next() is None
    server.faults.add(Mute())
    assert client.watch(PODS).is_silent_for(0.1)


def test_a_hanging_request(server, connect):
    server.faults.add(Hang(), resource="pods")
    with Client(server, timeout=0.1) as client, pytest.raises(TimeoutError):
        client.get(PODS)
    wait_until(lambda: server.open_connections() == 0, "the end of the client that went away")


def test_a_trickling_body(server, client):
    server.create(pod("web-0"))
    whole = client.get(PODS).body
    server.faults.add(Slow(bytes_per_second=4 * len(whole)))
    start = time.monotonic()
    assert client.get(PODS).body == whole
    assert time.monotonic() - start > 0.2


@pytest.mark.parametrize("media", [JSON, PROTOBUF])
def test_malformed_bodies_and_frames(server, connect, media):
    server.create(pod("web-0"))
    client = connect(server, media)
    server.faults.add(Malformed(), times=2)
    reply = client.get(PODS)
    unreadable = json.JSONDecodeError if media == JSON else DecodeError
    with pytest.raises((unreadable, UnicodeDecodeError)):
        reply.json() if media == JSON else reply.message()
    with pytest.raises(unreadable):
        client.watch(PODS).next()


def follow(server, selector, known, seen, is_done):
    """Lists and watches as clients do, from scratch where its revision is gone, until it has seen everything. `seen` has
    the revision so far."""
    revision = None
    while revision is None or not (is_done() and revision == server.revision):
        with Client(server) as client, contextlib.suppress(*BROKEN):
            if revision is None:
                pages = list(client.pages(PODS, limit=7, labelSelector=selector))
                known.clear()
                known.update((item["metadata"]["name"], item) for page in pages for item in page["items"])
                revision = revision_of(pages[0])
            watch = client.watch(
                PODS, resourceVersion=revision, labelSelector=selector, allowWatchBookmarks="true", timeoutSeconds=5
            )
            while not (is_done() and revision == server.revision) and (event := watch.next()):
                kind, obj = event
                if kind == "ERROR":
                    assert obj["code"] == 410
                    revision = None
                    break
                assert revision_of(obj) > revision or kind == "BOOKMARK"
                revision = seen[0] = revision_of(obj)
                if kind == "DELETED":
                    del known[obj["metadata"]["name"]]
                elif kind != "BOOKMARK":
                    assert (kind == "ADDED") == (obj["metadata"]["name"] not in known)
                    known[obj["metadata"]["name"]] = obj


def test_a_follower_loses_nothing_through_resets_and_compactions(make_server):
    server = make_server(bookmark_interval=0.01)
    server.faults.add(Reset(after=9000), times=None, verb="watch")
    known, seen, done, failures = {}, [0], threading.Event(), []

    def run():
        try:
            follow(server, "app=web", known, seen, done.is_set)
        except Exception as error:  # shown below, on the test's thread
            failures.append(error)

    follower = threading.Thread(target=run)
    follower.start()
    dice = random.Random(7)
    for step in range(1000):
        name, labels = f"web-{dice.randrange(30)}", {"app": dice.choice(("web", "db")), "step": str(step)}
        if step % 300 == 299:
            server.go_down()
        if server.peek("pods", "shop", name) is None:
            server.create(pod(name, **labels))
        elif dice.random() < 0.3:
            server.delete("pods", "shop", name)
        else:
            server.update(pod(name, **labels))
        if step % 300 == 299:
            server.compact()
            server.go_up()
        if step % 20 == 19:
            wait_until(lambda: failures or seen[0] == server.revision, "the follower")
    done.set()
    follower.join(timeout=20)
    assert not failures and not follower.is_alive(), failures
    stored = [obj for obj in server.objects("pods") if obj["metadata"]["labels"]["app"] == "web"]
    assert {name: revision_of(obj) for name, obj in known.items()} == {
        obj["metadata"]["name"]: revision_of(obj) for obj in stored
    }
    assert server.count("watch") > 10 and server.count("list") > 3


def test_a_restart_cuts_everything_and_keeps_the_port(server, connect):
    server.create(pod("web-0"))
    port = server.port
    watch = connect(server).watch(PODS, resourceVersion=server.revision)
    wait_until(lambda: server.open_watches() == 1, "the watch")
    server.go_down()
    with pytest.raises(BROKEN):
        watch.next()
    with pytest.raises(ConnectionRefusedError):
        connect(server).get(PODS)
    server.go_up()
    assert server.port == port and names(connect(server).list(PODS)) == ["web-0"]


def test_a_server_that_lags_behind_its_client_answers_others(make_server, connect):
    """A bookmark is due which it has not to give."""
    server = make_server(backends=1, bookmark_interval=0.01)
    server.create(pod("a"))
    watch = connect(server).watch(PODS, resourceVersion=server.revision, allowWatchBookmarks="true")
    assert watch.brief(1) == [("BOOKMARK", None, server.revision)]
    server.lag(0, 1)
    assert watch.is_silent_for(0.05)
    assert names(connect(server).list(PODS)) == ["a"]


def test_servers_behind_one_address_lag_each_other(make_server, connect):
    server = make_server(backends=2)
    clients = [connect(server), connect(server)]
    for client in clients:
        client.list(PODS)  # the first connection is the first server's, and so on
    server.create(pod("a"))
    server.lag(1, 1)
    server.create(pod("b"))
    assert names(clients[0].list(PODS, resourceVersion=0)) == ["a", "b"]
    assert names(clients[1].list(PODS, resourceVersion=0)) == ["a"]
    assert names(clients[1].list(PODS)) == ["a", "b"], "a read without a revision is the newest on any server"
    watch = clients[1].watch(PODS, resourceVersion=server.revision - 2)
    assert [name for _, name, _ in watch.brief(1)] == ["a"]
    assert watch.is_silent_for(0.05)
    server.lag(1, 0)


def test_plain_http_and_other_methods(make_server, connect):
    client = connect(make_server(is_tls=False))
    assert client.list(PODS)["items"] == []
    assert client.send(PODS, method="DELETE").status == 405


# --- the cluster on top


def slices_of(server, name, namespace="default"):
    return [
        obj for obj in server.objects("endpointslices")
        if obj["metadata"]["namespace"] == namespace and obj["metadata"]["labels"]["kubernetes.io/service-name"] == name
    ]


def model_of_slices(server):
    """Headless names as their slices have them: what the model must agree with, by another way."""
    found = {}
    for obj in server.objects("endpointslices"):
        if "service.kubernetes.io/headless" not in obj["metadata"]["labels"]:
            continue
        rdtype = "AAAA" if obj["addressType"] == "IPv6" else "A"
        service = f"{obj['metadata']['labels']['kubernetes.io/service-name']}.{obj['metadata']['namespace']}"
        for endpoint in obj["endpoints"] or ():
            if endpoint["conditions"]["ready"]:
                hosts = [service] + ([f"{endpoint['hostname']}.{service}"] if "hostname" in endpoint else [])
                for host in hosts:
                    found.setdefault((f"{host}.svc.cluster.local.", rdtype), set()).update(endpoint["addresses"])
    return found


def assert_model_is_the_slices(cluster):
    model = cluster.model()
    for name in cluster.server.objects("services"):
        if name["spec"].get("clusterIP") != "None":
            host = f"{name['metadata']['name']}.{name['metadata']['namespace']}.svc.cluster.local."
            model = {key: value for key, value in model.items() if key[0] != host}
    assert model == model_of_slices(cluster.server)


def test_a_clusters_pods_are_named_in_order(server, cluster):
    pods = [obj for obj in server.objects("pods") if obj["metadata"]["namespace"] == "shop"]
    for ordinal, obj in enumerate(pods):
        labels, spec = obj["metadata"]["labels"], obj["spec"]
        assert labels["apps.kubernetes.io/pod-index"] == str(ordinal)
        assert labels["statefulset.kubernetes.io/pod-name"] == spec["hostname"] == f"web-{ordinal}"
        assert spec["subdomain"] == "web" and obj["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"
    four, six = slices_of(server, "web", "shop")
    assert {four["addressType"], six["addressType"]} == {"IPv4", "IPv6"}
    assert [endpoint["hostname"] for endpoint in four["endpoints"]] == ["web-0", "web-1", "web-2"]
    assert [port["port"] for port in four["ports"]] == [8080, 53]
    assert four["metadata"]["name"].startswith(four["metadata"]["generateName"])
    assert cluster.model()["web-1.web.shop.svc.cluster.local.", "A"] == {cluster.pod_addresses("web-1", "shop")[0]}
    assert cluster.model()["out.default.svc.cluster.local.", "CNAME"] == {"example.com."}
    assert_model_is_the_slices(cluster)
    placeholder, = slices_of(server, "api")
    assert (placeholder["endpoints"], placeholder["ports"]) == (None, None)


def test_every_step_of_an_update_keeps_slices_and_model_together(server, cluster):
    uids = {obj["metadata"]["uid"] for obj in server.objects("pods")}
    slices = [obj["metadata"]["uid"] for obj in slices_of(server, "web", "shop")]
    steps = []
    for step in cluster.rolling_update("web", "shop"):
        steps.append(step)
        assert_model_is_the_slices(cluster)
    assert steps[:4] == [("web-2", step) for step in ("terminating", "gone", "running", "ready")] and len(steps) == 12
    assert not uids & {obj["metadata"]["uid"] for obj in server.objects("pods")}
    assert slices == [obj["metadata"]["uid"] for obj in slices_of(server, "web", "shop")], "changed in place"
    cluster.scale("web", 1, "shop")
    cluster.move_pod("web-0", "shop")
    cluster.replace_pod("web-0", "shop", ready=False)
    assert_model_is_the_slices(cluster)
    assert ("web.shop.svc.cluster.local.", "A") not in cluster.model()
    backup = server.revision
    cluster.delete_stateful_set("web", "shop")
    cluster.delete_service("web", "shop")
    assert slices_of(server, "web", "shop") == []
    server.restore(backup)
    cluster.resync()
    cluster.set_ready("web-0", "shop")
    assert_model_is_the_slices(cluster)
    cluster.delete_namespace("shop")
    assert [name for name, _ in cluster.model() if ".shop." in name] == []
    kinds = ("pods", "services", "endpointslices", "statefulsets", "namespaces")
    assert not [obj for kind in kinds for obj in server.objects(kind) if "shop" in str(obj["metadata"])]


def test_slices_hold_a_hundred_and_change_by_few_writes(server):
    cluster = KubeCluster(server)
    cluster.create_service("web", headless=True)
    names_of_pods = [f"web-{number}" for number in range(130)]
    for name in names_of_pods:
        cluster.create_pod(name, labels={"app": "web"})
    assert sorted(len(obj["endpoints"]) for obj in slices_of(server, "web")) == [30, 100]
    before = server.revision
    cluster.set_ready(names_of_pods[7], ready=False)
    assert server.revision == before + 2, "the pod and one slice"
    for name in names_of_pods[:100]:
        cluster.delete_pod(name)
    assert sum(len(obj["endpoints"]) for obj in slices_of(server, "web")) == 30
    assert_model_is_the_slices(cluster)
    cluster.update_service("web", publishNotReadyAddresses=True)
    cluster.set_ready(names_of_pods[-1], ready=False)
    assert_model_is_the_slices(cluster)


def test_a_large_cluster_changes_at_its_pace(server, connect):
    cluster = LargeCluster(server, namespaces=2, cluster_services=3, sets=2, pods=20)
    assert cluster.size() == 80 and len(server.objects("services")) == 14 and len(server.objects("endpointslices")) == 14
    watch = connect(server, timeout=10).watch(SLICES, resourceVersion=server.revision)
    wait_until(lambda: server.open_watches() == 1, "the watch")
    start, changes = time.monotonic(), cluster.change_pods(1000, 0.5)
    assert len(changes) == 500 and 0.49 < time.monotonic() - start < 2
    last = None
    while last != server.revision:
        _, obj = watch.next()
        last = revision_of(obj)
    final = {change.name: change.address for change in changes}
    for name, address in final.items():
        pod_name, _, namespace, *_ = name.split(".")
        assert server.peek("pods", namespace, pod_name)["status"]["podIP"] == address
    told = model_of_slices(server)
    assert all(told[name, "A"] == {address} for name, address in final.items())


# --- kubectl


@pytest.fixture
def kubectl(server, tmp_path):
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    config = server.write_kubeconfig(tmp_path / "kubeconfig")
    words = ["kubectl", "--kubeconfig", config, "--cache-dir", str(tmp_path / "cache")]
    return lambda *more: [*words, *more]


def said(words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout + done.stderr


def test_kubectl_reads_the_cluster(server, cluster, kubectl):
    code, output = said(kubectl("get", "pods", "-A", "--chunk-size=2", "-l", "app=web", "-o", "name"))
    assert (code, output.split()) == (0, ["pod/web-0", "pod/web-1", "pod/web-2"]), output
    assert server.count("list", "pods") == 2
    code, output = said(kubectl("get", "pod", "web-0", "-n", "shop", "-o", "json"))
    shown, stored = json.loads(output), server.get("pods", "shop", "web-0")
    shown["metadata"].pop("managedFields", None)  # newer ones hide it
    del stored["metadata"]["managedFields"]
    assert shown == stored
    code, output = said(kubectl("get", "endpointslices,svc,sts", "-n", "shop", "-o", "name"))
    assert code == 0 and len(output.split()) == 4, output
    assert said(kubectl("get", "pod", "none")) == (1, 'Error from server (NotFound): pods "none" not found\n')
    server.forbid("pods")
    code, output = said(kubectl("get", "pods", "-n", "shop"))
    assert code == 1 and 'Error from server (Forbidden): pods is forbidden: User "system:anonymous"' in output


def test_kubectl_watches_the_cluster(server, cluster, kubectl):
    words = kubectl("get", "pods", "-n", "shop", "--watch-only", "--output-watch-events", "--no-headers")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: server.open_watches("pods") == 1, "kubectl's watch")
            cluster.move_pod("web-0", "shop")
            assert process.stdout.readline().split()[:2] == ["MODIFIED", "web-0"]
            cluster.remove_pod("web-0", "shop")
            assert process.stdout.readline().split()[:2] == ["DELETED", "web-0"]
        finally:
            process.terminate()


def test_kubectl_finds_what_a_deployment_is_made_of(kubectl, tmp_path):
    kinds = (
        ("v1", "Namespace"), ("v1", "ServiceAccount"), ("v1", "ConfigMap"), ("v1", "Service"), ("apps/v1", "Deployment"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"), ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io/v1", "Role"), ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ("policy/v1", "PodDisruptionBudget"),
    )
    text = "apiVersion: {}\nkind: {}\nmetadata: {{name: podnamed, namespace: default}}\n"
    objects = [text.format(*kind) for kind in kinds]
    directory = tmp_path / "kustomize"
    directory.mkdir()
    (directory / "all.yaml").write_text("---\n".join(objects))
    (directory / "kustomization.yaml").write_text("resources: [all.yaml]\n")
    code, output = said(kubectl("apply", "--dry-run=client", "--validate=false", "-k", str(directory)))
    assert code == 0, output
    assert output.count("created (dry run)") == len(kinds), output
