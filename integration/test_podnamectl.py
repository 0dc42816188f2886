"""podnamectl on real servers: what it shows of a cluster, why names do not resolve, and when nobody answers."""

import json
import os
import shutil
import signal
import stat
import subprocess

import pytest

from conftest import free_port
from harness.manifests import cluster_ip, headless, pod
from harness.programs import BINARIES, Program
from harness.waiting import wait_until

PODNAMECTL = os.path.join(BINARIES, "podnamectl")
ZONE = "svc.cluster.local"


def ctl(*words, **options):
    done = subprocess.run([PODNAMECTL, *words], capture_output=True, text=True, timeout=20, check=False, **options)
    return done.returncode, done.stdout, done.stderr


def write_cluster(lab):
    lab.manifests.write(
        "nginx.yaml",
        headless("nginx"),
        pod("web-0", "10.244.1.10", "nginx"),
        pod("web-1", "10.244.1.11", "nginx", ready=False),
    )
    lab.manifests.write(
        "shop.yaml",
        cluster_ip("cart", "10.96.0.5", namespace="shop"),
        pod("till-0", "10.244.2.1", "none", namespace="shop"),
    )


@pytest.fixture
def server(lab):
    write_cluster(lab)
    running = lab.podnamed()
    running.wait_for(f"web-0.nginx.default.{ZONE}.", ["10.244.1.10"])
    return running


@pytest.fixture
def fed(lab):
    """A server with its controller beside it."""
    write_cluster(lab)
    controller = lab.controller()
    running = lab.podnamed(lab.feed_source())
    running.wait_for(f"web-0.nginx.default.{ZONE}.", ["10.244.1.10"])
    return running, controller


def steps(explained):
    return [(step["name"], step["verdict"]) for step in explained["steps"]]


def test_a_cluster_that_was_always_empty_has_never_changed(lab):
    empty = lab.podnamed()
    empty.wait_for_log("is serving")
    wait_until(lambda: empty.ctl_json("status")["clusters"][0]["synced"], "the empty state")
    (cluster,) = empty.ctl_json("status")["clusters"]
    assert "changedAt" not in cluster and cluster["position"]["revision"] == "0", cluster
    code, text = empty.ctl("status")
    assert code == 0 and ", never changed" in text and "1970" not in text, text
    write_cluster(lab)
    empty.wait_for(f"web-0.nginx.default.{ZONE}.", ["10.244.1.10"])
    assert "changedAt" in empty.ctl_json("status")["clusters"][0] and "never" not in empty.ctl("status")[1]


def test_status(server, lab):
    code, text = server.ctl("status")
    assert code == 0
    for expected in ("2 workers", "cluster.local.", f"127.0.0.1:{server.port}", "synced, revision 1", "connected"):
        assert expected in text
    status = server.ctl_json("status")
    (cluster,) = status["clusters"]
    assert cluster["source"] == f"manifests {lab.cluster_directory}"
    assert (cluster["synced"], cluster["connected"], cluster["lastError"]) == (True, True, "")
    assert len(cluster["position"]["epoch"]) == 32 and cluster["position"]["revision"] == "1"
    counts = {name: int(cluster[name]) for name in ("namespaces", "services", "identities", "unselectedPods")}
    assert counts == {"namespaces": 2, "services": 2, "identities": 2, "unselectedPods": 1}


def test_the_socket_is_for_its_owner_and_goes_with_the_server(server):
    path = server.inspect.removeprefix("unix://")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    server.stop()
    assert not os.path.exists(path)


def test_a_socket_that_a_dead_server_left_is_replaced(lab):
    dead = lab.podnamed(name="dead")
    dead.wait_for_log("is serving")
    dead.kill()
    assert dead.ctl("status")[0] == 1
    again = lab.podnamed(flags=("-inspect", dead.inspect))
    again.wait_for_log("is serving")
    assert dead.ctl("status")[0] == 0


