"""Random operations on a cluster and random faults of its API server, against a model of every name.

While it lasts no answer is one that was true at no moment of its time, and once it is quiet every name that has ever
been there answers what the model says. Each round has a seed of its own, which a failure names.

    PODNAMED_SOAK_SECONDS=600   for so long; about 20 without
    PODNAMED_SOAK_SEED=7        begins with this seed; a random one without"""

import os
import random
import time

import dns.reversename

from harness.api_server import ApiServer
from harness.background import Background
from harness.kube_chaos import SPACES, Operations, Trouble
from harness.kube_cluster import KubeCluster
from harness.kube_history import History, is_there
from harness.kube_lab import KubeLab
from harness.waiting import wait_until

SECONDS = float(os.environ.get("PODNAMED_SOAK_SECONDS", "20"))
OPERATIONS = 80
MOST_TROUBLES = 5
# The waits between attempts have grown to seconds by the end of a round.
QUIET_WITHIN = 60.0


class Sampler(Background):
    """Asks for names without pause, on a thread, and hands the answers to the history."""

    def __init__(self, server, history, seed):
        super().__init__()
        self._server, self._history, self._random = server, history, random.Random(seed)
        self.published = 0  # the last state that is known to be
        self.count = 0

    def step(self):
        newest = len(self._history.states) - 1
        if newest > self.published and self._history.is_published(self._server, newest, self.published):
            self.published = newest
        for _ in range(10):
            key = self._random.choice(self._history.names or [("nobody.default.svc.cluster.local.", "A")])
            published = self.published
            answer = self._server.addresses(*key, timeout=5.0)
            self._history.note(key, published, answer)
            self.count += 1

    def see(self, more):
        target = self.count + more
        wait_until(lambda: self.count >= target or self.failure, f"{more} more answers", timeout=30.0)
        assert self.failure is None, self.failure


def run_round(lab, seed):
    choose = random.Random(seed)
    options = {
        "has_watch_list": choose.random() < 0.7, "speaks_protobuf": choose.random() < 0.7,
        "expired_as_status": choose.random() < 0.5, "backends": choose.choice((1, 1, 3)),
        "bookmark_interval": choose.choice((0.05, 60.0)),
    }
    is_embedded = choose.random() < 0.5
    kube = KubeLab(lab, namespaces=SPACES, **options)
    try:
        print(f"seed {seed}: {'embedded' if is_embedded else 'sidecar'}, {options}")
        name = f"podnamed-{seed}"
        server = kube.embedded(name=name) if is_embedded else kube.sidecar(name=name)[0]
        server.wait_for("default.svc.cluster.local.", [])
        live_through(kube, server, choose)
    finally:
        kube.close()


def live_through(kube, server, choose):
    backups = []  # revisions at which no operation was under way
    done = []  # what happened, in order, for whoever reads a failure
    history = History(kube.cluster)

    def then():
        history.mark()
        history.begin()

    operations = Operations(kube.cluster, choose.random(), then)
    trouble = Trouble(kube.api, choose.random())
    troubles_at = {choose.randrange(OPERATIONS) for _ in range(choose.randrange(MOST_TROUBLES + 1))}
    restores_at = choose.randrange(2 * OPERATIONS)

    def assert_true_answers():
        wrong = history.check()
        assert not wrong, "\n".join([*wrong[:5], "after", *done[-30:], server.log()])

    def wait_for_quiet():
        trouble.calm()
        last = len(history.states) - 1
        wait_until(
            lambda: sampler.published == last or sampler.failure, f"state {last} in:\n{server.log()}", QUIET_WITHIN
        )

    wait_until(lambda: history.is_published(server, 0), "the first state")
    with Sampler(server, history, choose.random()) as sampler:
        for number in range(OPERATIONS):
            if number in troubles_at:
                done.append(f"    trouble: {trouble.step()}")
            if number == restores_at:
                wait_for_quiet()
                history.begin()
                if trouble.restore(backups):
                    kube.cluster.resync()
                history.mark()
                done.append(f"{len(history.states) - 1}: restored")
                wait_for_quiet()
            history.begin()
            words = operations.step()
            history.mark()
            backups.append(kube.api.revision)
            done.append(f"{len(history.states) - 1}: {words}")
            if choose.random() < 0.1:
                wait_for_quiet()
            sampler.see(choose.choice((0, 0, 5, 20, 50)))
            assert_true_answers()
        wait_for_quiet()
        sampler.see(20)
    assert_true_answers()
    assert_equals_model(server, history, done)
    print(
        f"    {len(history.states)} states, {history.checked} answers ({history.exact} in one state), "
        f"{len(history.names)} names"
    )


def assert_equals_model(server, history, done):
    state = history.states[-1]
    wrong = []
    for key in history.names:
        answer = server.addresses(*key)
        told = answer if isinstance(answer, list) else []
        if told != sorted(state.get(key, ())) or (told == [] and answer not in ([], "NXDOMAIN")):
            wrong.append(f"{key}: {answer}, expected {sorted(state.get(key, ()))}")
    pointed_to = history.addresses()
    ever = {
        address for one in history.states for key, rdata in one.items() if key[1] != "CNAME" for address in rdata
    }
    for address in ever:
        pointer = server.addresses(dns.reversename.from_address(address).to_text(), "PTR")
        if is_there(pointer) != (address in pointed_to):
            wrong.append(f"{address}: {pointer}, expected {'a name' if address in pointed_to else 'none'}")
    assert not wrong, "\n".join([*wrong[:10], "after", *done, server.log()])


def test_the_history_tells_a_lie_from_the_truth():
    """Or the soak would prove nothing."""
    with ApiServer(is_tls=False) as api:
        cluster = KubeCluster(api)
        cluster.create_service("nginx", headless=True)
        history = History(cluster)
        cluster.create_stateful_set("web", "nginx", replicas=1)
        history.mark()
        first = cluster.pod_addresses("web-0")
        cluster.move_pod("web-0")
        history.mark()
        second = cluster.pod_addresses("web-0")
        key = ("web-0.nginx.default.svc.cluster.local.", "A")
        for published, truths, lies in (
            (2, [second], [first, "NXDOMAIN", first + second, None, "SERVFAIL"]),
            (1, [first, second, first + second], [["10.9.9.9"], None]),
            (0, [first, second, "NXDOMAIN", []], [["10.9.9.9"], "SERVFAIL"]),
        ):
            for answer in truths:
                history.note(key, published, answer)
            assert history.check() == []
            for answer in lies:
                history.note(key, published, answer)
                assert len(history.check()) == 1, (published, answer)


def test_soak(lab):
    seed = int(os.environ.get("PODNAMED_SOAK_SEED", random.randrange(1_000_000)))
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        run_round(lab, seed)
        seed += 1
