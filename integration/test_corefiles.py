"""The Corefiles of the distributions, served unchanged where a cluster serves them: at /etc/coredns in a pod that finds
its API server by its environment, on their own ports. A name server stands where the node's resolv.conf points."""

import ipaddress
import os
import random
import re
import shutil
import socket
import subprocess

import pytest

from harness import metrics
from harness.kube_lab import KubeLab, full
from harness.netns import SERVER_ADDRESS, open_pod_network, run
from harness.programs import BINARIES, ROOT, Program
from harness.service_account import DIRECTORY, ServiceAccount
from harness.waiting import wait_until

COREFILES = os.path.join(ROOT, "integration", "corefiles")
UPSTREAM = "10.96.0.200"  # the client's address in harness/netns.py
LINK_LOCAL = "169.254.20.10"  # NodeLocal DNSCache's
TOKEN = "pod's"
# In a mount namespace of its own.
ENTER = f"""
set -e
mount -t overlay overlay -o lowerdir=/etc,upperdir="$LAB/etc",workdir="$LAB/work" /etc
mount -t tmpfs tmpfs "$(readlink -f /var/run)"
mkdir -p {DIRECTORY}
mount --bind "$LAB/serviceaccount" {DIRECTORY}
exec "$@"
"""
ZONES = {
    "example.org": "www A 192.0.2.1\n",
    "corp.example": "www A 192.0.2.2\n",
    "internal.cloudapp.net": "a.b A 192.0.2.3\n",
    # Where NodeLocal DNSCache finds the cluster's names.
    "cluster.local": "web-0.nginx.default.svc A 192.0.2.4\n",
}


class Node:
    """A node's network with the API server, the upstream and podnamed in it."""

    def __init__(self, lab):
        self.lab = lab
        self.network = open_pod_network()
        # A link between the API server, which runs in the test, and the node.
        subnet = ipaddress.ip_network((int(ipaddress.ip_address("10.219.0.0")) + 4 * random.randrange(1 << 14), 30))
        here, there = map(str, subnet.hosts())
        link = f"k{self.network.server[-8:]}"
        run("ip", "link", "add", link, "type", "veth", "peer", "name", link, "netns", self.network.server)
        run("ip", "address", "add", f"{here}/30", "dev", link)
        run("ip", "link", "set", link, "up")
        run("ip", "-n", self.network.server, "address", "add", f"{there}/30", "dev", link)
        run("ip", "-n", self.network.server, "link", "set", link, "up")
        run("ip", "-n", self.network.server, "address", "add", f"{LINK_LOCAL}/32", "dev", "lo")
        self.kube = KubeLab(
            lab, tokens={TOKEN: "system:serviceaccount:kube-system:coredns"}, host=here, certificate_names=(f"IP:{here}",)
        )
        self.kube.nginx(replicas=2)
        ServiceAccount(lab.directory / "serviceaccount").write(TOKEN, self.kube.api.ca_path)
        (lab.directory / "work").mkdir()
        self.write("etc/resolv.conf", f"nameserver {UPSTREAM}\n")
        self.start_upstream()

    def write(self, path, text):
        where = self.lab.directory / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text)

    def start_upstream(self):
        config = f"server:\n  rundir: {self.lab.directory}\n  listen: {UPSTREAM}@53\ndatabase:\n  storage: {self.lab.directory}/db\nzone:\n"
        for name, records in ZONES.items():
            self.write(f"zones/{name}", f"$ORIGIN {name}.\n$TTL 300\n@ SOA ns hostmaster 1 7200 1800 86400 60\n@ NS ns\nns A 127.0.0.1\n{records}")
            config += f"  - domain: {name}\n    file: {self.lab.directory}/zones/{name}\n"
        self.write("knot.conf", config)
        words = ["knotd", "-c", str(self.lab.directory / "knot.conf")]
        self.lab.keep(Program(words, self.lab.directory / "knot.log", ("ip", "netns", "exec", self.network.pod)))
        wait_until(lambda: self.dig("www.example.org", server=UPSTREAM), "the upstream")

    def serve(self, corefile):
        shutil.copytree(os.path.join(COREFILES), self.lab.directory / "etc" / "coredns", dirs_exist_ok=True)
        environment = (
            f"LAB={self.lab.directory}", f"KUBERNETES_SERVICE_HOST={self.kube.api.host}", f"KUBERNETES_SERVICE_PORT={self.kube.api.port}",
        )
        prefix = (*self.network.in_server(), "env", *environment, "unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh")
        words = [os.path.join(BINARIES, "podnamed"), "-conf", f"/etc/coredns/{corefile}"]
        server = self.lab.keep(Program(words, self.lab.directory / "podnamed.log", prefix))
        server.wait_for_log("is serving")
        return server

    def here(self, *words):
        done = subprocess.run([*self.network.in_server(), *words], capture_output=True, text=True, timeout=20, check=False)
        return done.stdout

    def answer(self, name, rdtype="A", server="127.0.0.1", port=53, flags=()):
        """The answer section's lines, blanks as one."""
        words = ["dig", f"@{server}", "-p", str(port), "+noall", "+answer", "+tries=2", "+time=2", *flags, name, rdtype]
        return [" ".join(line.split()) for line in self.here(*words).splitlines()]

    def dig(self, name, rdtype="A", **options):
        """The sorted rdata."""
        return sorted(line.split(" ", 4)[4] for line in self.answer(name, rdtype, **options) if f" {rdtype} " in line)

    def status(self, name, rdtype="A", server="127.0.0.1", port=53):
        return re.search(r"status: (\w+)", self.here("dig", f"@{server}", "-p", str(port), name, rdtype))[1]

    def get(self, url):
        return self.here("curl", "-s", f"http://{url}")

    def close(self):
        self.kube.close()
        self.network.close()


