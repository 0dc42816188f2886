"""`shortnames`: clients that do not walk a search list find the short names that the others find.

Such a client sends `web-0.nginx.` as it is. A server that knows from the client's address which pod asks can answer it
in that pod's namespace, where the search list would have led.
"""

import pytest

from harness.clients import CLIENTS, addresses, pod_beside_server, targets
from harness.manifests import Directory, cluster_ip, headless, pod
from harness.netns import SERVER_ADDRESS, SERVER_ADDRESS_V6

CLIENT, CLIENT_V6 = "10.96.0.200", "fd00:10:96::200"  # harness/netns.py
WEB_0, WEB_1, API = "10.244.1.10", "10.244.2.11", "10.96.5.5"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SERVER_ADDRESS, id="over-ipv4", marks=pytest.mark.xdist_group("shortnames-over-ipv4")),
        pytest.param(SERVER_ADDRESS_V6, id="over-ipv6", marks=pytest.mark.xdist_group("shortnames-over-ipv6")),
    ],
)
def a_pod(request, tmp_path_factory):
    """The client is itself a pod of the cluster, in namespace default."""
    directory = tmp_path_factory.mktemp("shortnames")
    (directory / "cluster").mkdir()
    manifests = Directory(directory / "cluster")
    manifests.write("services.yaml", headless("nginx"), cluster_ip("api", API), cluster_ip("com", "10.96.5.6"))
    manifests.write("pods.yaml", pod("web-0", WEB_0, "nginx"), pod("web-1", WEB_1, "nginx"))
    manifests.write("client.yaml", pod("client", CLIENT, "nobody", extra_addresses=(CLIENT_V6,)))
    corefile = f""". {{
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        manifests {manifests.path}
        shortnames
    }}
}}
"""
    with pod_beside_server(directory, request.param, corefile, ("web-0.nginx.default.svc.cluster.local", WEB_0)) as served:
        yield served


literal = pytest.mark.parametrize(
    "client", [client for client in CLIENTS if client.lookup and client.searches != "always"], ids=lambda c: c.name
)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("web-0.nginx", {WEB_0}),
        ("nginx", {WEB_0, WEB_1}),
        ("nginx.default", {WEB_0, WEB_1}),
        ("api", {API}),
    ],
)
@literal
def test_a_short_name(a_pod, client, name, expected):
    _, output = a_pod.ask(client, "A", name)
    assert addresses(output) == expected, output


@literal
def test_what_is_not_there_stays_unknown(a_pod, client):
    _, output = a_pod.ask(client, "A", "web-9.nginx")
    assert not addresses(output)


@literal
def test_a_public_domain_is_not_ours(a_pod, client):
    if client.searches_for("com"):
        pytest.skip("it walks the search list for names of one label")
    _, output = a_pod.ask(client, "A", "com")
    assert not addresses(output)


def test_srv_for_a_resolver_that_does_not_search(a_pod):
    client = next(client for client in CLIENTS if client.name == "musl-res_search")
    _, output = a_pod.ask(client, "SRV", "_http._tcp.nginx")
    assert targets(output) == {(8080, f"web-{i}.nginx.default.svc.cluster.local") for i in range(2)}
