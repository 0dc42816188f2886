"""An API server that fails, as an operator meets it: what clients are told meanwhile and afterwards, and what the log
says to whoever has to put it right. Nothing is ever restarted for it."""

import re
import time
import urllib.request

import dns.edns
import pytest

from conftest import free_port
from harness.api_faults import EndAtOnce, ErrorEvent, Malformed, Mute, Refuse, Reset, Slow
from harness.kube_lab import ZONE, KubeLab, follows, full
from harness.metrics import parse
from harness.name_watch import NameWatch
from harness.waiting import wait_until

NGINX, WEB_0, WEB_1 = full("nginx"), full("web-0.nginx"), full("web-1.nginx")
KINDS = ("namespaces", "services", "endpointslices")


@pytest.fixture
def make_kube(lab):
    made = []

    def make(**options):
        made.append(KubeLab(lab, **options))
        return made[-1]

    yield make
    for kube in made:
        kube.close()


@pytest.fixture
def kube(make_kube):
    """The lecture's cluster."""
    made = make_kube()
    made.nginx()
    return made


@pytest.fixture
def server(kube):
    """podnamed that follows it, in front of which it then fails."""
    running = kube.embedded()
    running.wait_for(WEB_0, kube.addresses("web-0"))
    return running


def goes_on(kube, server):
    """The end of each story: what happens in the cluster is answered again."""
    kube.cluster.move_pod("web-1")
    server.wait_for(WEB_1, kube.addresses("web-1"), timeout=30.0)


def wait_for_again(server, *kinds):
    for kind in kinds or KINDS:
        server.wait_for_log(f"{kind}: following API server .* again", timeout=30.0)


# --- not there


def test_down_at_the_start(kube):
    """Names are SERVFAIL, for nobody knows; when it comes they are answered, with nothing to restart."""
    kube.api.go_down()
    server = kube.embedded("startup_timeout 100ms")
    server.wait_for_log(r"is not known after 100ms \(startup_timeout\); until it is, its names are SERVFAIL")
    server.wait_for_log(r"services: API server 127\.0\.0\.1:\d+: cannot connect: Connection refused")
    assert server.addresses(WEB_0) == server.addresses(full("nobody")) == "SERVFAIL"
    with NameWatch(server, WEB_0) as watch:
        kube.api.go_up()
        server.wait_for(WEB_0, kube.addresses("web-0"))
        watch.see()
    assert watch.of(WEB_0) in (["SERVFAIL", kube.addresses("web-0")], [kube.addresses("web-0")])
    goes_on(kube, server)


def test_down_later(kube, server):
    """Every answer stays as it was; what happened meanwhile is there soon after it is back, in its order."""
    old = kube.addresses("web-0")
    with NameWatch(server, WEB_0, full("nobody")) as watch:
        kube.api.go_down()
        server.wait_for_log("services: API server .* cannot connect: Connection refused")
        kube.cluster.replace_pod("web-0")
        kube.cluster.delete_pod("web-2")
        watch.see()
        assert watch.of(WEB_0) == [old]
        kube.api.go_up()
        server.wait_for(WEB_0, kube.addresses("web-0"))
        watch.see()
    assert [answer for answer in watch.of(WEB_0) if answer != "NXDOMAIN"] == [old, kube.addresses("web-0")]
    assert watch.of(full("nobody")) == ["NXDOMAIN"]
    assert server.addresses(NGINX) == kube.addresses("web-0", "web-1")
    wait_for_again(server)
    assert len(server.log().splitlines()) < 40, "a failure is said once, not at each attempt"


def reasons(server, name):
    """The extended DNS errors of a reply (RFC 8914), as (code, text)."""
    reply = server.ask(name, use_edns=0)
    return [(option.code, option.text) for option in reply.options if option.otype == dns.edns.OptionType.EDE]


def measured(lab, name, source):
    """podnamed with a page of metrics: the server, and what reads the value of one."""
    port, page = free_port(), free_port()
    corefile = f"""cluster.local:{port} {{
    bind 127.0.0.1
    kubernetes {{
        {source}
    }}
    prometheus 127.0.0.1:{page}
}}
"""

    def value(metric):
        with urllib.request.urlopen(f"http://127.0.0.1:{page}/metrics", timeout=5) as reply:
            (found,) = parse(reply.read().decode()).series(metric).values()
        return found

    return lab.serve(corefile, port, name), value