def test_lookup(server):
    code, text = server.ctl("lookup", f"web-0.nginx.default.{ZONE}")
    assert code == 0
    assert text.split() == [f"web-0.nginx.default.{ZONE}.", "5", "A", "10.244.1.10"]
    assert server.ctl("lookup", "10.244.1.10")[1].split()[-1] == f"web-0.nginx.default.{ZONE}."
    srv = server.ctl_json("lookup", f"_http._tcp.nginx.default.{ZONE}", "SRV")
    assert srv["rcode"] == "NOERROR" and srv["authoritative"]
    assert srv["answer"][0]["data"] == f"0 100 8080 web-0.nginx.default.{ZONE}."
    assert srv["additional"][0]["data"] == "10.244.1.10"

    code, text = server.ctl("lookup", f"web-9.nginx.default.{ZONE}")
    assert code == 2 and "NXDOMAIN" in text
    code, text = server.ctl("lookup", f"web-0.nginx.default.{ZONE}", "AAAA")
    assert code == 2 and "no record" in text
    code, text = server.ctl("lookup", "example.com")
    assert code == 2 and "REFUSED" in text


def test_lookup_as_somebody(server):
    for who in ("web-0", "default/web-0", "10.244.1.10"):
        found = server.ctl_json("lookup", f"nginx.default.{ZONE}", "-as", who)
        assert found["client"] == {"address": "10.244.1.10", "namespace": "default", "pod": "web-0"}
    assert server.ctl_json("lookup", f"nginx.default.{ZONE}", "-as", "192.0.2.1")["client"]["pod"] == ""
    assert server.ctl_json("lookup", f"nginx.default.{ZONE}", "-as", "till-0")["client"]["namespace"] == "shop"
    code, text = server.ctl("lookup", "nginx", "-as", "web-9")
    assert code == 1 and "found no pod web-9" in text


def test_explain_a_name_that_exists(fed, lab):
    server, _ = fed
    explained = server.ctl_json("explain", "web-0.nginx")
    assert explained["search"] == [f"default.{ZONE}", ZONE, "cluster.local"]
    assert steps(explained) == [(f"web-0.nginx.default.{ZONE}.", "ANSWERS")]
    assert explained["resolves"] and explained["object"]["pod"]["addresses"] == ["10.244.1.10"]
    origin = explained["origin"]
    place = os.path.join(lab.cluster_directory, "nginx.yaml")
    line = open(place, encoding="utf-8").read().splitlines().index("  name: web-0") - 2
    assert origin["place"] == f"{place}:{line}:1"
    assert (origin["position"]["revision"], origin["error"]) == ("1", "")

    lab.manifests.write("till.yaml", pod("till-1", "10.244.2.2", "none", namespace="shop"))
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "10.244.1.99", "nginx"))
    server.wait_for(f"web-0.nginx.default.{ZONE}.", ["10.244.1.99"])
    code, text = server.ctl("explain", "web-0.nginx")
    assert code == 0
    assert "It comes from pod default/nginx/web-0: 10.244.1.99, ready" in text
    assert int(server.ctl_json("explain", "web-0.nginx")["origin"]["position"]["revision"]) > 1
    assert server.ctl_json("explain", "cart.shop")["origin"]["position"]["revision"] == "1", "it has not changed"


def test_explain_walks_the_pod_s_own_search_path(server):
    assert steps(server.ctl_json("explain", "cart", "-as", "till-0")) == [(f"cart.shop.{ZONE}.", "ANSWERS")]
    assert steps(server.ctl_json("explain", "cart.shop")) == [
        (f"cart.shop.default.{ZONE}.", "NO_SUCH_NAME"),
        (f"cart.shop.{ZONE}.", "ANSWERS"),
    ]
    # A final dot: as it is, and nothing else.
    assert steps(server.ctl_json("explain", f"nginx.default.{ZONE}.")) == [(f"nginx.default.{ZONE}.", "ANSWERS")]


@pytest.mark.parametrize(
    "name, nearest",
    [
        ("web-1.nginx", "pod default/nginx/web-1: 10.244.1.11, not ready"),
        ("web-9.nginx", "service default/nginx: headless, 1 of 2 pods ready"),
        ("basket.shop", "namespace shop"),
        ("nginx.nowhere", None),
    ],
    ids=["not ready", "missing pod", "missing service", "wrong namespace"],
)
def test_explain_a_name_that_does_not_resolve(server, name, nearest):
    code, text = server.ctl("explain", name)
    assert code == 2 and "It does not resolve." in text
    explained = server.ctl_json("explain", name)
    assert not explained["resolves"]
    assert explained["text"] == (nearest or "")
    assert len(explained["steps"]) == 4, "the search list, and then the name itself"


