"""config/kubernetes/node-local: podnamed as a cache on every node, on a node's network, by the manifest's own words."""

import os
import re
import subprocess

import pytest
import yaml

from harness import metrics
from harness.kube_lab import full
from harness.netns import run
from harness.programs import ROOT
from harness.waiting import wait_until
from test_corefiles import LINK_LOCAL, UPSTREAM, Node

DIRECTORY = os.path.join(ROOT, "config", "kubernetes", "node-local")
SELECTED_BY_KUBE_DNS = ("k8s-app", "kube-dns")


def read(name):
    with open(os.path.join(DIRECTORY, name), encoding="utf-8") as file:
        return file.read()


@pytest.fixture(name="daemon_set")
def fixture_daemon_set():
    return yaml.safe_load(read("daemon_set.yaml"))


@pytest.fixture(name="node")
def fixture_node(lab):
    made = Node(lab)
    run("ip", "-n", made.network.server, "address", "del", f"{LINK_LOCAL}/32", "dev", "lo")  # nobody has made it yet
    yield made
    made.close()


def addresses_of(node):
    return node.here("ip", "-o", "address", "show", "dev", "lo")


def run_init_container(node, daemon_set):
    """With busybox's `ip` and `grep`, as in its image."""
    (container,) = daemon_set["spec"]["template"]["spec"]["initContainers"]
    assert container["image"].startswith("busybox:") and container["command"][:2] == ["sh", "-ec"]
    applets = node.lab.directory / "applets"
    applets.mkdir(exist_ok=True)
    for applet in ("sh", "ip", "grep"):
        (applets / applet).unlink(missing_ok=True)
        (applets / applet).symlink_to("/bin/busybox")
    words = [*node.network.in_server(), "env", f"PATH={applets}", *container["command"]]
    return subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)


def corefile_of_an_operator(lab, cluster_dns):
    """The Corefile after the command that docs/replacing-coredns.md has for it."""
    with open(os.path.join(ROOT, "docs", "replacing-coredns.md"), encoding="utf-8") as file:
        (script,) = re.findall(r'^sed -i "(s/.*?/)\$\(kubectl .*\)/" config/kubernetes/node-local/Corefile$', file.read(), re.MULTILINE)
    path = lab.directory / "Corefile"
    path.write_text(read("Corefile"))
    subprocess.run(["sed", "-i", f"{script}{cluster_dns}/", str(path)], check=True)
    text = path.read_text()
    assert [line.split()[2] for line in text.splitlines() if line.startswith("    forward")] == [cluster_dns] * 3 + ["/etc/resolv.conf"]
    return text


def test_a_pod_asks_the_cache_of_its_node(node, daemon_set):
    for _ in range(2):  # the pod may come again
        done = run_init_container(node, daemon_set)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert addresses_of(node).count(f" {LINK_LOCAL}/32 scope host ") == 1, addresses_of(node)
    node.write("etc/coredns/node-local", corefile_of_an_operator(node.lab, UPSTREAM))
    server = node.serve("node-local")
    assert "WARNING" not in server.log().replace("[WARNING] inspect", "")

    run("ip", "-n", node.network.pod, "route", "add", LINK_LOCAL, "via", "10.96.0.10")

    def from_the_pod(name, *flags):
        words = ["dig", f"@{LINK_LOCAL}", "+noall", "+answer", "+tries=2", "+time=2", *flags, name]
        return [" ".join(line.split()) for line in node.network.run_in_pod(*words)[1].splitlines()]

    assert from_the_pod(full("web-0.nginx")) == [f"{full('web-0.nginx')} 30 IN A 192.0.2.4"], "at most 30 s"
    assert from_the_pod("www.example.org", "+tcp") == ["www.example.org. 30 IN A 192.0.2.1"]
    assert node.status("1.0.0.10.in-addr.arpa", "PTR", server=LINK_LOCAL) == "REFUSED", "the upstream's word"

    page = metrics.parse(node.get("127.0.0.1:9253/metrics"))
    transports = {dict(labels)["proto"] for labels, value in page.series("coredns_proxy_conn_cache_misses_total").items() if value}
    assert "tcp" in transports, "force_tcp"
    from_the_pod(full("web-0.nginx"))
    hits = metrics.parse(node.get("127.0.0.1:9253/metrics")).series("coredns_cache_hits_total")
    assert sum(hits.values()) >= 1
    container = daemon_set["spec"]["template"]["spec"]["containers"][0]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        wait_until(lambda: node.get(f"{asked['host']}:{asked['port']}{asked['path']}") == "OK", probe)
    assert server.stop() == 0


def test_without_the_address_the_start_says_so(node):
    node.write("etc/coredns/node-local", corefile_of_an_operator(node.lab, UPSTREAM))
    with pytest.raises(AssertionError) as failure:
        node.serve("node-local")
    assert re.search(rf"{LINK_LOCAL}:53: this host has no such address", str(failure.value)), failure.value


def test_it_may_do_no_more_than_it_must(daemon_set):
    pod = daemon_set["spec"]["template"]["spec"]
    (init,), (container,) = pod["initContainers"], pod["containers"]
    assert pod["hostNetwork"] is True and not {"hostPID", "hostIPC"} & set(pod)
    assert pod["dnsPolicy"] == "Default", "it would ask itself"
    assert pod["automountServiceAccountToken"] is False
    assert all(set(volume) & {"configMap", "emptyDir"} for volume in pod["volumes"])
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    closed = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    assert container["securityContext"] == {**closed, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}
    assert init["securityContext"] == {
        **closed, "runAsNonRoot": False, "runAsUser": 0, "runAsGroup": 0, "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}
    }


def test_its_parts_agree(daemon_set):
    spec = daemon_set["spec"]
    labels, pod = spec["template"]["metadata"]["labels"], spec["template"]["spec"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    assert SELECTED_BY_KUBE_DNS not in labels.items(), "it would be asked by itself"
    assert labels["app.kubernetes.io/name"] != "podnamed", "the Deployment's, its budget's"
    corefile = read("Corefile")
    assert re.findall(r"^    bind (.*)$", corefile, re.MULTILINE) == [LINK_LOCAL] * 4
    assert LINK_LOCAL in pod["initContainers"][0]["command"][2]
    container = pod["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert set(re.findall(r"^    prometheus :(\d+)$", corefile, re.MULTILINE)) == {str(ports["metrics"])}
    assert spec["template"]["metadata"]["annotations"]["prometheus.io/port"] == str(ports["metrics"])
    (health,) = re.findall(r"^    health (.*)$", corefile, re.MULTILINE)
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        assert f"{asked['host']}:{asked['port']}" == health
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert container["args"][:2] == ["-conf", f"{mounts['config']}/Corefile"]
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    (account,) = yaml.safe_load_all(read("service_account.yaml"))
    assert pod["serviceAccountName"] == account["metadata"]["name"]


def test_the_images_tag_is_that_of_the_deployment(daemon_set):
    with open(os.path.join(ROOT, "config", "kubernetes", "base", "deployment.yaml"), encoding="utf-8") as file:
        deployment = yaml.safe_load(file)
    images = [found["spec"]["template"]["spec"]["containers"][0]["image"] for found in (deployment, daemon_set)]
    assert images[0] == images[1]