def test_down_for_longer_than_a_moment(kube, lab):
    """Answers go on, and from a grace on they say for how long nothing was heard; so does whoever is asked how it does.
    With the controller in podnamed's own process and with one beside it."""
    feed = f"unix://{lab.directory}/feed.sock"
    lab.controller("controller", feed, ("-kubernetes", "-kubeconfig", kube.kubeconfig()))
    servers = [
        measured(lab, "embedded", f"kubeconfig {kube.kubeconfig('embedded.kubeconfig')}"),
        measured(lab, "fed", f"feed {feed}"),
    ]
    for server, value in servers:
        server.wait_for(WEB_0, kube.addresses("web-0"))
        assert reasons(server, WEB_0) == []
        assert (value("podnamed_feed_stale_seconds"), value("podnamed_feed_synced")) == (0, 1)
        assert "STALE" not in server.ctl("status")[1]
    old = kube.addresses("web-0")
    down = time.monotonic()
    kube.api.go_down()
    kube.cluster.replace_pod("web-0")
    for server, value in servers:
        wait_until(lambda asked=server: reasons(asked, WEB_0), "an answer that says that it is stale", timeout=30.0)
        assert time.monotonic() - down > 14.0, "a shorter interruption is none"
        codes = {WEB_0: dns.edns.EDECode.STALE_ANSWER, full("nobody"): dns.edns.EDECode.STALE_NXDOMAIN_ANSWER}
        for name, code in codes.items():
            ((found, text),) = reasons(server, name)
            assert found == code and re.match(r"stale: cluster not followed for (1[4-9]|[2-9][0-9]) s", text), text
        assert server.addresses(WEB_0) == old
        assert value("podnamed_feed_stale_seconds") >= 14 and value("podnamed_feed_synced") == 0
        status = server.ctl_json("status")["clusters"][0]
        assert status["connected"] and "Connection refused" in status["lostSource"]["why"]
        assert re.search(r"STALE +the controller has lost its API server for \d+s: .*refused", server.ctl("status")[1])
        server.wait_for_log(r"the controller has lost its source 1[5-9]s ago: .* Connection refused; answers go on")
    kube.api.go_up()
    for server, value in servers:
        server.wait_for(WEB_0, kube.addresses("web-0"), timeout=40.0)
        wait_until(lambda asked=server: reasons(asked, WEB_0) == [], "an answer that is fresh again", timeout=40.0)
        assert (value("podnamed_feed_stale_seconds"), value("podnamed_feed_synced")) == (0, 1)
        assert "lostSource" not in server.ctl_json("status")["clusters"][0]


def test_a_short_interruption_makes_nothing_stale(kube, server):
    """A server that is away for some seconds, and has forgotten our versions when it comes back."""
    kube.api.go_down()
    server.wait_for_log("services: API server .* cannot connect: Connection refused")
    kube.cluster.move_pod("web-1")
    kube.api.compact()
    down = time.monotonic()
    wait_until(lambda: time.monotonic() - down > 3.0 or reasons(server, WEB_0), "three seconds of it")
    kube.api.go_up()
    wait_until(lambda: "services: following" in server.log() or reasons(server, WEB_0), "it is followed", timeout=30.0)
    goes_on(kube, server)
    assert reasons(server, WEB_0) == []
    assert "has lost its source" not in server.log()


@pytest.mark.parametrize("after", [1, 100, 700])
def test_it_stops_in_the_middle_of_a_frame(kube, server, after):
    """The connection is reset when so much of a watch has been read."""
    with NameWatch(server, WEB_0) as watch:
        rule = kube.api.faults.add(Reset(after), resource="endpointslices", verb="watch")
        kube.api.cut_connections()
        kube.cluster.move_pod("web-1")
        wait_until(lambda: rule.hits == 1, "it is met")
        goes_on(kube, server)
    assert watch.of(WEB_0) == [kube.addresses("web-0")]
    server.wait_for_log("endpointslices: API server .*: the reply broke off: ")