def test_explain_when_the_controller_is_away(fed):
    server, controller = fed
    controller.kill()
    code, text = server.ctl("explain", "web-0.nginx")
    assert code == 0
    assert "10.244.1.10" in text and "the controller does not say" in text
    wait_until(lambda: not server.ctl_json("status")["clusters"][0]["connected"], "the loss is seen")
    cluster = server.ctl_json("status")["clusters"][0]
    assert cluster["synced"] and cluster["lastError"] and float(cluster["sinceHeard"].rstrip("s")) >= 0
    assert "away" in server.ctl("status")[1]


def test_before_anything_is_known(lab):
    server = lab.podnamed(lab.feed_source())
    server.wait_for_log("is serving")
    code, text = server.ctl("status")
    assert code == 0 and "not synced" in text
    code, text = server.ctl("lookup", f"nginx.default.{ZONE}")
    assert code == 2 and "SERVFAIL" in text
    assert server.ctl("list", "pods")[0] == 0


def test_list(server):
    code, text = server.ctl("list", "pods")
    assert code == 0
    assert [line.split()[:3] for line in text.splitlines()] == [
        ["NAMESPACE", "SERVICE", "NAME"],
        ["default", "nginx", "web-0"],
        ["default", "nginx", "web-1"],
        ["shop", "-", "till-0"],
    ]
    assert [pod["name"] for pod in server.ctl_json("list", "pods", "shop")["pods"]] == ["till-0"]
    services = server.ctl_json("list", "services")["services"]
    assert [(service["name"], service["kind"], service["readyPods"]) for service in services] == [
        ("nginx", "HEADLESS", 1),
        ("cart", "CLUSTER_IP", 0),
    ]


def test_a_long_list_is_whole_and_in_order(lab):
    count = 1200
    lab.manifests.write(
        "many.yaml",
        headless("many"),
        *(pod(f"m-{i}", f"10.1.{i // 250}.{i % 250 + 1}", "many") for i in range(count)),
    )
    server = lab.podnamed()
    server.wait_for(f"m-0.many.default.{ZONE}.", ["10.1.0.1"])
    assert [pod["name"] for pod in server.ctl_json("list", "pods")["pods"]] == [f"m-{i}" for i in range(count)]


class Watch(Program):
    def __init__(self, server, directory, *words):
        super().__init__([PODNAMECTL, "-server", server.inspect, "watch", "-o", "json", *words], directory / "watch.log")

    def messages(self):
        return [json.loads(line) for line in self.log().splitlines(keepends=True) if line.endswith("\n")]

    def wait_for_text(self, text):
        def found():
            return [change for message in self.messages() for change in message["changes"] if change["text"] == text]

        try:
            return wait_until(found, text)[0]
        except AssertionError as error:
            raise AssertionError(f"{error}; it said:\n{self.log()}") from error


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_watch_sees_a_pod_move(server, lab, ending):
    watch = lab.keep(Watch(server, lab.directory))
    wait_until(watch.messages, "the watch has begun")
    assert watch.messages()[0]["position"]["revision"] == "1" and not watch.messages()[0]["changes"]
    lab.manifests.write(
        "nginx.yaml", headless("nginx"), pod("web-0", "10.244.9.9", "nginx"), pod("web-1", "10.244.1.11", "nginx")
    )
    moved = watch.wait_for_text("pod default/nginx/web-0: another one of that name, address 10.244.1.10 → 10.244.9.9")
    assert moved["action"] == "REPLACED"
    assert moved["before"]["pod"]["addresses"] == ["10.244.1.10"]
    assert moved["after"]["pod"]["addresses"] == ["10.244.9.9"]
    assert watch.wait_for_text("pod default/nginx/web-1: now ready, now serving")["action"] == "CHANGED"
    assert watch.stop(ending) == 0


def test_watch_a_name(server, lab):
    watch = lab.keep(Watch(server, lab.directory, "nginx"))
    wait_until(watch.messages, "the watch has begun")
    lab.manifests.write("shop.yaml", cluster_ip("cart", "10.96.0.6", namespace="shop"))
    server.wait_for(f"cart.shop.{ZONE}.", ["10.96.0.6"])
    lab.manifests.write("nginx.yaml", headless("nginx"))
    watch.wait_for_text("pod default/nginx/web-0 is gone")
    texts = {change["text"] for message in watch.messages() for change in message["changes"]}
    assert texts == {"pod default/nginx/web-0 is gone", "pod default/nginx/web-1 is gone"}


