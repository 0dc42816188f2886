"""Every command of README.md, run as a newcomer runs it: in the repository, on the example cluster, on its port."""

import os
import signal
import subprocess

import pytest
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
        shell("sed -i 's/10.244.0.10/10.244.7.7/' examples/cluster/nginx.yaml")
        wait_for_answer("dig +short @127.0.0.1 -p 1053 web-0.nginx.default.svc.cluster.local", ["10.244.7.7"])
        assert server.stop(signal.SIGINT) == 0, "Ctrl-C ends it in order"
    finally:
        if server.process.poll() is None:
            server.kill()


def test_the_sidecar(tmp_path):
    programs = []
    try:
        for command in (
            "build/bin/podname-controller -manifests examples/cluster -listen unix:///tmp/podnamed-feed.sock",
            "build/bin/podnamed -conf examples/sidecar.Corefile",
        ):
            programs.append(Program(command.split(), tmp_path / f"{len(programs)}.log", cwd=ROOT))
        wait_for_answer("dig +short @127.0.0.1 -p 1053 web-0.nginx.default.svc.cluster.local", ["10.244.0.10"])
    finally:
        for program in reversed(programs):
            assert program.stop() == 0, program.log()