def test_a_slow_server(kube):
    """A list that takes its time: nothing of it is told before all of it is there."""
    kube.api.faults.add(Slow(6000), resource="endpointslices", times=None)
    server = kube.embedded("startup_timeout 0s")
    with NameWatch(server, NGINX, WEB_0) as watch:
        server.wait_for(NGINX, kube.addresses("web-0", "web-1", "web-2"))
    assert watch.of(NGINX) in (["SERVFAIL", kube.addresses("web-0", "web-1", "web-2")],)
    assert watch.of(WEB_0) == ["SERVFAIL", kube.addresses("web-0")]
    goes_on(kube, server)


def test_a_server_that_goes_silent_in_a_list(kube):
    """It accepts, answers 200, and never says a word: after ten seconds podnamed asks in another way."""
    kube.api.faults.add(Mute(), resource="services", verb="watch")
    server = kube.embedded("startup_timeout 0s")
    assert server.addresses(WEB_0) == "SERVFAIL"
    server.wait_for_log("services: listing in pages: no streaming lists: its initial events have no end")
    server.wait_for(WEB_0, kube.addresses("web-0"))
    goes_on(kube, server)


# --- it refuses


@pytest.mark.parametrize("fault, said", [
    (Refuse(500, message="etcd has no leader"), "has answered 500 InternalError: etcd has no leader"),
    (Refuse(503), "has answered 503 ServiceUnavailable: the test says no"),
    (Refuse(504), "has answered 504 Timeout: the test says no"),
    (ErrorEvent(500, "InternalError", "watch cache is not ready"), "500 InternalError: watch cache is not ready"),
    (Malformed(), "a reply that is not what the Kubernetes API sends: a watch event"),
], ids=["500", "503", "504", "error-event", "malformed"])
def test_it_fails_for_a_while(kube, server, fault, said):
    with NameWatch(server, WEB_0) as watch:
        rules = [
            kube.api.faults.add(fault, resource=kind, verb="watch", times=3)
            for kind in ("services", "endpointslices")
        ]
        kube.api.cut_connections()
        wait_until(lambda: all(rule.hits == 3 for rule in rules), "it has failed", timeout=30.0)
        goes_on(kube, server)
    server.wait_for_log(f"services: .*{said}")
    wait_for_again(server, "services", "endpointslices")
    assert watch.of(WEB_0) == [kube.addresses("web-0")]


def test_it_asks_for_patience(kube, server):
    """429 with Retry-After: it is asked again when it said, and not before."""
    rule = kube.api.faults.add(
        Refuse(429, message="too many requests", retry_after=2), resource="endpointslices", times=1
    )
    kube.api.cut_connections()
    wait_until(lambda: rule.hits == 1, "it is asked")
    refused = time.monotonic()
    kube.cluster.move_pod("web-1")
    server.wait_for_log("endpointslices: API server .* has answered 429 TooManyRequests: too many requests")
    server.wait_for(WEB_1, kube.addresses("web-1"))
    assert 1.8 < time.monotonic() - refused < 6.0


def test_one_kind_is_forbidden(kube, server):
    """A role that lacks a line: the kind and what to grant are named, and the others go on."""
    kube.api.forbid("services")
    kube.api.cut_connections()
    server.wait_for_log(
        r"services: API server \S+ does not let us (list|watch) services \(403 Forbidden: services is forbidden: User "
        r'"podnamed" cannot .*\): grant list and watch on services in a ClusterRole'
    )
    goes_on(kube, server)
    assert server.addresses(WEB_0) == kube.addresses("web-0")
    assert not re.search("(namespaces|endpointslices): .* does not let us", server.log())
    assert sum(request.code == 403 for request in kube.api.requests) <= 2, "a person has to act: no hurry"


def test_one_kind_is_forbidden_from_the_start(kube):
    """What is not known whole is not answered from: SERVFAIL, not a part of the truth."""
    kube.api.forbid("endpointslices")
    server = kube.embedded("startup_timeout 100ms")
    server.wait_for_log("grant list and watch on endpointslices in a ClusterRole")
    assert server.addresses(WEB_0) == server.addresses(NGINX) == "SERVFAIL"


def test_a_kind_that_the_cluster_does_not_have(kube):
    """multicluster without its CustomResourceDefinition."""
    kube.api.faults.add(Refuse(404, message="the server could not find it"), resource="serviceimports", times=None)
    server = kube.embedded(
        "startup_timeout 100ms", "multicluster clusterset.local", zones="cluster.local clusterset.local"
    )
    server.wait_for_log(
        r"serviceimports: API server \S+ has no serviceimports at /apis/multicluster.x-k8s.io/v1alpha1/serviceimports "
        r"\(404 .*\): is its API enabled, or its CustomResourceDefinition installed\?"
    )


