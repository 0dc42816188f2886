"""The Debian package: made and installed as the README says it, on a copy of this machine, started as its unit starts it,
upgraded, removed and purged. What systemd does with the units it is asked itself."""

import os
import re
import socket
import subprocess

import pytest

from harness.machine import make_machine
from harness.programs import BINARIES, ROOT, Program
from harness.waiting import wait_until

INSTALL = """
./dev package
apt-get install ./build/podnamed_*.deb
"""
PROGRAMS = ("usr/sbin/podnamed", "usr/sbin/podname-controller", "usr/bin/podnamectl")
UNITS = ("podnamed.service", "podname-controller.service")
SOCKET = "podnamed.socket"
PAGES = ("man8/podnamed.8", "man8/podname-controller.8", "man1/podnamectl.1")
BUILDER = {"DEBFULLNAME": "A Builder", "DEBEMAIL": "builder@example.org"}
EXPOSURE = 20  # of 100: the most that `systemd-analyze security` may find

# One copy of the machine for all, and no other command of ./dev meanwhile.
pytestmark = pytest.mark.xdist_group("readme")


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    if os.path.realpath(BINARIES) != os.path.join(ROOT, "build", "bin"):
        pytest.skip("PODNAMED_BIN: a package is made of build/bin")
    copy = make_machine(tmp_path_factory.mktemp("machine"))
    try:
        make, install = INSTALL.split("\n")[1:3]
        subprocess.run(make.split(), cwd=ROOT, check=True, stdin=subprocess.DEVNULL, env={**os.environ, **BUILDER})
        copy.run(install, directory=ROOT)
        yield copy
    finally:
        copy.close()


def package():
    (found,) = [name for name in os.listdir(os.path.join(ROOT, "build")) if re.fullmatch(r"podnamed_.*\.deb", name)]
    return os.path.join("build", found)


def unit_says(machine, unit, word):
    """The value of a line of the unit."""
    return re.search(rf"^{word}=(.*)$", machine.run(f"cat /lib/systemd/system/{unit}"), re.MULTILINE)[1]


def as_the_unit(machine, unit):
    """Words that start a program as the unit does: its user, its one capability, its directory."""
    user, directory = unit_says(machine, unit, "User"), unit_says(machine, unit, "RuntimeDirectory")
    machine.run(f"install --directory --owner {user} --group {user} /run/{directory}")
    capability = unit_says(machine, unit, "AmbientCapabilities").lower().replace("cap_", "+")
    return [
        *machine.prefix(), "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
        f"--bounding-set=-all,{capability}", f"--inh-caps=-all,{capability}", f"--ambient-caps=-all,{capability}",
    ]


# --- what is in it


