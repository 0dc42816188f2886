"""The endpointslice controller: which slices a Service has, changed in place by a minimum of writes."""

import collections
import random

from . import kube_shapes as shapes

MOST_ENDPOINTS = 100
LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def family_of(address):
    return "IPv6" if ":" in address else "IPv4"


def matches(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def target_ports(service_obj, pod):
    """The ports of a Service as they are at a pod: a named target port is looked up there, and left out if missing."""
    found = []
    for port in service_obj["spec"].get("ports") or ():
        target = port.get("targetPort", port["port"])
        if isinstance(target, str):
            numbers = [
                at["containerPort"]
                for container in pod["spec"]["containers"]
                for at in container.get("ports") or ()
                if at["name"] == target and at.get("protocol", "TCP") == port["protocol"]
            ]
            if not numbers:
                continue
            target = numbers[0]
        found.append((port.get("name", ""), port["protocol"], target))
    return tuple(found)


class SliceController:
    def __init__(self, server, zone_of):
        self._server, self._zone_of = server, zone_of
        self._names = collections.defaultdict(set)
        self.resync()

    def resync(self):
        """Learns anew which slices there are."""
        self._names.clear()
        for obj in self._server.objects("endpointslices"):
            metadata = obj["metadata"]
            service_name = metadata["labels"].get("kubernetes.io/service-name")
            self._names[metadata["namespace"], service_name].add(metadata["name"])

    def remove(self, namespace, service_name):
        """The Service is gone, and with it what it owns."""
        for name in sorted(self._names.pop((namespace, service_name), ())):
            self._server.delete("endpointslices", namespace, name)

    def reconcile(self, service_obj, pods):
        """Makes a Service's slices say what its pods are; `pods` are those of its namespace."""
        spec = service_obj["spec"]
        if not spec.get("selector"):
            return
        chosen = [pod for pod in pods if matches(spec["selector"], pod["metadata"]["labels"])]
        chosen = [pod for pod in chosen if pod["status"]["phase"] not in ("Succeeded", "Failed")]
        namespace, service_name = service_obj["metadata"]["namespace"], service_obj["metadata"]["name"]
        names = sorted(self._names[namespace, service_name])
        existing = [self._server.peek("endpointslices", namespace, name) for name in names]
        for family in spec["ipFamilies"]:
            wanted = collections.defaultdict(dict)
            for pod in chosen:
                addresses = [at["ip"] for at in pod["status"].get("podIPs", ()) if family_of(at["ip"]) == family]
                if addresses:
                    made = shapes.endpoint(pod, service_obj, addresses, self._zone_of(pod))
                    wanted[target_ports(service_obj, pod)][_identity(made)] = made
            mine = [found for found in existing if found is not None and found["addressType"] == family]
            self._write(service_obj, family, mine, *_plan(mine, wanted))

    def _write(self, service_obj, family, existing, updates, creates, deletes):
        if len(deletes) == len(existing) and not creates:
            creates = [((), [])]  # a Service is never without a slice
            if len(existing) == 1 and not existing[0]["endpoints"] and not existing[0]["ports"]:
                return
        namespace, service_name = service_obj["metadata"]["namespace"], service_obj["metadata"]["name"]
        names = self._names[namespace, service_name]
        for ports, endpoints in creates:
            if deletes:
                updates.append((deletes.pop()["metadata"]["name"], ports, endpoints))
                continue
            name = f"{service_name}-{''.join(random.choices(LETTERS, k=5))}"
            names.add(name)
            self._server.create(shapes.endpoint_slice(name, service_obj, family, endpoints, _ports(ports)))
        for name, ports, endpoints in updates:
            self._server.update(shapes.endpoint_slice(name, service_obj, family, endpoints, _ports(ports)))
        for gone in deletes:
            names.discard(gone["metadata"]["name"])
            self._server.delete("endpointslices", namespace, gone["metadata"]["name"])


def _identity(endpoint):
    """What makes an endpoint the same one; the rest of it may change in place."""
    target = endpoint["targetRef"]
    return tuple(endpoint["addresses"]), endpoint.get("hostname"), target["namespace"], target["name"]


def _ports(ports):
    return [{"name": name, "protocol": protocol, "port": number} for name, protocol, number in ports]


def _plan(existing, wanted):
    """The updates, creations and deletions that make the slices of one family hold `wanted`, endpoints by ports."""
    updates, creates, deletes = [], [], []
    by_ports = collections.defaultdict(list)
    for obj in existing:
        by_ports[tuple((at["name"], at["protocol"], at["port"]) for at in obj["ports"] or ())].append(obj)
    for ports in {**by_ports, **wanted}:
        left = dict(wanted.get(ports, {}))
        changed, unchanged = [], []
        for obj in by_ports.get(ports, ()):
            held = obj["endpoints"] or []
            kept = [left.pop(_identity(found)) for found in held if _identity(found) in left]
            (unchanged if kept == held and held else changed).append((obj, kept))
        left = list(left.values())
        for _, kept in sorted(changed, key=lambda found: -len(found[1])):
            room = MOST_ENDPOINTS - len(kept)
            kept += left[:room]
            left = left[room:]
        while len(left) >= MOST_ENDPOINTS:
            creates.append((ports, left[:MOST_ENDPOINTS]))
            left = left[MOST_ENDPOINTS:]
        if left:
            fitting = [found for found in unchanged if len(found[1]) + len(left) <= MOST_ENDPOINTS]
            if fitting:
                fullest = max(fitting, key=lambda found: len(found[1]))
                changed.append((fullest[0], fullest[1] + left))
            else:
                creates.append((ports, left))
        for obj, kept in changed:
            if kept:
                updates.append((obj["metadata"]["name"], ports, kept))
            else:
                deletes.append(obj)
    return updates, creates, deletes
