"""Network namespaces as pods: one for the name server, one for a pod whose resolv.conf is what kubelet writes."""

import os
import shutil
import subprocess
import uuid

import pytest

SERVER_ADDRESS = "10.96.0.10"
SERVER_ADDRESS_V6 = "fd00:10:96::a"


def run(*words):
    subprocess.run(words, check=True, capture_output=True, text=True)


def can_make_namespaces():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    probe = f"podnamed-probe-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode != 0:
        return False
    run("ip", "netns", "del", probe)
    return True


class PodNetwork:
    """Two namespaces joined by a veth pair. The server's has SERVER_ADDRESS; port 53 is free in it."""

    def __init__(self, nameserver=SERVER_ADDRESS):
        token = uuid.uuid4().hex[:8]
        self.server = f"podnamed-s-{token}"
        self.pod = f"podnamed-p-{token}"
        self.resolver_directory = f"/etc/netns/{self.pod}"
        link_s, link_p = f"s{token}", f"p{token}"
        run("ip", "netns", "add", self.server)
        run("ip", "netns", "add", self.pod)
        run("ip", "link", "add", link_s, "netns", self.server, "type", "veth", "peer", "name", link_p, "netns", self.pod)
        for namespace, link, v4, v6 in (
            (self.server, link_s, f"{SERVER_ADDRESS}/24", f"{SERVER_ADDRESS_V6}/64"),
            (self.pod, link_p, "10.96.0.200/24", "fd00:10:96::200/64"),
        ):
            run("ip", "-n", namespace, "link", "set", "lo", "up")
            run("ip", "-n", namespace, "address", "add", v4, "dev", link)
            run("ip", "-n", namespace, "address", "add", v6, "dev", link, "nodad")
            run("ip", "-n", namespace, "link", "set", link, "up")
        os.makedirs(self.resolver_directory)
        with open(os.path.join(self.resolver_directory, "resolv.conf"), "w", encoding="utf-8") as file:
            file.write(
                "search default.svc.cluster.local svc.cluster.local cluster.local\n"
                f"nameserver {nameserver}\noptions ndots:5\n"
            )
        # Without this, getent would ask whatever the host's own nsswitch.conf names first.
        with open(os.path.join(self.resolver_directory, "nsswitch.conf"), "w", encoding="utf-8") as file:
            file.write("hosts: dns\n")

    def in_server(self):
        """Words to put in front of a command that runs beside the name server."""
        return ["ip", "netns", "exec", self.server]

    def run_in_pod(self, *words, timeout=20):
        """Runs a client as a pod would; returns its exit code and all it printed."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.pod, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return done.returncode, done.stdout

    def close(self):
        for namespace in (self.pod, self.server):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)
        shutil.rmtree(self.resolver_directory, ignore_errors=True)


def open_pod_network(**options):
    if not can_make_namespaces():
        pytest.skip("needs root and iproute2 to make network namespaces")
    return PodNetwork(**options)
