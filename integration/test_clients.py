"""Real clients, each as a pod runs it: in a network namespace with a pod's resolv.conf (search list, ndots:5)."""

import shutil

import pytest

from harness.manifests import Directory, cluster_ip, headless, pod
from harness.netns import SERVER_ADDRESS, SERVER_ADDRESS_V6, open_pod_network
from harness.programs import Podnamed

FQDN = "web-0.nginx.default.svc.cluster.local"


@pytest.fixture(scope="module", params=[SERVER_ADDRESS, SERVER_ADDRESS_V6], ids=["over-ipv4", "over-ipv6"])
def network(request, tmp_path_factory):
    """A server on port 53 of its own namespace and a pod that asks it."""
    directory = tmp_path_factory.mktemp("clients")
    manifests = Directory(directory / "cluster")
    (directory / "cluster").mkdir()
    manifests.write("nginx.yaml", headless("nginx"))
    manifests.write("api.yaml", cluster_ip("api", "10.96.5.5"))
    manifests.write(
        "pods.yaml",
        pod("web-0", "10.244.1.10", "nginx", extra_addresses=("fd00::10",)),
        pod("web-1", "10.244.2.11", "nginx"),
    )
    manifests.write("wide.yaml", headless("wide"))
    manifests.write("wide-pods.yaml", *[pod(f"wide-{i}", f"10.244.9.{i}", "wide") for i in range(100)])
    made = open_pod_network(nameserver=request.param)
    try:
        server = Podnamed(
            f"""cluster.local in-addr.arpa ip6.arpa {{
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        manifests {manifests.path}
    }}
}}
""",
            directory,
            prefix=made.in_server(),
        )
        try:
            server.wait_for_log("is serving")
            wait_in_pod(made, "dig", "+short", FQDN, expected="10.244.1.10")
            yield made
        finally:
            server.stop()
    finally:
        made.close()


def wait_in_pod(network, *words, expected):
    for _ in range(100):
        _, output = network.run_in_pod(*words)
        if expected in output:
            return
    raise AssertionError(f"{words}: {output}")


def client(network, *words):
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    return network.run_in_pod(*words)


POD = ["10.244.1.10"]
BOTH = ["10.244.1.10", "10.244.2.11"]


@pytest.mark.parametrize(
    "words, expected",
    [
        # BIND's dig: the full name, and short names through the search list; UDP and TCP.
        ("dig +short web-0.nginx.default.svc.cluster.local", POD),
        ("dig +short +tcp web-0.nginx.default.svc.cluster.local", POD),
        ("dig +short +search web-0.nginx", POD),
        ("dig +short +search nginx", BOTH),
        ("dig +short +search nginx.default", BOTH),
        ("dig +short +search +tcp nginx.default.svc", BOTH),
        ("dig +short +noedns web-0.nginx.default.svc.cluster.local AAAA", ["fd00::10"]),
        ("dig +short -x 10.244.1.10", ["web-0.nginx.default.svc.cluster.local."]),
        ("dig +short -x fd00::10", ["web-0.nginx.default.svc.cluster.local."]),
        ("dig +short +search _http._tcp.nginx SRV", ["8080 web-0.nginx", "8080 web-1.nginx"]),
        ("dig +short api.default.svc.cluster.local", ["10.96.5.5"]),
        ("dig +short cluster.local SOA", ["ns.dns.cluster.local. hostmaster.cluster.local."]),
        ("dig +short cluster.local NS", ["ns.dns.cluster.local."]),
        ("dig +short ns.dns.cluster.local", [SERVER_ADDRESS]),
        # BIND's nslookup and host.
        ("nslookup web-0.nginx", POD),
        ("nslookup -vc web-0.nginx", POD),
        ("nslookup nginx.default", BOTH),
        ("nslookup 10.244.1.10", ["web-0.nginx.default.svc.cluster.local"]),
        ("host -t A nginx", BOTH),
        # Knot's kdig.
        ("kdig +short web-0.nginx.default.svc.cluster.local", POD),
        ("kdig +short +tcp web-0.nginx.default.svc.cluster.local", POD),
        ("kdig +short _http._tcp.nginx.default.svc.cluster.local SRV", ["8080 web-0.nginx", "8080 web-1.nginx"]),
        # busybox (Debian's: it asks A and AAAA, and treats a failed one as a failed name).
        ("busybox nslookup web-0.nginx.default.svc.cluster.local", POD),
        ("busybox nslookup nginx.default.svc.cluster.local", BOTH),
        # glibc's resolver, as every program that calls getaddrinfo.
        ("getent ahostsv4 web-0.nginx", POD),
        ("getent ahostsv4 nginx", BOTH),
        ("getent ahosts web-0.nginx.default", POD + ["fd00::10"]),
        ("getent ahosts web-1.nginx", ["10.244.2.11"]),
        ("getent hosts web-0.nginx", ["fd00::10"]),
        ("getent hosts 10.244.1.10", ["web-0.nginx.default.svc.cluster.local"]),
        ("getent ahostsv4 api.default", ["10.96.5.5"]),
    ],
)
def test_finds(network, words, expected):
    code, output = client(network, *words.split())
    assert code == 0, output
    for text in expected:
        assert text in output


@pytest.mark.parametrize(
    "words",
    ["getent ahosts web-9.nginx", "getent hosts nothing.default", "nslookup web-9.nginx", "host web-9.nginx"],
)
def test_what_is_not_there_is_not_found(network, words):
    code, output = client(network, *words.split())
    assert code != 0, output
    assert "10.244" not in output


def test_a_missing_family_is_no_data_not_nxdomain(network):
    _, output = client(network, "dig", "web-1.nginx.default.svc.cluster.local", "AAAA")
    assert "status: NOERROR" in output and "ANSWER: 0" in output and "AUTHORITY: 1" in output


def test_the_first_search_steps_say_nxdomain(network):
    """A stub resolver goes on along its search list only after NXDOMAIN."""
    for step in ("web-0.nginx.default.default.svc.cluster.local", "web-0.nginx.default.svc.cluster.local.svc.cluster.local"):
        _, output = client(network, "dig", step)
        assert "status: NXDOMAIN" in output, output


def test_a_wide_answer_comes_by_tcp(network):
    _, truncated = client(network, "dig", "+ignore", "+noedns", "wide.default.svc.cluster.local")
    assert " tc " in truncated, truncated
    _, output = client(network, "dig", "+short", "wide.default.svc.cluster.local")
    assert len(output.split()) == 100, "dig asked again over TCP"
    _, output = client(network, "getent", "ahostsv4", "wide")
    assert len({line.split()[0] for line in output.splitlines()}) == 100


def test_the_clients_letters_come_back(network):
    _, output = client(network, "dig", "+noall", "+question", "+answer", "wEb-0.NgInX.default.svc.cluster.local")
    assert output.count("wEb-0.NgInX.default.svc.cluster.local.") == 2
