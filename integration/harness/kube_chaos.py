"""What may happen to a cluster and to its API server, at random: a seed tells which."""

import random

from .api_faults import EndAtOnce, ErrorEvent, Malformed, Refuse, Reset, Slow

SPACES = ("default", "shop", "bank")
HEADLESS = ("nginx", "db", "cache")
NAMES = (*HEADLESS, "api", "docs")
SETS = ("web", "sql")
PODS = tuple(f"pod-{number}" for number in range(6))


class Operations:
    """Things that people and controllers do. `then` is called where one thing consists of several steps."""

    def __init__(self, cluster, seed, then):
        self._cluster, self._random, self._then = cluster, random.Random(seed), then

    def step(self):
        """Does one and returns it in words."""
        while True:
            do = self._random.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
            space = self._random.choice(SPACES)
            if space not in self._names("namespaces", "") and do is not Operations._create_namespace:
                continue
            words = do(self, space)
            if words:
                return f"{do.__name__.strip('_')} {space} {words}"

    def _names(self, kind, space):
        found = self._cluster.server.objects(kind)
        return {obj["metadata"]["name"] for obj in found if obj["metadata"].get("namespace", "") == space}

    def _pick(self, kind, space, within=None):
        """One that is there; None where there is none."""
        found = sorted(self._names(kind, space) & set(within or self._names(kind, space)))
        return self._random.choice(found) if found else None

    def _missing(self, kind, space, within):
        found = sorted(set(within) - self._names(kind, space))
        return self._random.choice(found) if found else None

    def _flag(self, probability=0.5):
        return self._random.random() < probability

    def _create_namespace(self, space):
        if space in self._names("namespaces", ""):
            return None
        self._cluster.create_namespace(space)
        return "it"

    def _delete_namespace(self, space):
        self._cluster.delete_namespace(space)
        return "it"

    def _create_headless(self, space):
        name = self._missing("services", space, HEADLESS)
        if name:
            self._cluster.create_service(
                name, space, headless=True, dual_stack=self._flag(), publish_not_ready=self._flag(0.2),
                selector={"app": self._random.choice(HEADLESS)} if self._flag(0.3) else None,
            )
        return name

    def _create_cluster_ip(self, space):
        name = self._missing("services", space, NAMES)
        if name:
            self._cluster.create_service(name, space, dual_stack=self._flag())
        return name

    def _create_external_name(self, space):
        name = self._missing("services", space, NAMES)
        if name:
            self._cluster.create_external_name(name, f"{self._random.choice('abc')}.example.com", space)
        return name

    def _delete_service(self, space):
        name = self._pick("services", space)
        if name:
            self._cluster.delete_service(name, space)
        return name

    def _change_service(self, space):
        name = self._pick("services", space, HEADLESS)
        if name is None or self._cluster.server.peek("services", space, name)["spec"].get("clusterIP") != "None":
            return None
        if self._flag():
            self._cluster.update_service(name, space, selector={"app": self._random.choice(HEADLESS)})
        else:
            self._cluster.update_service(name, space, publishNotReadyAddresses=self._flag() or None)
        return name

    def _create_pod(self, space):
        name = self._missing("pods", space, PODS)
        if name:
            service = self._random.choice(HEADLESS)
            hostname = self._random.choice(("", name, "twin"))
            subdomain = self._random.choice((service, service, self._random.choice(HEADLESS))) if hostname else ""
            self._cluster.create_pod(
                name, space, {"app": service}, hostname, subdomain, self._flag(0.8), dual_stack=self._flag()
            )
        return name

    def _delete_pod(self, space):
        name = self._pick("pods", space, PODS)
        if name:
            self._cluster.delete_pod(name, space)
        return name

    def _terminate_pod(self, space):
        name = self._pick("pods", space, PODS)
        if name:
            self._cluster.terminate_pod(name, space)
            self._then()
            self._cluster.remove_pod(name, space)
        return name

    def _finish_pod(self, space):
        name = self._pick("pods", space, PODS)
        if name:
            self._cluster.finish_pod(name, space)
        return name

    def _move_pod(self, space):
        name = self._pick("pods", space)
        if name:
            self._cluster.move_pod(name, space)
        return name

    def _replace_pod(self, space):
        name = self._pick("pods", space)
        if name:
            self._cluster.replace_pod(name, space, self._flag(0.8))
        return name

    def _turn_ready(self, space):
        name = self._pick("pods", space)
        if name:
            self._cluster.set_ready(name, space, self._flag(0.7))
        return name

    def _create_set(self, space):
        name = self._missing("statefulsets", space, SETS)
        if name:
            service = self._random.choice(HEADLESS)
            self._cluster.create_stateful_set(
                name, service, space, self._random.randrange(5), dual_stack=self._flag()
            )
        return name

    def _scale(self, space):
        name = self._pick("statefulsets", space)
        if name:
            self._cluster.scale(name, self._random.randrange(8), space, ready=self._flag(0.8))
        return name

    def _update_set(self, space):
        name = self._pick("statefulsets", space)
        if name:
            for _ in self._cluster.rolling_update(name, space):
                self._then()
        return name

    def _delete_set(self, space):
        name = self._pick("statefulsets", space)
        if name:
            self._cluster.delete_stateful_set(name, space)
        return name