@pytest.fixture(name="node")
def fixture_node(lab):
    made = Node(lab)
    yield made
    made.close()


def check_common(node, port=53, ttl=5, cache_ttl=30, plugins=()):
    """Names of the cluster and of the world, probes, metrics."""
    web_0 = node.kube.address("web-0")
    assert node.answer(full("web-0.nginx"), port=port) == [f"{full('web-0.nginx')} {ttl} IN A {web_0}"]
    assert node.dig(full("nginx"), port=port) == node.kube.addresses("web-0", "web-1")
    reverse = ipaddress.ip_address(web_0).reverse_pointer
    assert node.dig(reverse, "PTR", port=port) == [full("web-0.nginx")]
    assert node.status("nowhere.default.svc.cluster.local", port=port) == "NXDOMAIN"
    assert node.answer("www.example.org", port=port) == [f"www.example.org. {cache_ttl} IN A 192.0.2.1"]
    assert node.dig("www.example.org", port=port, flags=("+tcp",)) == ["192.0.2.1"]
    assert node.dig("10.0.0.1.in-addr.arpa", "PTR", port=port) == []
    assert node.get("127.0.0.1:8080/health") == "OK"
    assert node.get("127.0.0.1:8181/ready") == "OK"
    page = metrics.parse(node.get("127.0.0.1:9153/metrics"))
    enabled = {dict(labels)["name"] for labels in page.series("coredns_plugin_enabled") if dict(labels)["zone"] == "."}
    assert enabled == {"cache", "errors", "forward", "kubernetes", "prometheus", *plugins}
    assert sum(page.series("coredns_cache_hits_total").values()) >= 1


def test_kubeadm(node):
    server = node.serve("kubeadm")
    check_common(node, ttl=30, plugins=("loadbalance", "loop"))
    assert "WARNING" not in server.log()
    # "lameduck 5s" is for those who still send.
    assert server.stop(timeout=20) == 0


