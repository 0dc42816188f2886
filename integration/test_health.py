"""What the kubelet and Prometheus see: probes from the start to the end, and metrics."""

import http.client
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from conftest import free_port
from harness.api_server import ApiServer
from harness.kube_cluster import KubeCluster
from harness.manifests import cluster_ip, endpoint_slices, headless, pod
from harness.metrics import scrape
from harness.programs import BINARIES, ROOT, Podnamed, Program
from harness.waiting import wait_until

NAME = "web-0.nginx.default.svc.cluster.local."
PROGRAMMING = "coredns_kubernetes_dns_programming_duration_seconds"


def get(port, path, timeout=5):
    """(status, body) as the kubelet gets them; (None, "") where nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    except ConnectionError:
        return None, ""
    finally:
        connection.close()


def wait_for_value(port, expected, name, **labels):
    def has_it():
        try:
            return scrape(port).get((name, frozenset(labels.items()))) == expected
        except ConnectionRefusedError:  # not there yet
            return False

    wait_until(has_it, f"{name} {labels} {expected}")


class Watched(Podnamed):
    """A server that has health, ready and prometheus, as kubeadm's Corefile has them."""

    def __init__(self, lab, source, lameduck="0s", more=""):
        self.health, self.ready, self.metrics = free_port(), free_port(), free_port()
        self.source = source
        port = free_port()
        corefile = f"""cluster.local:{port} {{
    bind 127.0.0.1
    health 127.0.0.1:{self.health} {{
        lameduck {lameduck}
    }}
    ready 127.0.0.1:{self.ready}
    kubernetes {{
        {source}
    }}
    prometheus 127.0.0.1:{self.metrics}
}}
{more}"""
        super().__init__(corefile, lab.directory, flags=("-workers", "1"), port=port)
        lab.keep(self)

    def wait_until_healthy(self):
        wait_until(lambda: get(self.health, "/health") == (200, "OK"), "/health")

    def wait_until_serving(self):
        """/health is answered as soon as it can be; what metrics say of server blocks is there a moment later."""
        self.wait_for_log("is serving with")
        self.wait_until_healthy()


def watched_controller(lab, port, name="controller"):
    address = f"unix://{lab.directory}/feed.sock"
    words = ["-manifests", str(lab.cluster_directory), "-listen", address, "-http", f"127.0.0.1:{port}"]
    return lab.keep(
        Program([os.path.join(BINARIES, "podname-controller"), *words], lab.directory / f"{name}.log")
    )


def write_nginx(lab, address="10.244.1.10"):
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", address, "nginx"))


def test_a_server_is_healthy_at_once_and_ready_when_it_knows_its_cluster(lab):
    write_nginx(lab)
    server = Watched(lab, lab.feed_source())
    server.wait_until_serving()
    assert get(server.ready, "/ready") == (503, "kubernetes")
    assert scrape(server.metrics).value("podnamed_feed_synced", source=server.source) == 0
    assert get(server.health, "/ready")[0] == 404, "each address has its own pages"

    controller = lab.controller()
    wait_until(lambda: get(server.ready, "/ready") == (200, "OK"), "/ready")
    assert server.addresses(NAME) == ["10.244.1.10"], "ready means that it answers"
    controller.kill()
    wait_for_value(server.metrics, 0, "podnamed_feed_synced", source=server.source)
    assert get(server.ready, "/ready") == (200, "OK"), "the last state keeps answering"
    assert get(server.health, "/health") == (200, "OK")


def test_ready_waits_for_the_blocks_that_have_it(lab):
    """Blocks that name one address share it; a block without `ready` makes nobody wait."""
    port, shared = free_port(), free_port()
    block = "{zone}:{port} {{\n bind 127.0.0.1\n {pages}\n kubernetes {{\n {source}\n }}\n}}\n"
    corefile = (
        block.format(zone="a.local", port=port, pages=f"ready 127.0.0.1:{shared}\n health 127.0.0.1:{shared}",
                     source=f"manifests {lab.cluster_directory}")
        + block.format(zone="b.local", port=port, pages=f"ready 127.0.0.1:{shared}", source=lab.feed_source())
        + block.format(zone="c.local", port=port, pages=f"health 127.0.0.1:{shared}", source="feed unix:///none")
    )
    server = lab.keep(Podnamed(corefile, lab.directory, flags=("-workers", "1"), port=port))
    wait_until(lambda: get(shared, "/health") == (200, "OK"), "/health")
    assert get(shared, "/ready") == (503, "kubernetes")
    lab.controller()
    wait_until(lambda: get(shared, "/ready") == (200, "OK"), "/ready")
    assert server.stop() == 0