KINDS = (
    (Operations._create_namespace, 4), (Operations._delete_namespace, 0.2), (Operations._create_headless, 5),
    (Operations._create_cluster_ip, 1), (Operations._create_external_name, 0.7), (Operations._delete_service, 1.2),
    (Operations._change_service, 3), (Operations._create_pod, 4), (Operations._delete_pod, 1),
    (Operations._terminate_pod, 1), (Operations._finish_pod, 1), (Operations._move_pod, 4),
    (Operations._replace_pod, 4), (Operations._turn_ready, 5), (Operations._create_set, 3), (Operations._scale, 4),
    (Operations._update_set, 0.5), (Operations._delete_set, 0.3),
)
RESOURCES = ("namespaces", "services", "endpointslices", "")


class Trouble:
    """What goes wrong with an API server: one thing at a time, which ends by itself or by calm()."""

    def __init__(self, server, seed):
        self._server, self._random = server, random.Random(seed)

    def step(self):
        do = self._random.choice(self.CHOICES)
        do(self)
        return do.__name__.strip("_")

    def calm(self):
        self._server.faults.clear()
        for number in range(len(self._server.backends)):
            self._server.lag(number, 0)

    def restore(self, backups):
        """To one of these revisions, if one is old enough; whether it was. For when everybody has seen the newest
        state: who had not could not tell its numbers from those that follow."""
        newest, oldest = self._server.revision - 100, self._server.oldest_revision
        backups = [revision for revision in backups if oldest <= revision <= newest]
        if backups:
            self._server.restore(self._random.choice(backups[-10:]))
        return bool(backups)

    def _add(self, fault, verb=""):
        self._server.faults.add(
            fault, resource=self._random.choice(RESOURCES), verb=verb, times=self._random.choice((1, 1, 2))
        )
        self._server.cut_connections()

    def _refuse(self):
        code = self._random.choice((401, 410, 429, 500, 503, 504))
        self._add(Refuse(code, retry_after=self._random.choice((None, 1))))

    def _say_error(self):
        self._add(ErrorEvent(self._random.choice((410, 500, 504))), verb="watch")

    def _break_off(self):
        self._add(Reset(self._random.randrange(3000)))

    def _end(self):
        self._add(EndAtOnce(), verb="watch")

    def _trickle(self):
        self._add(Slow(self._random.randrange(2000, 50_000)))

    def _babble(self):
        self._add(Malformed())

    def _cut(self):
        self._server.cut_connections()

    def _restart(self):
        self._server.restart()

    def _forget(self):
        """Compacted while nobody watches: whoever comes back hears 410."""
        self._server.go_down()
        self._server.compact()
        self._server.go_up()

    def _forget_under_way(self):
        self._server.compact()

    def _lag(self):
        self._server.lag(self._random.randrange(len(self._server.backends)), self._random.randrange(30))

    CHOICES = (
        _refuse, _say_error, _break_off, _break_off, _end, _trickle, _babble, _cut, _restart, _forget,
        _forget_under_way, _lag, _lag,
    )
