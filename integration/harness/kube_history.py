"""What a cluster's names should have answered and when: to tell whether an answer was true at any moment between the
last one that is known to be published and now.

Objects of different kinds come to podnamed by watches of their own, so a moment may show one of them newer than
another, and one operation is many writes. What is asked of an answer is therefore: it has nothing that no state of its
time had, and everything that all of them had. A Service of one of them may for a moment stand with the endpoints of
another one: a headless one with those of one that is not, or one that publishes what is not ready with those of one that
does not."""

import re
import threading

SPACE = "zz-beacon"  # the last in every list, so that a list that has brought it has brought all
SERVICE_ZONE = "svc.cluster.local."


class Beacon:
    """Tells how far each watch has come: at each step an object of each kind that is new, and then one that is gone, as
    a list brings first what there is and then sweeps out the rest."""

    def __init__(self, cluster):
        self._cluster = cluster
        cluster.create_namespace(SPACE)
        cluster.create_service("step", SPACE, selector={}, headless=True)

    def light(self, step):
        """And puts out the one before, which need not be the last step where the server was restored."""
        api = self._cluster.server
        old = [
            (kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            for kind in ("endpointslices", "services", "namespaces") for obj in api.objects(kind)
            if re.search(rf"\b{SPACE}.*-\d+$", f"{obj['metadata'].get('namespace')}/{obj['metadata']['name']}")
        ]
        api.create(self._slice(step))
        self._cluster.create_external_name(f"service-{step}", "example.com", SPACE)
        self._cluster.create_namespace(f"{SPACE}-{step}")
        for kind, namespace, name in old:
            api.delete(kind, namespace, name)

    @staticmethod
    def _slice(step):
        return {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": None,
            "metadata": {
                "name": f"step-{step}", "namespace": SPACE, "labels": {"kubernetes.io/service-name": "step"},
            },
            "endpoints": [{
                "addresses": [beacon_address(step)], "hostname": f"step-{step}", "conditions": {"ready": True},
            }],
        }

    @staticmethod
    def is_seen(server, step, before):
        """All that was written before light(step) is published, which `before` was already."""
        others = range(before, step)
        return (
            server.addresses(f"step.{SPACE}.{SERVICE_ZONE}") == [beacon_address(step)]
            and server.addresses(f"service-{step}.{SPACE}.{SERVICE_ZONE}", "CNAME") == ["example.com."]
            and server.addresses(f"{SPACE}-{step}.{SERVICE_ZONE}") == []
            and all(server.addresses(f"service-{one}.{SPACE}.{SERVICE_ZONE}") == "NXDOMAIN" for one in others)
            and all(server.addresses(f"{SPACE}-{one}.{SERVICE_ZONE}") == "NXDOMAIN" for one in others)
        )


def beacon_address(step):
    return f"10.250.{step // 250}.{step % 250 + 1}"


def service_of(name):
    """"nginx.default" of its own name and of those below it."""
    return ".".join(name.removesuffix(f".{SERVICE_ZONE}").split(".")[-2:])


def is_there(answer):
    return isinstance(answer, list) and answer != []


class History:
    """The states of a cluster by number. One thread writes and checks; another one asks and hands samples over."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._beacon = Beacon(cluster)
        self.states = []
        # Of the same states: which Services are so ("nginx.default"), and the model if all were.
        self._traits = []
        self.begun = 0  # states that are there, or are being written
        self.names = []  # all that have ever had an answer: (name, type)
        self._known = set()
        self._lock = threading.Lock()
        self._samples = []
        self.checked = self.exact = 0  # answers; those of one state alone
        self.mark()

    def mark(self):
        """The cluster is in its next state, and its beacon says so."""
        state = {key: rdata for key, rdata in self._cluster.model().items() if SPACE not in key[0]}
        services = self._cluster.server.objects("services")
        headless = self._named(services, lambda spec: spec.get("clusterIP") == "None")
        published = self._named(services, lambda spec: spec.get("publishNotReadyAddresses"))
        self._traits.append((
            (headless, self._cluster.model(all_headless=True)),
            (published, self._cluster.model(all_published=True)),
            (headless & published, self._cluster.model(all_headless=True, all_published=True)),
        ))
        self.states.append(state)
        for key in state:
            if key not in self._known:
                self._known.add(key)
                self.names.append(key)
        self._beacon.light(len(self.states) - 1)
        self.begun = len(self.states)

    @staticmethod
    def _named(services, has_trait):
        return {
            f"{obj['metadata']['name']}.{obj['metadata']['namespace']}" for obj in services if has_trait(obj["spec"])
        }

    def addresses(self):
        """Those of Services and of all their endpoints in the last state: what has a name by which it is pointed to."""
        (_, endpoints), *_ = self._traits[-1]
        return {
            address for model in (self.states[-1], endpoints) for key, rdata in model.items() if key[1] != "CNAME"
            for address in rdata
        }

    def begin(self):
        """The next state is being written."""
        self.begun = len(self.states) + 1

    def is_published(self, server, number, before=0):
        """Of a state and an earlier one that is."""
        return self._beacon.is_seen(server, number, before)

    def note(self, key, published, answer):
        """An answer that has just come, and the last state that was published before it was asked for."""
        with self._lock:
            self._samples.append((key, published, self.begun, answer))

    def check(self):
        """Of the answers noted those that are wrong, as text. Not while a state is being written."""
        with self._lock:
            samples, self._samples = self._samples, []
        self.checked += len(samples)
        self.exact += sum(published + 1 == begun for _, published, begun, _ in samples)
        return [text for sample in samples if (text := self._wrong(*sample))]

    def _wrong(self, key, published, begun, answer):
        had = [state.get(key, set()) for state in self.states[published:begun]]
        may_have = set.union(*had)
        for states in zip(*self._traits[published:begun]):
            if any(service_of(key[0]) in services for services, _ in states):
                may_have = may_have.union(*(model.get(key, ()) for _, model in states))
        told = set(answer) if isinstance(answer, list) else set()
        is_an_answer = isinstance(answer, list) or answer == "NXDOMAIN"
        if is_an_answer and set.intersection(*had) <= told <= may_have:
            return None
        return f"{key}: {answer} in the states {published} to {begun - 1} with {[sorted(one) for one in had]}"