def test_lameduck_goes_on_for_those_who_have_not_heard_of_the_end(lab):
    write_nginx(lab)
    server = Watched(lab, f"manifests {lab.cluster_directory}", lameduck="2s")
    wait_until(lambda: get(server.ready, "/ready") == (200, "OK"), "/ready")
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: get(server.ready, "/ready")[0] == 503, "no longer ready")
    assert get(server.health, "/health") == (200, "OK")
    assert server.addresses(NAME) == ["10.244.1.10"]
    assert server.process.wait(10) == 0
    assert time.monotonic() - started >= 2


def test_a_second_signal_ends_lameduck(lab):
    server = Watched(lab, f"manifests {lab.cluster_directory}", lameduck="1h")
    server.wait_until_healthy()
    server.process.send_signal(signal.SIGTERM)
    server.wait_for_log("going on for 1h")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == -signal.SIGTERM


def test_metrics_tell_of_the_cluster_and_of_every_change(lab):
    write_nginx(lab)
    lab.manifests.write("api.yaml", cluster_ip("api", "10.96.0.10"), *endpoint_slices("api", 3))
    server = Watched(lab, f"manifests {lab.cluster_directory}", more=f"other.local:{free_port()} {{\n bind 127.0.0.1\n}}\n")
    source = server.source
    wait_for_value(server.metrics, 1, "podnamed_feed_synced", source=source)
    seen = scrape(server.metrics)
    assert seen.value("podnamed_state_services", source=source) == 2
    assert seen.value("podnamed_state_pods", source=source) == 4
    assert seen.value("podnamed_feed_stale_seconds", source=source) == 0
    assert seen.value("podnamed_feed_rejected_records_total", source=source) == 0
    revision = seen.value("podnamed_feed_revision", source=source)
    assert seen.value("podnamed_feed_batches_total", source=source) == 0, "the snapshot is no change"
    assert seen.value(f"{PROGRAMMING}_count", service_kind="headless_with_selector") == 0
    buckets = [float(dict(labels)["le"]) for labels in seen.series(f"{PROGRAMMING}_bucket")
               if dict(labels)["service_kind"] == "cluster_ip"]
    assert sorted(buckets) == [pytest.approx(0.001 * 2**k) for k in range(20)] + [float("inf")], "CoreDNS's"

    write_nginx(lab, "10.244.1.11")
    server.wait_for(NAME, ["10.244.1.11"])
    wait_for_value(server.metrics, 1, "podnamed_feed_batches_total", source=source)
    seen = scrape(server.metrics)
    assert seen.value("podnamed_feed_revision", source=source) == revision + 1
    assert seen.value(f"{PROGRAMMING}_count", service_kind="headless_with_selector") == 1
    assert seen.value(f"{PROGRAMMING}_count", service_kind="cluster_ip") == 0
    assert seen.value("podnamed_publication_delay_seconds_count", source=source) == 1
    assert 0 < seen.value("podnamed_publication_delay_seconds_sum", source=source) < 5
    lab.manifests.write("api.yaml", cluster_ip("api", "10.96.0.10"), *endpoint_slices("api", 4))
    wait_for_value(server.metrics, 1, f"{PROGRAMMING}_count", service_kind="cluster_ip")


