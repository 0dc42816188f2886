"""A small cluster: what its controllers and kubelets write to an ApiServer when somebody creates, scales, updates or
loses something. Every step is written at once, in the order in which a real cluster would write it."""

import collections
import ipaddress
import itertools

from . import kube_shapes as shapes
from .api_store import now
from .kube_model import model
from .kube_slices import SliceController, matches

ZONES = ("zone-a", "zone-b", "zone-c")


class KubeCluster:
    def __init__(self, server, nodes=3, namespaces=("default",)):
        self.server = server
        self._nodes = [f"node-{number}" for number in range(nodes)]
        self._pods = collections.defaultdict(dict)  # of a namespace, by name
        self._services = collections.defaultdict(dict)
        self._counters = collections.defaultdict(itertools.count)
        self.slices = SliceController(server, self.zone_of)
        for name in namespaces:
            self.create_namespace(name)

    def model(self, **options):
        """What every name should answer now, see kube_model."""
        return model(self.server, **options)

    def resync(self):
        """Reads what there is, after the server was restored, and sets the slices right, as restarted controllers do."""
        self._pods.clear()
        self._services.clear()
        for kind, known in (("pods", self._pods), ("services", self._services)):
            for obj in self.server.objects(kind):
                known[obj["metadata"]["namespace"]][obj["metadata"]["name"]] = obj
        self.slices.resync()
        for namespace, services in self._services.items():
            for obj in services.values():
                self.slices.reconcile(obj, self._pods[namespace].values())

    # --- addresses and nodes

    def new_address(self, family="IPv4"):
        """One that no pod has had yet."""
        first = ipaddress.ip_address("10.244.0.1" if family == "IPv4" else "fd00:10:244::1")
        return str(first + next(self._counters[family]))

    def _cluster_address(self, family):
        first = ipaddress.ip_address("10.96.0.100" if family == "IPv4" else "fd00:10:96::100")
        return str(first + next(self._counters["cluster " + family]))

    def zone_of(self, pod):
        return ZONES[self._nodes.index(pod["spec"]["nodeName"]) % len(ZONES)] if pod["spec"].get("nodeName") else None

    def _host_address(self, node):
        return f"192.168.0.{self._nodes.index(node) + 10}"

    # --- namespaces and services

    def create_namespace(self, name, labels=None):
        return self.server.create(shapes.namespace(name, labels))

    def delete_namespace(self, name):
        """Terminating, then empty, then gone."""
        obj = self.server.get("namespaces", "", name)
        metadata = {**obj["metadata"], "deletionTimestamp": now()}
        self.server.update({**obj, "metadata": metadata, "status": {"phase": "Terminating"}})
        for kind, delete in (
            ("statefulsets", self.delete_stateful_set), ("services", self.delete_service), ("pods", self.delete_pod),
        ):
            for found in self.server.objects(kind):
                if found["metadata"]["namespace"] == name:
                    delete(found["metadata"]["name"], name)
        self.server.delete("namespaces", "", name)

    def create_service(
        self, name, namespace="default", selector=None, ports=(("http", 80, 8080),), headless=False,
        publish_not_ready=False, dual_stack=False, families=None, labels=None,
    ):
        """`ports` are (name, port, target port or its name[, protocol]). The selector is {"app": name} by default, and
        {} for none."""
        families = families or (("IPv4", "IPv6") if dual_stack else ("IPv4",))
        addresses = ["None"] if headless else [self._cluster_address(family) for family in families]
        selector = {"app": name} if selector is None else selector
        written = [shapes.service_port(*port) for port in ports]
        return self._keep_service(
            self.server.create(
                shapes.service(name, namespace, addresses, families, selector, written, publish_not_ready, labels)
            )
        )

    def create_external_name(self, name, target, namespace="default"):
        return self.server.create(shapes.external_name(name, namespace, target))

    def update_service(self, name, namespace="default", **spec):
        """Changes fields of a Service's spec; None takes one away."""
        obj = self.server.get("services", namespace, name)
        obj["spec"].update(spec)
        obj["spec"] = {field: value for field, value in obj["spec"].items() if value is not None}
        return self._keep_service(self.server.update(obj))

    def set_ingress(self, name, *ingress, namespace="default"):
        """What the cloud says of a Service's load balancer: {"ip": …} or {"hostname": …} each."""
        obj = self.server.get("services", namespace, name)
        obj["status"] = {"loadBalancer": {"ingress": list(ingress)} if ingress else {}}
        return self._keep_service(self.server.update(obj))

    def delete_service(self, name, namespace="default"):
        self.server.delete("services", namespace, name)
        if self._services[namespace].pop(name, None):
            self.slices.remove(namespace, name)

    def _keep_service(self, obj):
        metadata = obj["metadata"]
        self._services[metadata["namespace"]][metadata["name"]] = obj
        self.slices.reconcile(obj, self._pods[metadata["namespace"]].values())
        return obj

    # --- pods

    def create_pod(
        self, name, namespace="default", labels=None, hostname="", subdomain="", ready=True, ports=(("http", 8080),),
        owner=None, dual_stack=False, addresses=None,
    ):
        """As the scheduler and kubelet bring it up: Pending, then with an address, then ready."""
        spec = shapes.pod_spec(shapes.containers(ports), "", hostname, subdomain)
        labels = {"app": name} if labels is None else labels
        pod = self._keep_pod(None, self.server.create(shapes.pod(name, namespace, labels, spec, owner)))
        node = self._nodes[next(self._counters["pods"]) % len(self._nodes)]
        families = ("IPv4", "IPv6") if dual_stack else ("IPv4",)
        addresses = addresses or [self.new_address(family) for family in families]
        status = shapes.running(addresses, self._host_address(node), is_ready=False)
        pod = self._update_pod(pod, spec={**pod["spec"], "nodeName": node}, status=status)
        return self.set_ready(name, namespace) if ready else pod

    def pod(self, name, namespace="default"):
        return self._pods[namespace][name]

    def pod_addresses(self, name, namespace="default"):
        return [at["ip"] for at in self._pods[namespace][name]["status"].get("podIPs", ())]

    def set_ready(self, name, namespace="default", ready=True):
        pod = self._pods[namespace][name]
        status = shapes.running(self.pod_addresses(name, namespace), pod["status"]["hostIP"], ready)
        return self._update_pod(pod, status=status)

    def move_pod(self, name, namespace="default", addresses=None):
        """The same pod gets other addresses, as when its sandbox is made anew."""
        pod = self._pods[namespace][name]
        addresses = addresses or [
            self.new_address("IPv6" if ":" in address else "IPv4") for address in self.pod_addresses(name, namespace)
        ]
        status = shapes.running(addresses, pod["status"]["hostIP"], shapes.is_ready(pod))
        return self._update_pod(pod, status=status)

    def finish_pod(self, name, namespace="default", phase="Succeeded"):
        pod = self._pods[namespace][name]
        return self._update_pod(pod, status={**pod["status"], "phase": phase})

    def terminate_pod(self, name, namespace="default"):
        """It is asked to end; it is there until remove_pod."""
        pod = self._pods[namespace][name]
        metadata = {**pod["metadata"], "deletionTimestamp": now(), "deletionGracePeriodSeconds": 30}
        return self._update_pod(pod, metadata=metadata)

    def remove_pod(self, name, namespace="default"):
        pod = self._pods[namespace].pop(name)
        self.server.delete("pods", namespace, name)
        self._reconcile(namespace, pod["metadata"]["labels"])

    def delete_pod(self, name, namespace="default"):
        """Terminating, then gone."""
        self.terminate_pod(name, namespace)
        self.remove_pod(name, namespace)

    def replace_pod(self, name, namespace="default", ready=True, addresses=None):
        """Deleted and made anew by its owner: the same name, another uid, another address."""
        old = self._pods[namespace][name]
        self.delete_pod(name, namespace)
        return self._create_again(old, ready, addresses)

    def _create_again(self, old, ready=True, addresses=None, labels=None):
        metadata, spec = old["metadata"], old["spec"]
        ports = [(port["name"], port["containerPort"]) for port in spec["containers"][0]["ports"]]
        return self.create_pod(
            metadata["name"], metadata["namespace"], labels or metadata["labels"], spec.get("hostname", ""),
            spec.get("subdomain", ""), ready, ports, next(iter(metadata.get("ownerReferences", ())), None),
            len(old["status"].get("podIPs", ())) > 1, addresses,
        )

    def _update_pod(self, pod, **parts):
        return self._keep_pod(pod, self.server.update({**pod, **parts}))

    def _keep_pod(self, before, pod):
        metadata = pod["metadata"]
        self._pods[metadata["namespace"]][metadata["name"]] = pod
        labels = (before or pod)["metadata"]["labels"]
        self._reconcile(metadata["namespace"], labels, metadata["labels"])
        return pod

    def _reconcile(self, namespace, *labels):
        """The slices of every Service that selects a pod with such labels."""
        for obj in self._services[namespace].values():
            selector = obj["spec"].get("selector")
            if selector and any(matches(selector, of_pod) for of_pod in labels):
                self.slices.reconcile(obj, self._pods[namespace].values())

    # --- StatefulSets

    def create_stateful_set(
        self, name, service, namespace="default", replicas=3, labels=None, ports=(("http", 8080),), dual_stack=False,
    ):
        """Its pods come one after the other, each when the one before is ready. Their labels are {"app": service} by
        default. Returns their names."""
        labels = {"app": service} if labels is None else labels
        self.server.create(shapes.stateful_set(name, namespace, service, labels, 0, ports))
        self.scale(name, replicas, namespace, ports=ports, dual_stack=dual_stack)
        return [f"{name}-{ordinal}" for ordinal in range(replicas)]

    def scale(self, name, replicas, namespace="default", ready=True, ports=(("http", 8080),), dual_stack=False):
        """Up in order, down from the highest ordinal."""
        obj = self.server.get("statefulsets", namespace, name)
        count = obj["spec"]["replicas"]
        obj["spec"]["replicas"] = replicas
        obj = self.server.update(obj)
        for ordinal in range(count, replicas):
            labels = obj["spec"]["template"]["metadata"]["labels"]
            self.create_pod(
                f"{name}-{ordinal}", namespace, shapes.ordinal_labels(labels, name, ordinal, self._revision(obj)),
                f"{name}-{ordinal}", obj["spec"]["serviceName"], ready, ports, shapes.owner_reference(obj), dual_stack,
            )
        for ordinal in reversed(range(replicas, count)):
            self.delete_pod(f"{name}-{ordinal}", namespace)

    def rolling_update(self, name, namespace="default", addresses=None):
        """A new revision, from the highest ordinal down. A generator that stands after each step of the cluster:
        (pod, "terminating" | "gone" | "running" | "ready"); `addresses` says what a pod gets, by its name."""
        obj = self.server.get("statefulsets", namespace, name)
        container = obj["spec"]["template"]["spec"]["containers"][0]
        container["env"] = [{"name": "MODE", "value": f"update {next(self._counters['updates'])}"}]
        obj = self.server.update(obj)
        for ordinal in reversed(range(obj["spec"]["replicas"])):
            pod_name = f"{name}-{ordinal}"
            old = self.terminate_pod(pod_name, namespace)
            yield pod_name, "terminating"
            self.remove_pod(pod_name, namespace)
            yield pod_name, "gone"
            labels = {**old["metadata"]["labels"], "controller-revision-hash": self._revision(obj)}
            self._create_again(old, False, (addresses or {}).get(pod_name), labels)
            yield pod_name, "running"
            self.set_ready(pod_name, namespace)
            yield pod_name, "ready"

    def delete_stateful_set(self, name, namespace="default"):
        self.scale(name, 0, namespace)
        self.server.delete("statefulsets", namespace, name)

    @staticmethod
    def _revision(stateful_set):
        return f"{stateful_set['metadata']['name']}-{stateful_set['metadata']['generation']:08x}"
