"""Plugins that tell of queries: prometheus, errors, log."""

import concurrent.futures
import os
import re
import signal
import socket
import subprocess

import dns.message

from conftest import free_port
from harness.manifests import headless, pod
from harness.metrics import scrape
from harness.programs import BINARIES
from harness.waiting import wait_until


NAME = "web-0.nginx.default.svc.cluster.local."


def shell(command):
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=20, check=False)
    assert done.stderr == "", done.stderr
    return done.stdout


def test_what_is_counted_is_told_before_the_end(lab):
    port = free_port()
    corefile = f""".:{port} {{
    bind 127.0.0.1
    errors {{
        consolidate 1h "^plugin/kubernetes: no next"
    }}
    kubernetes cluster.local {{
        manifests {lab.cluster_directory}
    }}
}}
"""
    server = lab.serve(corefile, port)
    server.wait_for("a.cluster.local.", "NXDOMAIN")
    for _ in range(20):
        assert server.addresses("www.example.org.") == "SERVFAIL"
    assert server.stop() == 0
    counts = [int(count) for count in re.findall(r"\[ERROR\] plugin/errors: (\d+) errors like '\^plugin/kubernetes: no next' "
                                                 r"occurred in last 1h", server.log())]
    assert sum(counts) == 20, server.log()


def test_a_line_of_each_query_in_coredns_default_format(lab):
    """With the quiet that holds other lines back; the pod that asks is known by its address."""
    port, page = free_port(), free_port()
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "127.0.0.1", "nginx"))
    corefile = f"""cluster.local:{port} {{
    bind 127.0.0.1
    prometheus 127.0.0.1:{page}
    log . {{common}}
    kubernetes {{
        manifests {lab.cluster_directory}
    }}
}}
example:{port} {{
    bind 127.0.0.1
    log . "{{/kubernetes/client-namespace}} {{local}}"
}}
knows:{port} {{
    bind 127.0.0.1
    log . "from {{/kubernetes/client-namespace}}/{{/kubernetes/client-pod-name}} at {{local}}"
    kubernetes cluster.local {{
        manifests {lab.cluster_directory}
    }}
}}
"""
    server = lab.serve(corefile, port, flags=("-workers", "1", "-quiet"))
    server.wait_for(NAME, ["127.0.0.1"])
    done = subprocess.run(["dig", "-p", str(port), "@127.0.0.1", "+noall", "+qr", "+comments", "+bufsize=4096", "+dnssec",
                           "Nginx.default.svc.CLUSTER.local", "AAAA"], capture_output=True, text=True, check=True)
    identity = re.search(r"id: (\d+)", done.stdout)[1]
    line = (rf'(?m)^\[INFO\] 127\.0\.0\.1:\d+ - {identity} "AAAA IN nginx\.default\.svc\.cluster\.local\. udp \d+ true 4096" '
            r"NOERROR qr,aa,rd \d+ 0(\.\d+)?s$")
    server.wait_for_log(line)
    server.addresses("www.example.")
    server.wait_for_log(r"(?m)^\[INFO\] - 127\.0\.0\.1$")
    server.addresses("www.knows.")
    server.wait_for_log(r"(?m)^\[INFO\] from default/web-0 at 127\.0\.0\.1$")
    assert "is serving" not in server.log()
    assert scrape(page).value("podnamed_log_dropped_lines_total") == 0


def test_metadata_of_what_was_forwarded(lab, liar):
    upstream = liar()
    server = lab.serve_block(
        f'metadata test\n cache\n forward . 127.0.0.1:{upstream.port}\n log . "{{name}} {{/forward/upstream}} {{/forward/other}}"'
    )
    for name in ("www.test.", "www.test.", "www.example."):
        server.ask(name)
    server.wait_for_log(rf"(?m)^\[INFO\] www\.test\. 127\.0\.0\.1:{upstream.port} -$")
    server.wait_for_log(r"(?m)^\[INFO\] www\.test\. - -$")  # from the cache
    server.wait_for_log(r"(?m)^\[INFO\] www\.example\. - -$")  # not of the zone