def test_metrics_say_who_runs_here(lab):
    server = Watched(lab, f"manifests {lab.cluster_directory}")
    server.wait_until_serving()
    seen = scrape(server.metrics)
    [build] = seen.series("coredns_build_info")
    assert re.fullmatch(r"podnamed-\d+\.\d+\.\d+", dict(build)["version"])
    where = {"server": f"dns://127.0.0.1:{server.port}", "zone": "cluster.local.", "view": ""}
    assert {frozenset(labels) for labels in seen.series("coredns_plugin_enabled")} == {
        frozenset({**where, "name": name}.items()) for name in ("kubernetes", "prometheus")
    }
    assert abs(seen.value("process_start_time_seconds") - time.time()) < 60
    assert seen.value("process_resident_memory_bytes") > 1 << 20
    descriptors = f"/proc/{server.process.pid}/fd"  # of which the scrape's own is gone, sooner or later
    wait_until(lambda: scrape(server.metrics).value("process_open_fds") == len(os.listdir(descriptors)) + 1, "open files")
    assert seen.types["process_cpu_seconds_total"] == "counter"


def described_metrics(prefix):
    with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
        names = set(re.findall(r"`((?:coredns|podnamed|podname|process)_\w+)`", file.read()))
    return {name for name in names if name.startswith(prefix)}


def test_every_metric_stands_in_the_page_about_them(lab):
    write_nginx(lab)
    lab.manifests.write("broken.yaml", "kind: [\n")
    page = free_port()
    watched_controller(lab, page)
    server = Watched(lab, lab.feed_source())
    wait_until(lambda: get(server.ready, "/ready") == (200, "OK"), "/ready")
    wait_for_value(page, 1, "podname_controller_feed_subscribers")
    elsewhere = ("podname_controller_kubernetes_", "coredns_kubernetes_rest_client_", "coredns_template_", "coredns_autopath_",
                 "coredns_acl_", "coredns_hosts_", "coredns_local_")
    described = {name for name in described_metrics("") if not name.startswith(elsewhere)}
    assert described == {*scrape(server.metrics).types, *scrape(page).types}


def test_an_api_server_is_followed_lost_and_found_again(lab, tmp_path):
    """The controller runs in podnamed, which is ready when every resource has been listed, and counts for it."""
    with ApiServer(bookmark_interval=0.2) as api:
        cluster = KubeCluster(api)
        cluster.create_service("kept", headless=True)
        empty = api.revision
        cluster.create_service("nginx", headless=True, selector={"app": "nginx"})
        cluster.create_stateful_set("web", "nginx", replicas=120, labels={"app": "nginx"})
        api.write_kubeconfig(tmp_path / "kubeconfig")
        server = Watched(lab, f"kubeconfig {tmp_path}/kubeconfig")
        wait_until(lambda: get(server.ready, "/ready") == (200, "OK"), "/ready")

        def source(name, **labels):
            return scrape(server.metrics).get((f"podname_controller_{name}", frozenset(labels.items())))

        def errors(kind):
            return source("source_errors_total", source="kubernetes", kind=kind)

        resources = ("namespaces", "services", "endpointslices")
        for resource in resources:
            wait_until(lambda: source("kubernetes_following", resource=resource) == 1, resource)
            assert source("kubernetes_lists_total", resource=resource) == 1
            assert source("kubernetes_watches_total", resource=resource) == 1
        assert source("kubernetes_objects", resource="endpointslices") == 3, "those of a large service are two"
        assert errors("unavailable") is None
        of_api_servers = "podname_controller_kubernetes_"
        shown = {name for name in scrape(server.metrics).types if name.startswith(of_api_servers)}
        assert described_metrics(of_api_servers) == shown
        assert source("kubernetes_held_removals") == 0

        api.go_down()
        wait_until(lambda: all(source("kubernetes_following", resource=resource) == 0 for resource in resources), "all are lost")
        assert errors("unavailable") >= 3
        assert get(server.ready, "/ready") == (200, "OK"), "what is known keeps answering"
        api.go_up()
        wait_until(lambda: all(source("kubernetes_following", resource=resource) == 1 for resource in resources), "found again")

        api.restore(empty)
        cluster.resync()
        api.cut_connections()
        wait_until(lambda: source("kubernetes_held_removals") >= 120, "held")
        assert server.ctl("release")[0] == 0
        wait_until(lambda: source("kubernetes_held_removals") == 0, "released")