def test_eks(node):
    node.serve("eks")
    check_common(node, plugins=("loadbalance", "loop"))


def test_k3s(node):
    node.write("etc/coredns/NodeHosts", "10.1.2.3 node-1\n")
    node.write("etc/coredns/custom/echo.server", "echo.example:53 {\n    whoami\n}\n")
    node.write("etc/coredns/custom/any.override", "any\n")
    node.serve("k3s")
    check_common(node, plugins=("any", "hosts", "loadbalance", "loop"))
    assert node.answer("node-1") == ["node-1. 60 IN A 10.1.2.3"]
    assert node.status("a.echo.example") == "NOERROR"
    assert node.answer("node-1", "ANY") == ['node-1. 8482 IN HINFO "ANY obsoleted" "See RFC 8482"']


def test_aks(node):
    node.serve("aks")
    check_common(node, ttl=30, plugins=("loadbalance", "loop", "template"))
    assert node.status("vm.reddog.microsoft.com") == "NXDOMAIN"
    assert node.status("a.b.c.d.internal.cloudapp.net") == "NXDOMAIN", "a search path's doing"
    assert node.dig("a.b.internal.cloudapp.net") == ["192.0.2.3"]


def test_openshift(node):
    server = node.serve("openshift")
    check_common(node, port=5353, cache_ttl=300, plugins=("log", "bufsize"))
    chaos = node.here("dig", "@127.0.0.1", "-p", "5353", "+short", "hostname.bind", "CH", "TXT")
    assert chaos == f'"{socket.gethostname()}"\n'
    server.wait_for_log(r"PTR IN 10\.0\.0\.1\.in-addr\.arpa\. .* REFUSED")
    assert "www.example.org" not in server.log(), "errors alone"


def test_kubespray(node):
    node.serve("kubespray")
    check_common(node, plugins=("loadbalance", "loop", "rewrite"))
    node.kube.cluster.create_namespace("namespace")
    node.kube.cluster.create_service("website", namespace="namespace")
    wait_until(lambda: node.dig("website.example.com") == node.dig("website.namespace.svc.cluster.local") != [], "the rewritten name")
    assert node.answer("website.example.com")[0].startswith("website.example.com. ")


def test_nodelocaldns(node):
    node.serve("nodelocaldns")
    for address in (LINK_LOCAL, SERVER_ADDRESS):
        assert node.answer(full("web-0.nginx"), server=address) == [f"{full('web-0.nginx')} 30 IN A 192.0.2.4"]
        assert node.dig("www.example.org", server=address) == ["192.0.2.1"]
        assert node.status("1.0.0.10.in-addr.arpa", "PTR", server=address) == "REFUSED", "the upstream's word"
    assert node.get(f"{LINK_LOCAL}:8080/health") == "OK"
    page = metrics.parse(node.get("127.0.0.1:9253/metrics"))
    transports = {dict(labels)["proto"] for labels, value in page.series("coredns_proxy_conn_cache_misses_total").items() if value}
    assert "tcp" in transports, "force_tcp"
    zones = {dict(labels)["zone"] for labels in page.series("coredns_dns_requests_total")}
    assert zones == {"cluster.local.", "in-addr.arpa.", "."}


def test_what_an_operator_reads_before(lab):
    """-check on each of them: no error, nothing to be warned of, and the same plugins in every server block."""
    for name in sorted(os.listdir(COREFILES)):
        path = os.path.join(COREFILES, name)
        words = [os.path.join(BINARIES, "podnamed"), "-check", "-conf", path]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
        assert (done.returncode, done.stderr) == (0, ""), name
        with open(path, encoding="utf-8") as file:
            written = [line.split() for line in file if not line.startswith(("#", "import"))]
        understood = [line.split() for line in done.stdout.splitlines()]

        def plugins(lines):
            return sorted(line[0] for line in lines if line and line[0].isalpha() and line[0] != "import")

        assert plugins(understood) == plugins(written), name
