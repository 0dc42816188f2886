"""The container image: its tree as the Dockerfile's own command lays it out, started as a cluster starts it."""

import os
import shutil
import subprocess

import pytest
from harness.netns import SERVER_ADDRESS, open_pod_network
from harness.programs import ROOT, Program

NOBODY = 65532
PROGRAMS = ("podnamed", "podname-controller", "podnamectl")
NET_BIND_SERVICE = 1 << 10  # capabilities(7)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The image's root directory, with an example cluster in it where a cluster would mount its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file a capability")
    root = tmp_path_factory.mktemp("image")
    root.chmod(0o755)
    subprocess.run([os.path.join(ROOT, "dev"), "image-root", str(root)], check=True, stdin=subprocess.DEVNULL)
    shutil.copytree(os.path.join(ROOT, "examples", "cluster"), root / "cluster")
    (root / "Corefile").write_text(".:53 {\n    kubernetes cluster.local {\n        manifests /cluster\n    }\n}\n")
    return root


def as_nobody(root):
    return ["chroot", f"--userspec={NOBODY}:{NOBODY}", str(root)]


def status_of(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file)


def test_nothing_in_it_but_programs_libraries_and_certificates(image):
    files = {path.relative_to(image).as_posix() for path in image.rglob("*") if path.is_file()}
    ours = {"Corefile", *(file for file in files if file.startswith("cluster/"))}
    rest = {file for file in files - ours if not file.startswith(("lib/", "lib64/", "usr/lib/"))}
    assert rest == {*PROGRAMS, "etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt"}


def test_its_programs_start_in_it(image):
    for program in PROGRAMS:
        version = subprocess.run([*as_nobody(image), f"/{program}", "-version"], capture_output=True, text=True, check=False)
        assert (version.returncode, version.stderr) == (0, ""), program


def test_answers_on_port_53_with_one_capability_and_no_root(image, tmp_path):
    network = open_pod_network()
    server = Program(
        ["/podnamed", "-conf", "/Corefile"], tmp_path / "podnamed.log", [*network.in_server(), *as_nobody(image)]
    )
    try:
        server.wait_for_log("53")
        code, answer = network.run_in_pod(
            "dig", "+short", "+tries=5", "+time=2", f"@{SERVER_ADDRESS}", "web-0.nginx.default.svc.cluster.local"
        )
        assert (code, answer.count(".")) == (0, 3), answer + server.log()
        status = status_of(server.process)
        assert set(status["Uid"].split()) == {str(NOBODY)}
        assert int(status["CapEff"], 16) == NET_BIND_SERVICE
        # As kubectl exec would: by the socket where both programs look by default.
        looked = subprocess.run(
            [*as_nobody(image), "/podnamectl", "status"], capture_output=True, text=True, timeout=20, check=False
        )
        assert (looked.returncode, "synced" in looked.stdout) == (0, True), looked.stderr
        assert server.stop() == 0
    finally:
        server.stop()
        network.close()
