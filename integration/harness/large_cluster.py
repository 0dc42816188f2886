"""A cluster of 150,000 pods in seconds: every namespace has 40 ClusterIP Services, 10 headless Services of 75
StatefulSet pods each, and 10 small headless Services that select the first three pods of a set. The ClusterIP Services
select nothing, so that a pod that changes is in one slice, or in two."""

import dataclasses
import gc
import ipaddress
import itertools
import random
import time

from . import kube_shapes as shapes
from .api_store import now
from .api_wire import Shared

PORTS = (("http", 8080),)
NODES = 300


@dataclasses.dataclass
class Change:
    name: str  # the pod's, fully qualified
    address: str
    pod_time: float  # time.monotonic() when its Pod was written
    slice_time: float  # and when its last EndpointSlice was


class LargeCluster:
    """Built at once on an ApiServer, whose history begins after it."""

    def __init__(self, server, namespaces=200, cluster_services=40, sets=10, pods=75, small=3):
        self.server = server
        self._pods = {}  # (namespace, name): [(slice's name, place in it)]
        self._names = []
        self._address = int(ipaddress.ip_address("10.0.0.1"))
        self._cluster_address = int(ipaddress.ip_address("172.16.0.1"))
        since = now()
        self._containers = shapes.containers(PORTS)
        self._conditions = [
            Shared(shapes.condition(kind, True, since))
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ]
        self._statuses = [Shared(shapes.running(["10.0.0.0"], "", True, since)["containerStatuses"][0])]
        self._since = since
        self._nodes = itertools.cycle(range(NODES))
        self._slice_ports = [Shared({"name": "http", "protocol": "TCP", "port": 8080})]
        self._service_ports = [Shared(shapes.service_port("http", 80, 8080))]
        # Millions of objects that stay: looking for cycles among them again and again would take most of the time.
        gc.disable()
        try:
            for number in range(namespaces):
                self._build_namespace(f"ns-{number}", cluster_services, sets, pods, small)
        finally:
            gc.freeze()
            gc.enable()
        server.compact()

    def _build_namespace(self, namespace, cluster_services, sets, pods, small):
        self.server.create(shapes.namespace(namespace))
        for number in range(cluster_services):
            self._cluster_address += 1
            address = str(ipaddress.ip_address(self._cluster_address))
            service = self._create_service(f"api-{number}", namespace, address, {"app": f"api-{number}"})
            self._create_slice(service, [])
        for number in range(sets):
            self._build_set(namespace, number, pods, small)

    def _build_set(self, namespace, number, pods, small):
        name = f"db-{number}"
        labels = {"app": name}
        stateful_set = self.server.create(shapes.stateful_set(name, namespace, name, labels, pods, PORTS))
        owner = shapes.owner_reference(stateful_set)
        wide = self._create_service(name, namespace, "None", labels)
        few = self._create_service(f"{name}-first", namespace, "None", {"app": name, "first": "true"})
        made = []
        for ordinal in range(pods):
            pod_labels = shapes.ordinal_labels(labels, name, ordinal, f"{name}-1")
            if ordinal < small:
                pod_labels["first"] = "true"
            made.append(self._create_pod(f"{name}-{ordinal}", namespace, pod_labels, name, owner))
        for service, chosen in ((wide, made), (few, made[:small])):
            endpoints = [self._endpoint(pod, service) for pod in chosen]
            slice_name = self._create_slice(service, endpoints)["metadata"]["name"]
            for place, pod in enumerate(chosen):
                self._pods[namespace, pod["metadata"]["name"]].append((slice_name, place))

    def _create_service(self, name, namespace, address, selector):
        return self.server.create(
            shapes.service(name, namespace, [address], ["IPv4"], selector, self._service_ports)
        )

    def _create_slice(self, service, endpoints):
        name = f"{service['metadata']['name']}-{random.choice('bcdfg')}{random.randrange(1000, 9999)}"
        ports = self._slice_ports if endpoints else None
        return self.server.create(shapes.endpoint_slice(name, service, "IPv4", endpoints, ports))

    def _create_pod(self, name, namespace, labels, subdomain, owner):
        node = next(self._nodes)
        spec = shapes.pod_spec(self._containers, f"node-{node}", name, subdomain)
        status = self._status(self._new_address(), node)
        self._pods[namespace, name] = []
        self._names.append((namespace, name))
        return self.server.create(shapes.pod(name, namespace, labels, spec, owner, status))

    def _status(self, address, node):
        host = f"192.168.{node >> 8}.{node & 255}"
        return shapes.running([address], host, True, self._since, self._conditions, self._statuses)

    def _new_address(self):
        self._address += 1
        return str(ipaddress.ip_address(self._address))

    @staticmethod
    def _endpoint(pod, service):
        zone = f"zone-{'abc'[int(pod['spec']['nodeName'][len('node-'):]) % 3]}"
        return shapes.endpoint(pod, service, [pod["status"]["podIP"]], zone)

    def size(self):
        return len(self._names)

    def random_name(self):
        """Of a pod: namespace and name."""
        return random.choice(self._names)

    def addresses(self, count, zone="cluster.local"):
        """Some of the pods, as they are now: addresses by fully qualified name."""
        pods = (self.server.peek("pods", *name) for name in random.sample(self._names, min(count, len(self._names))))
        return {
            f"{pod['metadata']['name']}.{pod['spec']['subdomain']}.{pod['metadata']['namespace']}.svc.{zone}.":
                pod["status"]["podIP"]
            for pod in pods
        }

    def move_pod(self, namespace, name, zone="cluster.local"):
        """Gives a pod a new address: its Pod is written, then its slices. Returns the Change."""
        pod = self.server.peek("pods", namespace, name)
        address = self._new_address()
        status = {**pod["status"], "podIP": address, "podIPs": [{"ip": address}]}
        self.server.update({**pod, "status": status})
        pod_time = time.monotonic()
        for slice_name, place in self._pods[namespace, name]:
            obj = self.server.peek("endpointslices", namespace, slice_name)
            endpoints = list(obj["endpoints"])
            endpoints[place] = Shared({**endpoints[place], "addresses": [address]})
            self.server.update({**obj, "endpoints": endpoints})
        subdomain = pod["spec"]["subdomain"]
        return Change(f"{name}.{subdomain}.{namespace}.svc.{zone}.", address, pod_time, time.monotonic())

    def change_pods(self, per_second, seconds, changes=None):
        """Moves random pods, each at its time from the start on, late ones at once; returns the Changes, which also
        come to `changes` as they are made."""
        changes = [] if changes is None else changes
        start = time.monotonic()
        for number in range(int(per_second * seconds)):
            wait = start + number / per_second - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            changes.append(self.move_pod(*self.random_name()))
        return changes
