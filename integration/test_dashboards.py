"""What Grafana's CoreDNS dashboards and the usual alerts ask of Prometheus, asked of a real one that scrapes us."""

import json
import math
import random
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import free_port
from harness.manifests import headless, pod
from harness.programs import Program
from harness.upstreams import knot
from harness.waiting import wait_until

# The panels of the coredns-mixin's dashboard (Grafana 14981) and of its older relative (5926), by what they show.
# $__rate_interval and the job's name are filled in as Grafana does.
DASHBOARD = {
    "up": 'sum(up{job="kube-dns"})',
    "panics": 'sum(coredns_panics_total{job="kube-dns"})',
    "version": 'count(coredns_build_info{job="kube-dns"}) by (version)',
    "plugins": 'coredns_plugin_enabled{job="kube-dns",name="kubernetes"}',
    "requests by transport": "sum(rate(coredns_dns_requests_total[1m])) by (proto)",
    "requests by family": "sum(rate(coredns_dns_requests_total[1m])) by (family)",
    "requests by type": "sum(rate(coredns_dns_requests_total[1m])) by (type)",
    "requests by zone": "sum(rate(coredns_dns_requests_total[1m])) by (zone)",
    "requests by server": "sum(rate(coredns_dns_requests_total[1m])) by (server)",
    "DO bit": "sum(rate(coredns_dns_do_requests_total[1m]))",
    "responses by rcode": "sum(rate(coredns_dns_responses_total[1m])) by (rcode)",
    "responses by plugin": "sum(rate(coredns_dns_responses_total[1m])) by (plugin)",
    "duration": "histogram_quantile(0.99, sum(rate(coredns_dns_request_duration_seconds_bucket[1m])) by (server, zone, le))",
    "mean duration": "sum(rate(coredns_dns_request_duration_seconds_sum[1m])) / sum(rate(coredns_dns_request_duration_seconds_count[1m]))",
    "request size": 'histogram_quantile(0.99, sum(rate(coredns_dns_request_size_bytes_bucket{proto="udp"}[1m])) by (le, proto))',
    "response size": 'histogram_quantile(0.99, sum(rate(coredns_dns_response_size_bytes_bucket{proto="tcp"}[1m])) by (le, proto))',
    "cache entries": "sum(coredns_cache_entries) by (type)",
    "cache hits": "sum(rate(coredns_cache_hits_total[1m])) by (type)",
    "cache misses": "sum(rate(coredns_cache_misses_total[1m])) by (type)",
    "cache hit ratio": "sum(rate(coredns_cache_hits_total[1m])) / sum(rate(coredns_cache_requests_total[1m]))",
    "cache evictions": "sum(rate(coredns_cache_evictions_total[1m])) by (type)",
    "forwarded by upstream": 'sum(rate(coredns_proxy_request_duration_seconds_count{proxy_name="forward"}[1m])) by (to)',
    "forwarded by rcode": 'sum(rate(coredns_proxy_request_duration_seconds_count{proxy_name="forward"}[1m])) by (rcode)',
    "upstream duration": "histogram_quantile(0.95, sum(rate(coredns_proxy_request_duration_seconds_bucket[1m])) by (to, le))",
    "upstream rejects": "sum(rate(coredns_forward_max_concurrent_rejects_total[1m]))",
    "programming": "sum(rate(coredns_kubernetes_dns_programming_duration_seconds_count[1m])) by (service_kind)",
    "health": "histogram_quantile(0.99, sum(rate(coredns_health_request_duration_seconds_bucket[1m])) by (le))",
    "memory": 'sum(process_resident_memory_bytes{job="kube-dns"})',
    "cpu": 'sum(rate(process_cpu_seconds_total{job="kube-dns"}[1m]))',
    "descriptors": "process_open_fds / process_max_fds",
}

# Alerts that are silent on a healthy server, whose series must be there for them to speak one day.
ALERTS = {
    "CoreDNSDown": 'absent(up{job="kube-dns"} == 1)',
    "CoreDNSLatencyHigh": 'histogram_quantile(0.99, sum without(instance, pod) (rate(coredns_dns_request_duration_seconds_bucket{job="kube-dns"}[5m]))) > 4',
    "CoreDNSErrorsHigh": 'sum without (pod, instance, server, zone, view, rcode, plugin) (rate(coredns_dns_responses_total{job="kube-dns",rcode="SERVFAIL"}[5m]))'
                         ' / sum without (pod, instance, server, zone, view, rcode, plugin) (rate(coredns_dns_responses_total{job="kube-dns"}[5m])) > 0.9',
    "CoreDNSForwardLatencyHigh": 'histogram_quantile(0.99, sum without (pod, instance, rcode) (rate(coredns_proxy_request_duration_seconds_bucket{job="kube-dns"}[5m]))) > 4',
    "CoreDNSForwardHealthcheckFailure": 'sum without (pod, instance, to) (rate(coredns_proxy_healthcheck_failures_total{job="kube-dns"}[5m])) > 0',
    "CoreDNSForwardHealthcheckBroken": 'sum without (pod, instance) (rate(coredns_forward_healthcheck_broken_total{job="kube-dns"}[5m])) > 0',
    "CoreDNSPanics": 'increase(coredns_panics_total[5m]) > 0',
    "CoreDNSReloadFailed": 'increase(coredns_reload_failed_total[5m]) > 0',
}