def test_a_watch_ends_with_the_server(server, lab):
    watch = lab.keep(Watch(server, lab.directory))
    wait_until(watch.messages, "the watch has begun")
    assert server.stop(timeout=4) == 0, "and does not delay it"
    assert watch.process.wait(10) == 1


def test_when_nobody_answers(tmp_path):
    for words in (["status"], ["lookup", "nginx"], ["list", "pods"], ["watch"]):
        code, output, error = ctl("-server", f"unix://{tmp_path}/none.sock", *words)
        assert (code, output) == (1, "")
        assert "cannot reach podnamed at unix://" in error and "No such file" in error
        assert len(error.strip().splitlines()) == 1
    assert ctl("-server", f"127.0.0.1:{free_port()}", "status")[0] == 1


def test_a_server_that_hangs_is_given_up(server):
    server.process.send_signal(signal.SIGSTOP)
    try:
        for command in (["status"], ["watch"]):
            code, text = server.ctl(*command, "-timeout", "300ms")
            assert code == 1 and "within 300ms" in text
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_wrong_use(tmp_path):
    for words in ([], ["look"], ["lookup"], ["status", "-o", "yaml"], ["list", "nodes"], ["status", "-as", "x"]):
        code, output, error = ctl(*words)
        assert (code, output) == (1, ""), words
        assert len(error.strip().splitlines()) == 1 and "podnamectl: " in error


def test_an_address_that_cannot_be_had_ends_the_start(lab):
    first = lab.podnamed()
    first.wait_for_log("is serving")
    second = lab.podnamed(name="second", flags=("-inspect", first.inspect))
    assert second.process.wait(10) == 1
    assert "another process listens there" in second.log()
    assert first.ctl("status")[0] == 0


def test_inspection_can_be_off_or_on_tcp(lab):
    off = lab.podnamed(name="off", flags=("-inspect", "off"))
    off.wait_for_log("is serving")
    assert off.ctl("status")[0] == 1
    tcp = lab.podnamed(name="tcp", flags=("-inspect", "127.0.0.1:0"))
    found = tcp.wait_for_log(r"podnamectl can look at (127\.0\.0\.1:\d+)")
    assert ctl("-server", found[1], "status")[0] == 0


def test_help_and_version():
    for words in (["-version"], ["--version"]):
        code, output, _ = ctl(*words)
        assert code == 0 and output.startswith("podnamectl-")
    code, output, _ = ctl("-help")
    assert code == 0
    for command in ("status", "lookup", "explain", "list", "watch"):
        assert command in output
        code, text, _ = ctl(command, "-help")
        assert code == 0 and f"Usage: podnamectl {command}" in text


def test_the_manual_page_is_sound(tmp_path):
    page = tmp_path / "podnamectl.1"
    page.write_text(ctl("-man")[1])
    for checker in (["mandoc", "-T", "lint", "-W", "warning"], ["groff", "-man", "-ww", "-z", "-T", "utf8"]):
        if shutil.which(checker[0]):
            done = subprocess.run([*checker, str(page)], capture_output=True, text=True, check=False)
            assert (done.returncode, done.stdout + done.stderr) == (0, "")
            return
    pytest.skip("neither mandoc nor groff is here")


def complete(*words):
    """What bash offers behind these words, the last of which has been begun."""
    line = " ".join(words)
    script = f"""
        source <({PODNAMECTL} -completion bash)
        COMP_WORDS=({line}{" ''" if words[-1] == "" else ""}) COMP_CWORD={len(words) - 1}
        _podnamectl
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_bash_completes_commands_arguments_and_flags():
    assert complete("podnamectl", "") == ["status", "lookup", "explain", "list", "watch", "release"]
    assert complete("podnamectl", "l") == ["lookup", "list"]
    assert complete("podnamectl", "-o", "json", "list", "") == ["services", "pods"]
    assert complete("podnamectl", "-o", "j") == ["json"]
    assert "AAAA" in complete("podnamectl", "lookup", "web-0", "")
    assert complete("podnamectl", "lookup", "-a") == ["-as"]
    assert complete("podnamectl", "status", "-a") == []
    # As bash breaks "-server=unix:///s -o=json list s".
    address = ("podnamectl", "-server", "=", "unix", ":", "///s")
    assert complete(*address, "-o", "=", "j") == ["json"]
    assert complete(*address, "-o", "=", "json", "list", "s") == ["services"]
    assert complete("podnamectl", "-server", "unix", ":", "/s", "lookup", "web-0", "AA") == ["AAAA"]
