"""loadbalance weighted: which address dig is told first, how often, and as its file changes."""

import collections
import os
import subprocess

import pytest

from conftest import free_port
from harness.manifests import headless, pod
from harness.waiting import wait_until

HOSTS = "hosts /dev/null {\n" + "".join(f"  100.64.1.{i} www.example.com\n" for i in (1, 2, 3)) + " }"


def replace(path, text):
    path.with_suffix(".new").write_text(text)
    os.replace(path.with_suffix(".new"), path)


def first_addresses(server, name, count, rdtype="A", lines=3):
    """Of as many replies, by one dig."""
    batch = f"{name} {rdtype} +short +tries=5\n" * count
    done = subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(server.port), "-f", "-"], input=batch, capture_output=True, text=True, check=True
    )
    told = done.stdout.split()
    assert len(told) == lines * count, done.stdout
    replies = [told[i : i + lines] for i in range(0, len(told), lines)]
    assert all(sorted(reply) == sorted(replies[0]) for reply in replies), "nothing is lost"
    return collections.Counter(reply[0] for reply in replies)


def test_the_ratio_of_coredns_page(lab):
    (lab.directory / "weights").write_text("# comment\nWWW.example.com\n100.64.1.1 3\n100.64.1.2 1\n100.64.1.3 2\n")
    server = lab.serve_block(f"root {lab.directory}\n loadbalance weighted weights\n {HOSTS}")
    first = first_addresses(server, "www.example.com", 3000)
    for address, expected in {"100.64.1.1": 1500, "100.64.1.2": 500, "100.64.1.3": 1000}.items():
        assert first[address] == pytest.approx(expected, abs=150), first


def test_pods_have_weights_too(lab):
    name = "nginx.default.svc.cluster.local"
    pods = [pod(f"web-{i}", f"10.0.0.{i}", "nginx") for i in (1, 2)]
    lab.manifests.write("nginx.yaml", headless("nginx"), *pods)
    (lab.directory / "weights").write_text(f"{name}\n10.0.0.1 9\n")
    server = lab.serve_block(
        f"root {lab.directory}\n loadbalance weighted weights\n kubernetes cluster.local {{\n manifests {lab.cluster_directory}\n }}"
    )
    server.wait_for(name + ".", ["10.0.0.1", "10.0.0.2"])
    assert first_addresses(server, name, 1000, lines=2)["10.0.0.1"] == pytest.approx(900, abs=60)


def test_the_file_is_followed(lab):
    weights = lab.directory / "weights"
    server = lab.serve_block(f"root {lab.directory}\n loadbalance weighted weights {{\n reload 100ms\n }}\n {HOSTS}")
    server.wait_for_log(
        r"\[WARNING\] plugin/loadbalance: \S+/weights cannot be read: No such file or directory; every address weighs the "
        "same, trying again every 100ms"
    )

    def favourite():
        return first_addresses(server, "www.example.com", 40).most_common(1)[0]

    replace(weights, "www.example.com\n100.64.1.1 255\n100.64.1.2 1\n100.64.1.3 1\n")
    wait_until(lambda: favourite()[0] == "100.64.1.1" and favourite()[1] > 35, "the first weights")
    replace(weights, "www.example.com\n100.64.1.2 255\n100.64.1.1 0\n")
    server.wait_for_log(r'weights: line 3 is "100.64.1.1 0"; expected an address and its weight, 1 to 255; what was read before stays')
    assert favourite()[0] == "100.64.1.1"
    replace(weights, "www.example.com\n100.64.1.2 255\n100.64.1.1 1\n")
    wait_until(lambda: favourite()[0] == "100.64.1.2", "the new weights")


def test_a_wrong_file_stops_the_start(lab):
    (lab.directory / "weights").write_text("100.64.1.1 3\n")
    port = free_port()
    server = lab.serve(f".:{port} {{\n root {lab.directory}\n loadbalance weighted weights\n}}\n", port)
    assert server.process.wait(timeout=10) == 1
    assert 'loadbalance: ' in server.log()
    assert 'line 1 is "100.64.1.1 3"; expected a line with a name before it' in server.log()
