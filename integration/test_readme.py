"""Every command of README.md, run as a newcomer runs it: in the repository, on the example cluster, on its port."""

import os
import signal
import subprocess

import pytest
from harness.api_server import ApiServer
from harness.kube_cluster import KubeCluster
from harness.programs import ROOT, Program
from harness.waiting import wait_until

EXAMPLE = os.path.join(ROOT, "examples", "cluster", "nginx.yaml")

# Both stories use the example's port, so one worker of pytest runs them, one after the other.
pytestmark = pytest.mark.xdist_group("readme")


def shell(command):
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.split()


def wait_for_answer(command, expected):
    wait_until(lambda: shell(command) == expected, f"{command}: {expected}")


@pytest.fixture
def example_file():
    """The example as it is, put back after the test."""
    with open(EXAMPLE, "rb") as file:
        content = file.read()
    yield
    with open(EXAMPLE, "wb") as file:
        file.write(content)


def test_run_and_watch_a_pod_move(example_file, tmp_path):
    command = "./dev run"
    server = Program(command.split(), tmp_path / "run.log", cwd=ROOT)
    try:
        server.wait_for_log("podnamed answers", timeout=600)
        assert "10.244.0.10" in server.log(), "it shows a real answer"
        assert shell("dig +short @127.0.0.1 -p 1053 web-0.nginx.default.svc.cluster.local") == ["10.244.0.10"]
        both = shell("dig +short @127.0.0.1 -p 1053 nginx.default.svc.cluster.local")
        assert sorted(both) == ["10.244.0.10", "10.244.0.11"]
        # One name for each service that selects the pod: the example has two.
        assert "web-1.nginx.default.svc.cluster.local." in shell("dig +short @127.0.0.1 -p 1053 -x 10.244.0.11")
        assert shell("dig +noall +answer @127.0.0.1 -p 1053 web-0.nginx.default.svc.cluster.local")[-1] == "10.244.0.10"
        why = shell("dig @127.0.0.1 -p 1053 web-9.nginx.default.svc.cluster.local | grep EDE")
        assert "exists, web-9 does not; it has web-0" in " ".join(why)
        status = shell("build/bin/podnamectl -server unix:build/inspect.sock status")
        assert status[0] == "podnamed" and "synced," in status
        explained = shell("build/bin/podnamectl -server unix:build/inspect.sock explain web-9.nginx")
        assert "service default/nginx: headless" in " ".join(explained)
        assert any("examples/cluster/nginx.yaml:" in word for word in explained)
        looked_up = shell(
            "build/bin/podnamectl -server unix:build/inspect.sock lookup web-0.nginx.default.svc.cluster.local -as web-1"
        )
        assert looked_up[-1] == "10.244.0.10"
        assert "web-0" in shell("build/bin/podnamectl -server unix:build/inspect.sock list pods")
        released = shell("build/bin/podnamectl -server unix:build/inspect.sock release")
        assert " ".join(released) == "nothing was held"
        shell("sed -i 's/10.244.0.10/10.244.7.7/' examples/cluster/nginx.yaml")
        wait_for_answer("dig +short @127.0.0.1 -p 1053 web-0.nginx.default.svc.cluster.local", ["10.244.7.7"])
        assert server.stop(signal.SIGINT) == 0, "Ctrl-C ends it in order"
    finally:
        if server.process.poll() is None:
            server.kill()


def serve_beside(controller, address, tmp_path, home):
    """podnamed answers with web-0's address, fed by the controller that the command starts."""
    programs = []
    try:
        for command in (controller, "build/bin/podnamed -conf examples/sidecar.Corefile"):
            words = ["env", f"HOME={home}", "bash", "-c", f"exec {command}"]
            programs.append(Program(words, tmp_path / f"{len(programs)}.log", cwd=ROOT))
        wait_for_answer("dig +short @127.0.0.1 -p 1053 web-0.nginx.default.svc.cluster.local", [address])
    finally:
        for program in reversed(programs):
            assert program.stop() == 0, program.log()


def test_the_sidecar(tmp_path):
    command = "build/bin/podname-controller -manifests examples/cluster -listen unix:///tmp/podnamed-feed.sock"
    serve_beside(command, "10.244.0.10", tmp_path, home=tmp_path)


def test_the_sidecar_of_a_kubernetes(tmp_path):
    with ApiServer() as server:
        cluster = KubeCluster(server)
        cluster.create_service("nginx", headless=True)
        cluster.create_stateful_set("web", "nginx", replicas=1)
        (tmp_path / ".kube").mkdir()
        server.write_kubeconfig(tmp_path / ".kube" / "config")
        command = """
build/bin/podname-controller -kubernetes -kubeconfig ~/.kube/config -listen unix:///tmp/podnamed-feed.sock
"""
        serve_beside(command.strip(), cluster.pod_addresses("web-0")[0], tmp_path, home=tmp_path)
