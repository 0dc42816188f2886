"""Every resolver that pods use, asked for everything that pods ask for, over IPv4 and IPv6.

Each client runs as a pod runs it, in a network namespace with the resolv.conf that kubelet writes (search list,
ndots:5). harness/clients.py is the table. Clients that do not walk a search list find no short names: that is what they
are, and the tests say so.
"""

import re

import pytest

from harness.clients import CLIENTS, addresses, pod_beside_server, pointed_to, targets
from harness.manifests import Directory, cluster_ip, headless, pod
from harness.netns import SERVER_ADDRESS, SERVER_ADDRESS_V6

ZONE = "default.svc.cluster.local"
WEB_0, WEB_0_V6, WEB_1, API = "10.244.1.10", "fd00:244::10", "10.244.2.11", "10.96.5.5"
SHORT_NAMES = {
    "web-0.nginx": {WEB_0},
    "nginx": {WEB_0, WEB_1},
    "nginx.default": {WEB_0, WEB_1},
    "nginx.default.svc": {WEB_0, WEB_1},
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SERVER_ADDRESS, id="over-ipv4", marks=pytest.mark.xdist_group("clients-over-ipv4")),
        pytest.param(SERVER_ADDRESS_V6, id="over-ipv6", marks=pytest.mark.xdist_group("clients-over-ipv6")),
    ],
)
def a_pod(request, tmp_path_factory):
    """A pod, and a server on port 53 of a namespace of its own."""
    directory = tmp_path_factory.mktemp("clients")
    (directory / "cluster").mkdir()
    manifests = Directory(directory / "cluster")
    manifests.write("services.yaml", headless("nginx"), cluster_ip("api", API), headless("wide"))
    web_0 = pod("web-0", WEB_0, "nginx", extra_addresses=(WEB_0_V6,))
    manifests.write("pods.yaml", web_0, pod("web-1", WEB_1, "nginx"))
    manifests.write("wide.yaml", *[pod(f"wide-{i}", f"10.244.9.{i}", "wide") for i in range(100)])
    corefile = f"""cluster.local in-addr.arpa ip6.arpa {{
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        manifests {manifests.path}
    }}
}}
"""
    with pod_beside_server(directory, request.param, corefile, (f"web-0.nginx.{ZONE}", WEB_0)) as served:
        yield served


def clients_that(condition):
    return pytest.mark.parametrize("client", [client for client in CLIENTS if condition(client)], ids=lambda c: c.name)


every_client = clients_that(lambda client: client.lookup)


def finds(pod_, client, kind, name, expected):
    """It finds these addresses, or as many of them as it shows."""
    code, output = pod_.ask(client, kind, name)
    found = addresses(output)
    assert found <= expected and len(found) == min(len(expected), client.shows), output
    # ping fails then because nobody is there, and busybox's nslookup because of the search list's other steps.
    assert code == 0 or client.name.startswith("busybox-"), output


@every_client
def test_a_pod(a_pod, client):
    finds(a_pod, client, "A", f"web-0.nginx.{ZONE}", {WEB_0})
    finds(a_pod, client, "AAAA", f"web-0.nginx.{ZONE}", {WEB_0_V6})


@every_client
def test_a_service(a_pod, client):
    finds(a_pod, client, "A", f"nginx.{ZONE}", {WEB_0, WEB_1})
    finds(a_pod, client, "A", f"api.{ZONE}", {API})


@pytest.mark.parametrize("name", SHORT_NAMES)
@every_client
def test_a_short_name(a_pod, client, name):
    if client.searches_for(name):
        finds(a_pod, client, "A", name, SHORT_NAMES[name])
    else:
        _, output = a_pod.ask(client, "A", name)
        assert not addresses(output), "it does not walk the search list, and nobody has the name as it is"


@clients_that(lambda client: True)
def test_srv(a_pod, client):
    if client.no_service:
        pytest.skip(client.no_service)
    everyone = {(8080, f"web-{i}.nginx.{ZONE}") for i in range(2)}
    assert targets(a_pod.ask(client, "SRV", f"_http._tcp.nginx.{ZONE}")[1]) == everyone
    if client.searches_for("_http._tcp.nginx") and client.searches_services:
        assert targets(a_pod.ask(client, "SRV", "_http._tcp.nginx")[1]) == everyone


@pytest.mark.parametrize("address", [WEB_0, WEB_0_V6])
@every_client
def test_ptr(a_pod, client, address):
    if client.no_reverse:
        pytest.skip(client.no_reverse)
    _, output = a_pod.ask(client, "PTR", address)
    assert pointed_to(output) == {f"web-0.nginx.{ZONE}"}, output


@every_client
def test_a_name_that_does_not_exist(a_pod, client):
    code, output = a_pod.ask(client, "A", f"web-9.nginx.{ZONE}")
    assert not addresses(output)
    assert re.search(client.missing, output) if client.missing else code != 0, output


@every_client
def test_a_family_that_is_not_there(a_pod, client):
    """NODATA, never NXDOMAIN: several clients ask for A and AAAA at once and take NXDOMAIN for both."""
    finds(a_pod, client, "A", f"web-1.nginx.{ZONE}", {WEB_1})
    _, output = a_pod.ask(client, "AAAA", f"web-1.nginx.{ZONE}")
    assert not addresses(output)
    assert "NXDOMAIN" not in output
    assert re.search(client.no_data, output), output


@every_client
def test_a_large_answer(a_pod, client):
    finds(a_pod, client, "A", f"wide.{ZONE}", {f"10.244.9.{i}" for i in range(100)})


def test_both_families_at_once(a_pod):
    """What every connection does: one name, both families, one of them absent."""
    for client in (client for client in CLIENTS if client.source == "getaddrinfo.c"):
        code, output = a_pod.ask(client, "ANY", "web-1.nginx")
        assert (code, addresses(output)) == (0, {WEB_1}), client.name
        code, output = a_pod.ask(client, "ANY", "web-0.nginx")
        assert (code, addresses(output)) == (0, {WEB_0, WEB_0_V6}), client.name


def test_the_name_server_names_itself(a_pod):
    """Without `bind` it has every address of its machine."""
    for rdtype, address in (("A", SERVER_ADDRESS), ("AAAA", SERVER_ADDRESS_V6)):
        _, output = a_pod.network.run_in_pod("dig", "+short", "ns.dns.cluster.local", rdtype)
        assert address in output.split()