# --- it has forgotten


@pytest.mark.parametrize("expired_as_status", [False, True], ids=["event", "status"])
def test_the_version_of_a_watch_has_expired(make_kube, expired_as_status):
    """410: all is listed again, and no answer is wrong meanwhile."""
    kube = make_kube(expired_as_status=expired_as_status)
    kube.nginx()
    server = kube.embedded()
    server.wait_for(WEB_0, kube.addresses("web-0"))
    with NameWatch(server, WEB_0) as watch:
        kube.api.go_down()
        kube.cluster.scale("web", 2)
        kube.cluster.move_pod("web-1")
        kube.api.compact()
        kube.api.go_up()
        server.wait_for(NGINX, kube.addresses("web-0", "web-1"))
        server.wait_for_log("endpointslices: API server .*: 410 Expired: too old resource version.*; listing again")
        goes_on(kube, server)
    assert watch.of(WEB_0) == [kube.addresses("web-0")]


def test_the_version_of_a_list_has_expired(make_kube):
    """A large cluster of an old server, whose pages expire under way: all again, in larger pages, and packed."""
    kube = make_kube(has_watch_list=False)
    kube.nginx()
    for number in range(1100):
        kube.cluster.create_external_name(f"out-{number}", f"host-{number}.example.com")
    rule = kube.api.faults.add(Refuse(410), resource="services", verb="list", path="continue=", times=1)
    server = kube.embedded()
    server.wait_for(WEB_0, kube.addresses("web-0"))
    assert rule.hits == 1
    assert server.addresses(full("out-1099"), "CNAME") == ["host-1099.example.com."]
    pages = [r for r in kube.api.requests if (r.resource, r.verb) == ("services", "list")]
    limits = [int(request.parameters["limit"]) for request in pages]
    assert limits[:2] == [500, 500] and limits[2] > 1100, limits
    assert pages[-1].is_packed
    goes_on(kube, server)


@pytest.mark.parametrize("options", [
    {"speaks_protobuf": False}, {"has_watch_list": False}, {"speaks_protobuf": False, "has_watch_list": False},
    {"bookmark_interval": 0.02}, {"is_tls": False},
], ids=["json", "no-watch-list", "neither", "many-bookmarks", "plain"])
def test_servers_of_other_kinds(make_kube, options):
    kube = make_kube(**options)
    kube.nginx()
    server = kube.embedded()
    server.wait_for(NGINX, kube.addresses("web-0", "web-1", "web-2"))
    lists = {kind: kube.api.count("list", kind) for kind in KINDS}
    assert lists == dict.fromkeys(KINDS, 0 if options.get("has_watch_list", True) else 1)
    kube.cluster.replace_pod("web-0")
    follows(server, "web-0.nginx", kube.addresses("web-0"))
    kube.cluster.delete_pod("web-2")
    follows(server, "web-2.nginx", "NXDOMAIN")
    kube.api.restart()
    goes_on(kube, server)


def test_watches_that_end_at_once(kube, server):
    """Again and again, for as long as it is asked: it is asked ever less often."""
    before = len(kube.api.requests)
    kube.api.faults.add(EndAtOnce(), verb="watch", times=None)
    kube.api.cut_connections()
    with NameWatch(server, WEB_0) as watch:
        begun = time.monotonic()
        wait_until(lambda: time.monotonic() - begun > 4.0, "four seconds of it", timeout=6.0)
        asked = len(kube.api.requests) - before
    # Each kind by itself: 0.1 to 0.2 s at first, then up to twice as long each time; and asks where the server is.
    assert 3 * len(KINDS) <= asked <= 14 * len(KINDS), asked
    assert watch.of(WEB_0) == [kube.addresses("web-0")]
    kube.api.faults.clear()
    goes_on(kube, server)


