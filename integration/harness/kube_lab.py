"""A cluster behind an API server, and our programs that follow it."""

import contextlib

from .api_server import ApiServer
from .kube_cluster import KubeCluster

ZONE = "svc.cluster.local."
TOKEN = "the-token"
# How long a change may take from the API server to the answers. It takes milliseconds; the rest is for busy machines.
PROPAGATION = 1.0


class KubeLab:
    """`lab` starts and ends the programs (conftest.py). Options are the ApiServer's."""

    def __init__(self, lab, namespaces=("default",), **options):
        self.lab = lab
        self._stack = contextlib.ExitStack()
        options.setdefault("tokens", {TOKEN: "podnamed"})
        self.api = self._stack.enter_context(ApiServer(**options))
        self.cluster = KubeCluster(self.api, namespaces=namespaces)

    def close(self):
        """The programs first: what they say of an API server that is gone is nobody's concern."""
        self.lab.stop_all()
        self._stack.close()

    def kubeconfig(self, name="kubeconfig"):
        return self.api.write_kubeconfig(self.lab.directory / name)

    def embedded(self, *properties, name="podnamed", source=None, **options):
        """podnamed that asks the API server itself, serving; `properties` are lines of its kubernetes block."""
        lines = [source or f"kubeconfig {self.kubeconfig(f'{name}.kubeconfig')}", *properties]
        server = self.lab.podnamed("\n        ".join(lines), name, **options)
        server.wait_for_log("is serving")
        return server

    def sidecar(self, *flags, name="podnamed"):
        """podnamed that is fed by a podname-controller; `flags` are the controller's. Both."""
        address = f"unix://{self.lab.directory}/{name}.feed"
        kubeconfig = self.kubeconfig(f"{name}.kubeconfig")
        controller = self.lab.controller(
            f"{name}-controller", address, ("-kubernetes", "-kubeconfig", kubeconfig, *flags)
        )
        server = self.lab.podnamed(f"feed {address}", name)
        server.wait_for_log("is serving")
        return server, controller

    def nginx(self, replicas=3, **options):
        """The lecture's headless Service nginx and its pods web-0, web-1 and so on."""
        self.cluster.create_service("nginx", headless=True, **options)
        self.cluster.create_stateful_set("web", "nginx", replicas=replicas)

    def address(self, pod, namespace="default"):
        return self.cluster.pod_addresses(pod, namespace)[0]

    def addresses(self, *pods):
        return sorted(map(self.address, pods))


def follows(server, name, expected, rdtype="A"):
    """The name answers `expected` as soon as we promise: the change has just been written."""
    server.wait_for(full(name), expected, rdtype, timeout=PROPAGATION)


def full(name):
    """"web-0.nginx" and "nginx.shop.svc" as people say them; what ends in a dot is whole."""
    if name.endswith("."):
        return name
    return f"{name}.default.{ZONE}" if not name.endswith(".svc") else f"{name}.cluster.local."