def test_a_restarted_controller_is_seen_from_both_sides(lab):
    write_nginx(lab)
    page = free_port()
    controller = watched_controller(lab, page)
    server = Watched(lab, lab.feed_source())
    wait_until(lambda: get(server.ready, "/ready") == (200, "OK"), "/ready")
    node = socket.gethostname()
    wait_for_value(page, 1, "podname_controller_feed_subscribers")
    head = scrape(page).value("podname_controller_feed_revision")
    wait_for_value(page, head, "podname_controller_feed_acked_revision", node=node)
    assert scrape(page).value("podname_controller_feed_lag_revisions", node=node) == 0
    assert scrape(page).value("podname_controller_feed_records", kind="pod_identity") == 1

    controller.kill()
    wait_until(lambda: scrape(server.metrics).value("podnamed_feed_stale_seconds", source=server.source) >= 1, "staleness")
    assert scrape(server.metrics).value("podnamed_feed_synced", source=server.source) == 0
    write_nginx(lab, "10.244.1.12")
    watched_controller(lab, page, "controller-2")
    wait_for_value(server.metrics, 1, "podnamed_feed_synced", source=server.source)
    assert scrape(server.metrics).value("podnamed_feed_stale_seconds", source=server.source) == 0
    server.wait_for(NAME, ["10.244.1.12"])
    wait_for_value(page, 1, "podname_controller_feed_subscribers")


def test_a_controller_shows_its_pages_and_its_errors(lab):
    write_nginx(lab)
    page = free_port()
    controller = watched_controller(lab, page)
    wait_until(lambda: get(page, "/ready") == (200, "OK"), "/ready")
    assert get(page, "/health") == (200, "OK")
    seen = scrape(page)
    assert seen.value("podname_controller_source_synced") == 1
    assert seen.series("podname_controller_source_errors_total") == {}
    lab.manifests.write("broken.yaml", "kind: [\n")
    wait_for_value(page, 1, "podname_controller_source_errors_total", source="manifests", kind="file")
    assert get(page, "/ready") == (200, "OK"), "what is known stays"
    assert controller.stop() == 0


def test_nobody_can_hold_the_probes(lab):
    """Who opens many connections and says little is in nobody's way."""
    write_nginx(lab)
    server = Watched(lab, f"manifests {lab.cluster_directory}")
    wait_until(lambda: get(server.ready, "/ready") == (200, "OK"), "/ready")
    slow = []
    try:
        for i in range(600):
            slow.append(socket.create_connection(("127.0.0.1", server.health), timeout=5))
            slow[-1].send(b"GET /health HTTP/1.1\r\nX: " + b"x" * (i % 50))
            if i % 50 == 0:
                assert get(server.health, "/health", timeout=1) == (200, "OK")
                assert get(server.ready, "/ready", timeout=1) == (200, "OK")
        assert get(server.health, "/health", timeout=1) == (200, "OK")
        assert scrape(server.metrics).value("process_open_fds") < 400, "their number is bounded"
        assert server.addresses(NAME) == ["10.244.1.10"]
    finally:
        for connection in slow:
            connection.close()
    assert server.stop() == 0


def test_an_address_that_is_taken_is_one_sentence(lab, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        corefile = tmp_path / "Corefile"
        corefile.write_text(f"cluster.local:{free_port()} {{\n bind 127.0.0.1\n health 127.0.0.1:{port}\n}}\n")
        feed = f"unix://{lab.directory}/feed.sock"
        for words in (
            ("podnamed", "-conf", str(corefile), "-inspect", "off"),
            ("podname-controller", "-manifests", str(tmp_path), "-listen", feed, "-http", f"127.0.0.1:{port}"),
        ):
            done = subprocess.run(
                [os.path.join(BINARIES, words[0]), *words[1:]], capture_output=True, text=True, timeout=20, check=False
            )
            assert done.returncode == 1
            expected = f"{words[0]}: cannot serve HTTP at 127.0.0.1:{port}: another program listens there\n"
            assert done.stderr == expected