def test_backends_that_lag(make_kube):
    """Three API servers behind one address, two of them behind the times: whichever takes the connection, no name goes
    back to where it was."""
    kube = make_kube(backends=3)
    kube.nginx()
    server = kube.embedded()
    had = [kube.addresses("web-0")]
    server.wait_for(WEB_0, had[-1])
    with NameWatch(server, WEB_0) as watch:
        for step in range(8):
            kube.api.lag(0, 4)
            kube.api.lag(1, 9)
            kube.api.choose_backend = lambda number, at=step: kube.api.backends[(number + at) % 3]
            kube.cluster.move_pod("web-0")
            had.append(kube.addresses("web-0"))
            kube.api.cut_connections()
            watch.see(20)
            kube.api.lag(0, 0)
            kube.api.lag(1, 0)
        server.wait_for(WEB_0, had[-1], timeout=40.0)
    order = [had.index(answer) for answer in watch.of(WEB_0)]
    assert order == sorted(order)


# --- it has lost its memory: the test needs more than removal_hold.h lets pass


@pytest.fixture
def restored(make_kube):
    """An API server that is restored from a backup which knows nothing of web's 110 pods, nor of the 150 Services
    beside them; and podnamed, which does and holds them."""
    kube = make_kube()
    backup = kube.api.revision
    kube.nginx(replicas=110)
    for number in range(150):
        kube.cluster.create_external_name(f"out-{number}", "example.com")
    server = kube.embedded()
    server.wait_for(WEB_0, kube.addresses("web-0"))
    known = kube.addresses("web-0")
    kube.api.restore(backup)
    kube.cluster.resync()
    server.wait_for_log(r"services: API server \S+ is at resourceVersion \d+ and was at \d+: restored from a backup\?")
    server.wait_for_log(
        r"HOLDING the removal of \d+ of \d+ records, which API server \S+ does not have any more: .*; they answer as "
        r"before until a second list says the same"
    )
    return kube, server, known


def test_a_second_list_says_that_it_is_gone(restored):
    """What the cluster has now is answered at once; what it has not any more goes with the second list only."""
    kube, server, known = restored
    with NameWatch(server, full("out-7"), WEB_0) as watch:
        address = kube.cluster.create_service("new")["spec"]["clusterIP"]
        follows(server, "new", [address])
        assert server.addresses(full("out-7"), "CNAME") == ["example.com."]
        server.wait_for_log(r"removing \d+ records that were held: a second list has said the same", timeout=20.0)
        server.wait_for(full("out-7"), "NXDOMAIN", "CNAME")
        server.wait_for(WEB_0, "NXDOMAIN")
        watch.see(3)
    assert watch.of(WEB_0) == [known, "NXDOMAIN"]
    assert server.addresses(full("new")) == [address]


def test_what_comes_back_was_never_gone(restored):
    """Somebody applies the manifests again: names move to the new addresses, and not one was unknown in between."""
    kube, server, known = restored
    with NameWatch(server, WEB_0) as watch:
        watch.see(1)
        for number in range(150):
            kube.cluster.create_external_name(f"out-{number}", "example.com")
        kube.nginx(replicas=110)
        server.wait_for(full("web-109.nginx"), kube.addresses("web-109"))
        server.wait_for_log("what was held has come back: nothing is removed")
    assert watch.of(WEB_0) == [known, kube.addresses("web-0")]
    assert server.addresses(full("out-149"), "CNAME") == ["example.com."]


def test_a_thousand_namespaces_go_at_once(make_kube):
    """Half of a large cluster: who asks meanwhile is answered, and rightly; in the end they are gone and the rest is
    there."""
    kube = make_kube()
    kube.nginx()
    for number in range(1500):
        kube.cluster.create_namespace(f"team-{number}")
        kube.cluster.create_external_name("out", "example.com", f"team-{number}")
    server = kube.embedded()
    server.wait_for(WEB_0, kube.addresses("web-0"))
    with NameWatch(server, WEB_0, full("out.team-1499.svc")) as watch:
        for number in range(1000):
            kube.api.delete("services", f"team-{number}", "out")
            kube.api.delete("namespaces", "", f"team-{number}")
        server.wait_for(f"team-999.{ZONE}", "NXDOMAIN")
        goes_on(kube, server)
    assert watch.of(WEB_0) == [kube.addresses("web-0")]
    assert max(after - before for before, after, _ in watch.answers[WEB_0]) < 1.0
    assert server.addresses(full("out.team-998.svc"), "CNAME") == "NXDOMAIN"
    assert server.addresses(full("out.team-1000.svc"), "CNAME") == ["example.com."]
    status = server.ctl_json("status")["clusters"][0]
    assert (status["namespaces"], status["services"]) == ("501", "501"), status