class Prometheus(Program):
    def __init__(self, directory, target):
        self.port = free_port()
        config = directory / "prometheus.yml"
        config.write_text(
            "global:\n  scrape_interval: 200ms\nscrape_configs:\n- job_name: kube-dns\n  static_configs:\n"
            f"  - targets: ['127.0.0.1:{target}']\n"
        )
        words = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}",
                 f"--web.listen-address=127.0.0.1:{self.port}"]
        super().__init__(words, directory / "prometheus.log")

    def query(self, expression):
        """The result's samples as [(labels, value)]."""
        parameters = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{parameters}", timeout=10) as reply:
            body = json.load(reply)
        assert body["status"] == "success", body
        return [(sample["metric"], float(sample["value"][1])) for sample in body["data"]["result"]]

    def scrapes(self):
        """How often the target has been scraped in the last minute; 0 before Prometheus is there."""
        try:
            samples = self.query('count_over_time(up{job="kube-dns"}[1m])')
        except (urllib.error.URLError, ConnectionError):
            return 0
        return samples[0][1] if samples else 0


@pytest.fixture(name="scraped")
def fixture_scraped(lab):
    """A Prometheus that has watched a server answer from its cluster, from an upstream and from its cache."""
    upstream = lab.keep(knot(lab.directory, free_port()))
    port, page, health = free_port(), free_port(), free_port()
    corefile = f""".:{port} {{
    bind 127.0.0.1
    errors
    health 127.0.0.1:{health}
    prometheus 127.0.0.1:{page}
    cache 30
    kubernetes cluster.local {{
        manifests {lab.cluster_directory}
    }}
    forward . 127.0.0.1:{upstream.port}
}}
fails.example:{port} {{
    bind 127.0.0.1
    prometheus 127.0.0.1:{page}
    hosts /dev/null
}}
"""
    server = lab.serve(corefile, port)
    server.wait_for("www.example.org.", ["192.0.2.1", "192.0.2.2"])
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "10.244.1.10", "nginx"))
    name = "web-0.nginx.default.svc.cluster.local."
    server.wait_for(name, ["10.244.1.10"])

    def ask():
        for _ in range(20):
            server.ask(name)
            server.ask(name, tcp=True, want_dnssec=True)
            server.ask("www.example.org.")
            server.ask("none.example.org.", "AAAA")
            server.ask("mail.example.org.", "MX", want_dnssec=True)
            server.ask("www.fails.example.")

    ask()
    prometheus = lab.keep(Prometheus(lab.directory, page))
    wait_until(lambda: prometheus.scrapes() >= 1, "the first scrape")
    # A rate is of what happens between scrapes.
    ask()
    server.ask(f"{random.randrange(1 << 32)}.example.org.")
    lab.manifests.write("nginx.yaml", headless("nginx"), pod("web-0", "10.244.1.11", "nginx"))
    server.wait_for(name, ["10.244.1.11"])
    wait_until(lambda: prometheus.query("increase(coredns_health_request_duration_seconds_count[1m]) > 0"), "a probe of health")
    so_far = prometheus.scrapes()
    wait_until(lambda: prometheus.scrapes() >= so_far + 2, "more scrapes")
    return prometheus, page


def test_dashboards_and_alerts_find_their_metrics(scraped):
    prometheus, page = scraped
    found = {title: prometheus.query(expression) for title, expression in DASHBOARD.items()}
    assert [title for title, samples in found.items() if not samples] == []
    assert [title for title, samples in found.items() if any(math.isnan(value) for _, value in samples)] == []

    def by(title, label):
        return {labels[label]: value for labels, value in found[title]}

    assert set(by("requests by transport", "proto")) == {"udp", "tcp"}
    assert set(by("requests by type", "type")) == {"A", "AAAA", "MX"}
    assert set(by("responses by rcode", "rcode")) >= {"NOERROR", "NXDOMAIN"}
    assert set(by("responses by plugin", "plugin")) >= {"kubernetes", "cache"}
    assert by("cache entries", "type") == {"success": 2, "denial": 2}
    assert min(by("cache hits", "type").values()) > 0
    assert 0 < found["duration"][0][1] < 1

    assert {name: prometheus.query(expression) for name, expression in ALERTS.items()} == dict.fromkeys(ALERTS, [])
    for name, expression in ALERTS.items():
        if name != "CoreDNSDown":
            assert prometheus.query(expression.rpartition(" > ")[0]), f"{name} can never speak"

    # Only what CoreDNS's own names do against the custom is complained of.
    with urllib.request.urlopen(f"http://127.0.0.1:{page}/metrics", timeout=10) as reply:
        text = reply.read()
    lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=20, check=False)
    complaints = (lint.stdout + lint.stderr).decode().splitlines()
    assert [line for line in complaints if line.startswith("podnamed_")] == []
