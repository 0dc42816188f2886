"""The story this server exists for: a StatefulSet's pods are found by name, the moment they move."""

import threading
import time

import dns.exception

from harness.manifests import headless, pod

ZONE = "svc.cluster.local."


def start_nginx(lab):
    lab.manifests.write("nginx.yaml", headless("nginx"))
    lab.manifests.write("web-0.yaml", pod("web-0", "10.244.1.10", "nginx"))
    lab.manifests.write("web-1.yaml", pod("web-1", "10.244.2.11", "nginx"))


def test_the_lecture(lab):
    """web-0 and web-1 resolve; web-0 is deleted and comes back elsewhere; its name follows; the service name lists
    exactly the ready pods; the controller dies and returns, and no answer is lost or wrong in between."""
    start_nginx(lab)
    controller = lab.controller()
    server = lab.podnamed(lab.feed_source())
    server.wait_for(f"web-0.nginx.default.{ZONE}", ["10.244.1.10"])
    assert server.addresses(f"web-1.nginx.default.{ZONE}") == ["10.244.2.11"]
    assert server.addresses(f"nginx.default.{ZONE}") == ["10.244.1.10", "10.244.2.11"]

    lab.manifests.remove("web-0.yaml")
    server.wait_for(f"web-0.nginx.default.{ZONE}", "NXDOMAIN")
    assert server.addresses(f"nginx.default.{ZONE}") == ["10.244.2.11"]

    lab.manifests.write("web-0.yaml", pod("web-0", "10.244.3.77", "nginx", ready=False))
    lab.manifests.write("web-2.yaml", pod("web-2", "10.244.3.12", "nginx"))
    server.wait_for(f"web-2.nginx.default.{ZONE}", ["10.244.3.12"])
    assert server.addresses(f"web-0.nginx.default.{ZONE}") == "NXDOMAIN", "it is not ready yet"
    lab.manifests.write("web-0.yaml", pod("web-0", "10.244.3.77", "nginx"))
    server.wait_for(f"web-0.nginx.default.{ZONE}", ["10.244.3.77"])
    assert server.addresses(f"nginx.default.{ZONE}") == ["10.244.2.11", "10.244.3.12", "10.244.3.77"]

    with Watcher(server, f"web-0.nginx.default.{ZONE}", ["10.244.3.77"]) as watcher:
        controller.kill()
        watcher.see(200)
        # What changes while nobody watches is there when the new controller has read it.
        lab.manifests.write("web-1.yaml", pod("web-1", "10.244.2.99", "nginx"))
        lab.controller(name="controller-2")
        server.wait_for(f"web-1.nginx.default.{ZONE}", ["10.244.2.99"])
        watcher.see(200)
    assert watcher.wrong == []


class Watcher:
    """Asks one name without pause, on a thread; remembers every answer that is not the expected one."""

    def __init__(self, server, name, expected):
        self.server, self.name, self.expected = server, name, expected
        self.count = 0
        self.wrong = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopping.is_set():
            answer = self.server.addresses(self.name, timeout=1.0)
            if answer != self.expected:
                self.wrong.append(answer)
            self.count += 1

    def see(self, more):
        """Waits for so many more answers."""
        target = self.count + more
        deadline = time.monotonic() + 30
        while self.count < target:
            assert time.monotonic() < deadline, "the watcher is stuck"
            time.sleep(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


def test_an_embedded_controller_tells_the_same_story(lab):
    start_nginx(lab)
    server = lab.podnamed()
    server.wait_for(f"nginx.default.{ZONE}", ["10.244.1.10", "10.244.2.11"])
    lab.manifests.write("web-0.yaml", pod("web-0", "10.244.9.9", "nginx"))
    server.wait_for(f"web-0.nginx.default.{ZONE}", ["10.244.9.9"])
    assert server.addresses("10.1.244.10.in-addr.arpa.", "PTR") == "NXDOMAIN", "its old address is nobody's"
    assert server.addresses("9.9.244.10.in-addr.arpa.", "PTR") == [f"web-0.nginx.default.{ZONE}"]


def test_an_address_change_never_shows_a_gap(lab):
    """One upsert: at every moment the name has an address, the old or the new one."""
    start_nginx(lab)
    server = lab.podnamed()
    name = f"web-0.nginx.default.{ZONE}"
    server.wait_for(name, ["10.244.1.10"])
    seen = set()
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            seen.add(str(server.addresses(name)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for i in range(20):
        address = f"10.244.7.{i}"
        lab.manifests.write("web-0.yaml", pod("web-0", address, "nginx", uid="one-pod"))
        server.wait_for(name, [address])
    stop.set()
    watcher.join()
    assert seen <= {str([f"10.244.7.{i}"]) for i in range(20)} | {str(["10.244.1.10"])}


def test_before_the_first_sync_nothing_is_said_not_to_exist(lab):
    server = lab.podnamed(lab.feed_source())
    server.wait_for(f"web-0.nginx.default.{ZONE}", "SERVFAIL")
    start_nginx(lab)
    lab.controller()
    server.wait_for(f"web-0.nginx.default.{ZONE}", ["10.244.1.10"])


def test_udp_and_tcp_give_the_same_answer(lab):
    lab.manifests.write("wide.yaml", headless("wide"))
    pods = [pod(f"wide-{i}", f"10.244.{i // 200}.{i % 200}", "wide") for i in range(300)]
    lab.manifests.write("pods.yaml", *pods)
    server = lab.podnamed()
    server.wait_for(f"wide-7.wide.default.{ZONE}", ["10.244.0.7"])
    assert server.addresses(f"wide-7.wide.default.{ZONE}", tcp=True) == ["10.244.0.7"]
    cut = server.ask(f"wide.default.{ZONE}")
    assert cut.flags & 0x0200, "TC"
    assert len(server.addresses(f"wide.default.{ZONE}", tcp=True)) == 300
    reply = server.ask(f"_http._tcp.wide.default.{ZONE}", "SRV", tcp=True)
    assert len(reply.answer[0]) == 300


def test_a_server_that_starts_without_any_reply_times_out_only(lab):
    """A client sees either an answer or a refused port while a server restarts, never a wrong answer."""
    start_nginx(lab)
    server = lab.podnamed()
    name = f"web-0.nginx.default.{ZONE}"
    server.wait_for(name, ["10.244.1.10"])
    assert server.stop() == 0
    try:
        server.ask(name, timeout=0.2)
        raise AssertionError("nobody should answer")
    except (dns.exception.Timeout, OSError):
        pass
