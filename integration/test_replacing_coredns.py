"""docs/replacing-coredns.md: what an operator types there before and after the change, typed here.

Its ```sh fences are run in order, on an API server that has kubeadm's Corefile in the ConfigMap; podnamed then serves that
Corefile, with free ports in the place of those that the page forwards. What needs nodes or a cloud is in ```text fences."""

import os
import re
import subprocess

from conftest import free_port
from harness.api_server import ApiServer
from harness.kube_cluster import KubeCluster
from harness.programs import BINARIES, ROOT
from harness.waiting import wait_until

FORWARDED = re.compile(r"port-forward \S+ ((?:\d+:\d+ ?)+)$", re.MULTILINE)


def page():
    with open(os.path.join(ROOT, "docs", "replacing-coredns.md"), encoding="utf-8") as file:
        return file.read()


class Shell:
    """A terminal with kubectl and podnamed in it."""

    def __init__(self, directory, kubeconfig):
        self.directory = directory
        self.environment = {
            **os.environ, "PATH": f"{BINARIES}:{os.environ['PATH']}", "HOME": str(directory), "KUBECONFIG": str(kubeconfig)
        }

    def run(self, command):
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.directory, env=self.environment, capture_output=True, text=True, timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


def kubeadms_corefile():
    with open(os.path.join(ROOT, "config", "kubernetes", "podnamed", "Corefile"), encoding="utf-8") as file:
        return file.read()


def beside_others(corefile, ports, kubeconfig):
    """The Corefile as a process that is no pod can serve it, with these ports in the place of a pod's own."""
    for pattern, ours in (
        (r"^\.:53 \{$", f".:{ports['53']} {{\n    bind 127.0.0.1"),
        (r"^    health \{$", f"    health 127.0.0.1:{free_port()} {{"),
        (r"lameduck 5s", "lameduck 100ms"),
        (r"/etc/resolv\.conf", f"127.0.0.1:{free_port()}"),
        (r"^    ready$", f"    ready 127.0.0.1:{ports['8181']}"),
        (r"^    prometheus :9153$", f"    prometheus 127.0.0.1:{ports['9153']}"),
        (r"^(    kubernetes .*)$", rf"\1\n        kubeconfig {kubeconfig}"),
    ):
        corefile, count = re.subn(pattern, ours, corefile, flags=re.MULTILINE)
        assert count == 1, pattern
    return corefile


def test_before_and_after(lab):
    fences = re.findall(r"^```sh\n(.*?)^```$", page(), re.MULTILINE | re.DOTALL)
    (fetch, check), (ready, address, denial, metrics) = map(str.splitlines, fences)
    with ApiServer() as api:
        cluster = KubeCluster(api)
        cluster_ip = cluster.create_service("kubernetes")["spec"]["clusterIP"]
        api.create({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns", "namespace": "kube-system"},
            "data": {"Corefile": kubeadms_corefile()},
        })
        kubeconfig = lab.directory / "kubeconfig"
        api.write_kubeconfig(kubeconfig)
        shell = Shell(lab.directory, kubeconfig)

        assert shell.run(fetch) == (0, "", "")
        code, effective, errors = shell.run(check)
        assert (code, errors) == (0, "")
        for directive in ("kubernetes cluster.local in-addr.arpa ip6.arpa {", "prometheus :9153", "lameduck 5s"):
            assert directive in effective
        (lab.directory / "Wrong").write_text(".:53 {\n    forwrd . /etc/resolv.conf\n    kubernetes {\n        podz\n    }\n}\n")
        code, _, errors = shell.run(check.replace("-conf Corefile", "-conf Wrong"))
        assert code == 1 and re.findall(r"Wrong:\d+:\d+", errors) == ["Wrong:2:5", "Wrong:4:9"], errors

        forwarded = [pair.split(":") for pair in FORWARDED.search(page())[1].split()]
        ours = {here: str(free_port()) for here, _ in forwarded}
        ports = {there: ours[here] for here, there in forwarded}
        server = lab.serve(beside_others(kubeadms_corefile(), ports, kubeconfig), int(ports["53"]))
        server.wait_for_log("is serving with")

        def typed(command):
            return shell.run(re.sub(rf"\b({'|'.join(ours)})\b", lambda found: ours[found[0]], command))

        wait_until(lambda: typed(ready)[1] == "OK", ready)
        assert typed(address)[1] == cluster_ip + "\n"
        assert "status: NXDOMAIN" in typed(denial)[1] and "EDE" in typed(denial)[1]
        assert "coredns_dns_responses_total{" in typed(metrics)[1]
        assert server.stop() == 0