def test_files_are_in_their_places(machine):
    listed = subprocess.run(
        ["dpkg-deb", "--contents", package()], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    files = {}
    for line in listed.splitlines():
        mode, owner, *_, path = line.split()
        files[path.removeprefix("./")] = mode
        assert owner == "root/root", line
        wanted = "drwxr-xr-x" if path.endswith("/") else "-rwxr-xr-x" if path.removeprefix("./") in PROGRAMS else "-rw-r--r--"
        assert mode == wanted, line
    documents = {f"usr/share/doc/podnamed/plugins/{page}" for page in os.listdir(os.path.join(ROOT, "docs", "plugins"))}
    kubernetes = os.path.join(ROOT, "config", "kubernetes")
    documents |= {
        f"usr/share/doc/podnamed/examples/kubernetes/{os.path.relpath(os.path.join(directory, name), kubernetes)}"
        for directory, _, names in os.walk(kubernetes) for name in names
    }
    assert {path for path in files if not path.endswith("/")} == documents | {
        *PROGRAMS,
        "etc/podnamed/Corefile",
        *(f"lib/systemd/system/{unit}" for unit in (*UNITS, SOCKET)),
        "usr/lib/sysusers.d/podnamed.conf",
        "usr/share/bash-completion/completions/podnamectl",
        "usr/share/zsh/vendor-completions/_podnamectl",
        *(f"usr/share/man/{page}.gz" for page in PAGES),
        *(f"usr/share/doc/podnamed/{name}" for name in
          ("changelog.gz", "copyright", "conformance.md", "metrics.md", "performance.md", "replacing-coredns.md")),
    }
    assert "etc/podnamed/cluster/" in files


def test_the_version_is_one(machine):
    version = machine.run("dpkg-query -W -f '${Version}' podnamed")
    for program in PROGRAMS:
        name = os.path.basename(program)
        assert machine.run(f"{name} -version") == f"{name}-{version}\n"
    assert machine.run("zcat /usr/share/doc/podnamed/changelog.gz").startswith(f"podnamed ({version}) ")


def test_its_maintainer_is_who_made_it(machine):
    assert machine.run("dpkg-query -W -f '${Maintainer}' podnamed") == "A Builder <builder@example.org>"


def test_shared_libraries_are_its_dependencies(machine):
    depends = machine.run("dpkg-query -W -f '${Depends}' podnamed")
    for library in ("libc6", "libgrpc++1.51", "libc-ares2", "libssl3"):
        assert re.search(rf"(^|, ){re.escape(library)} ", depends), depends


@pytest.mark.parametrize("page", PAGES)
def test_manual_pages_are_sound(machine, page):
    said = machine.run(f"zcat /usr/share/man/{page}.gz | groff -man -ww -z -T utf8 2>&1")
    assert said == ""


def test_the_shell_completes_podnamectl(machine):
    machine.run("bash -n /usr/share/bash-completion/completions/podnamectl")


# --- what an installation makes


def test_there_is_a_user_and_one_unit_is_enabled(machine):
    assert machine.run("getent passwd podnamed").split(":")[5:] == ["/nonexistent", "/usr/sbin/nologin\n"]
    assert machine.run("systemctl --root=/ is-enabled podnamed") == "enabled\n"
    for unit in ("podname-controller", SOCKET):
        assert machine.run(f"systemctl --root=/ is-enabled {unit} || true") == "disabled\n"


def test_systemd_reads_the_units(machine):
    paths = " ".join(f"/lib/systemd/system/{unit}" for unit in (*UNITS, SOCKET))
    assert machine.run(f"systemd-analyze verify {paths} 2>&1") == ""


@pytest.mark.parametrize("unit", UNITS)
def test_the_units_may_do_little(machine, unit):
    machine.run(f"systemd-analyze security --offline=true --threshold={EXPOSURE} /lib/systemd/system/{unit}")


def test_the_configuration_is_right(machine):
    assert "manifests /etc/podnamed/cluster" in machine.run("podnamed -conf /etc/podnamed/Corefile -check")


def test_it_serves_as_its_unit_starts_it(machine, tmp_path):
    words = unit_says(machine, "podnamed.service", "ExecStart").split()
    server = Program(words, tmp_path / "podnamed.log", as_the_unit(machine, "podnamed.service"))
    try:
        server.wait_for_log("is serving with")
        assert machine.run("curl --silent --fail http://127.0.0.1:8181/ready") == "OK"
        machine.run(f"cp {ROOT}/examples/cluster/nginx.yaml /etc/podnamed/cluster/")
        ask = "dig @127.0.0.1 +short +tries=1 +time=2"
        name = "web-0.nginx.default.svc.cluster.local"
        wait_until(lambda: machine.run(f"{ask} {name}") == "10.244.0.10\n", name)
        assert "synced" in machine.run("podnamectl status")
        # The kernel's own word: nobody outside this machine can ask.
        addresses = re.findall(r"(\S+):53 ", machine.run("ss --no-header --listening --udp --tcp --numeric"))
        assert set(addresses) == {"127.0.0.1"}, addresses
        assert server.stop() == 0, server.log()
    finally:
        server.stop()


def test_tells_the_service_manager_when_it_serves_and_when_it_stops(lab):
    """What Type=notify waits for."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(lab.directory / "notify"))
        manager.settimeout(20)
        prefix = ("env", f"NOTIFY_SOCKET={lab.directory}/notify")
        server = lab.podnamed(prefix=prefix)
        assert manager.recv(100) == b"READY=1"
        assert server.ask("dns-version.cluster.local", "TXT").answer, "ready is when it answers"
        assert server.stop() == 0
        assert manager.recv(100) == b"STOPPING=1"


# --- its end; these change the machine, and come last


def test_an_administrators_configuration_outlives_an_upgrade_and_a_removal(machine):
    machine.run("echo '# mine' >>/etc/podnamed/Corefile")
    machine.run(f"dpkg --install {package()}", directory=ROOT)
    machine.run("dpkg --remove podnamed")
    assert machine.run("tail -n 1 /etc/podnamed/Corefile") == "# mine\n"
    assert machine.run("ls /usr/sbin/podname* /usr/bin/podname* 2>/dev/null || true") == ""


def test_a_purge_leaves_nothing_behind(machine):
    machine.run("rm /etc/podnamed/cluster/nginx.yaml && dpkg --purge podnamed")
    of_dpkg_and_apt = r"var/(lib/(dpkg|apt)|cache/(apt|debconf|man|ldconfig)|log)/.*"
    of_its_user = r"etc/(passwd|group|g?shadow|\.pwd\.lock).*"
    left = {path for path in machine.changes() if not re.fullmatch(f"{of_dpkg_and_apt}|{of_its_user}", path)}
    assert left == set()
    assert machine.run("ls --directory /etc/podnamed /run/podnamed 2>/dev/null || true") == ""