def test_a_log_that_nobody_reads_makes_no_query_wait(lab):
    """Standard output is a full pipe: lines are dropped and counted, and answers go on."""
    port, page = free_port(), free_port()
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "10.244.1.10", "nginx"))
    path = lab.directory / "Corefile"
    path.write_text(f".:{port} {{\n bind 127.0.0.1\n log\n prometheus 127.0.0.1:{page}\n kubernetes cluster.local {{\n"
                    f"  manifests {lab.cluster_directory}\n }}\n}}\n")
    words = [os.path.join(BINARIES, "podnamed"), "-conf", str(path), "-inspect", "off", "-workers", "1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            wait_until(lambda: "10.244.1.10" in shell(f"dig @127.0.0.1 -p {port} +short +tries=1 +time=1 {NAME} || true"), "an answer")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.connect(("127.0.0.1", port))
                client.settimeout(2)
                query = dns.message.make_query(NAME, "A").to_wire()
                for _ in range(12000):
                    client.send(query)
                    assert client.recv(4096)
            assert scrape(page).value("podnamed_log_dropped_lines_total") > 1000
        finally:
            process.kill()


def test_every_query_is_counted_once(lab):
    """Two workers, both transports, queries that no block serves, and a block that is not counted."""
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "10.244.1.10", "nginx"))
    port, other, page = free_port(), free_port(), free_port()
    corefile = f"""cluster.local:{port} example:{port} {{
    bind 127.0.0.1
    prometheus 127.0.0.1:{page}
    kubernetes cluster.local {{
        manifests {lab.cluster_directory}
    }}
}}
cluster.local:{other} {{
    bind 127.0.0.1
    kubernetes {{
        manifests {lab.cluster_directory}
    }}
}}
"""
    server = lab.serve(corefile, port)
    name = NAME
    server.wait_for(name, ["10.244.1.10"])
    before = scrape(page)
    place = {"server": f"dns://127.0.0.1:{port}", "zone": "cluster.local.", "view": ""}
    dropped = {**place, "zone": "dropped"}

    def total(metrics, metric, **labels):
        return sum(value for found, value in metrics.series(metric).items() if labels.items() <= dict(found).items())

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: server.ask(name), range(200)))
        list(pool.map(lambda _: server.ask(name, tcp=True, want_dnssec=True), range(50)))
    server.ask("none.cluster.local.", "TXT")
    server.ask("www.example.", "MX")
    server.ask("elsewhere.org.")
    server.ask(name, "HINFO", rdclass="CH")
    dig = subprocess.run(["dig", "@127.0.0.1", "-p", str(other), "+short", name], capture_output=True, text=True, check=True)
    assert dig.stdout == "10.244.1.10\n"

    after = scrape(page)

    def grown(metric, **labels):
        return total(after, metric, **labels) - total(before, metric, **labels)

    requests = "coredns_dns_requests_total"
    assert grown(requests, **place, proto="udp", family="1", type="A") == 200
    assert grown(requests, **place, proto="tcp", family="1", type="A") == 50
    assert grown(requests, **place, proto="udp", type="TXT") == 1
    assert grown(requests, **{**place, "zone": "example."}) == 1
    assert grown(requests, **dropped) == 2
    assert grown(requests, **dropped, type="other") == 1, "HINFO has no label of its own"
    assert grown(requests) == 254, "the other block is not counted"
    assert grown("coredns_dns_do_requests_total", **place) == 50
    responses = "coredns_dns_responses_total"
    assert grown(responses, **place, rcode="NOERROR", plugin="kubernetes") == 250
    assert grown(responses, **place, rcode="NXDOMAIN", plugin="kubernetes") == 1
    assert grown(responses, **{**place, "zone": "example."}, rcode="SERVFAIL", plugin="") == 1
    assert grown(responses, **dropped, rcode="REFUSED", plugin="") == 2
    for histogram in ("request_size_bytes", "response_size_bytes"):
        assert grown(f"coredns_dns_{histogram}_count", **place, proto="udp") == 201
        assert grown(f"coredns_dns_{histogram}_count", **place, proto="tcp") == 50
    assert grown("coredns_dns_request_duration_seconds_count", **place) == 251
    assert 0 < grown("coredns_dns_request_duration_seconds_sum", **place) < 60
    bounds = sorted(float(dict(labels)["le"]) for labels in after.series("coredns_dns_request_duration_seconds_bucket")
                    if dict(labels)["zone"] == "cluster.local.")
    assert bounds[:2] == [0.00025, 0.0005] and bounds[-2:] == [8.192, float("inf")], "CoreDNS's"
    sizes = sorted(float(dict(labels)["le"]) for labels in after.series("coredns_dns_response_size_bytes_bucket")
                   if dict(labels)["zone"] == "cluster.local." and dict(labels)["proto"] == "udp")
    assert sizes == [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000, float("inf")]
    workers = {labels: value - before.get(("podnamed_worker_queries_total", labels), 0)
               for labels, value in after.series("podnamed_worker_queries_total").items()}
    assert len(workers) == 2 and sum(workers.values()) == 254
    assert all(workers.values()), "the kernel spreads clients over workers"
    assert after.value("coredns_panics_total") == 0


def test_a_full_receive_buffer_is_counted(lab):
    """A frozen server's socket fills up; what it cannot hold is told afterwards."""
    port, page = free_port(), free_port()
    lab.manifests.write("nginx.yaml", headless("nginx"))
    server = lab.serve(
        f".:{port} {{\n bind 127.0.0.1\n prometheus 127.0.0.1:{page}\n kubernetes cluster.local {{\n"
        f"  manifests {lab.cluster_directory}\n }}\n}}\n", port, flags=("-workers", "1"))
    server.wait_for_log("is serving")
    labels = {"server": f"dns://127.0.0.1:{port}", "worker": "0"}
    server.process.send_signal(signal.SIGSTOP)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
            for _ in range(20000):
                flood.sendto(b"x" * 1400, ("127.0.0.1", port))
    finally:
        server.process.send_signal(signal.SIGCONT)
    wait_until(lambda: scrape(page).value("podnamed_udp_receive_drops_total", **labels) > 1000, "drops")
