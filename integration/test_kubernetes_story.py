"""The story this server exists for, told by a Kubernetes API: a StatefulSet's pods are found by name, the moment they
move. Real programs, and an API server that keeps a cluster (harness/kube_cluster.py)."""

import time

import dns.reversename
import pytest

from conftest import free_port
from harness.kube_lab import PROPAGATION, TOKEN, ZONE, KubeLab, follows, full
from harness.name_watch import NameWatch
from harness.waiting import wait_until

NGINX = full("nginx")
WEB_0, WEB_1, WEB_2 = (full(f"web-{ordinal}.nginx") for ordinal in range(3))


@pytest.fixture
def kube(lab):
    laboratory = KubeLab(lab)
    yield laboratory
    laboratory.close()


@pytest.fixture(params=["embedded", "sidecar"])
def server(kube, request):
    """podnamed after its first sync, with the controller in it or beside it."""
    running = kube.embedded() if request.param == "embedded" else kube.sidecar()[0]
    running.wait_for(f"default.{ZONE}", [])
    return running


def pointer(server, address):
    return server.addresses(dns.reversename.from_address(address).to_text(), "PTR")


def test_the_lecture(kube, server):
    """web-0 is deleted and comes back at another address. Nobody who asks is told the old address once the API has had
    the news for as long as it may take to come here, and not one answer goes back in time."""
    kube.nginx()
    follows(server, "nginx", kube.addresses("web-0", "web-1", "web-2"))
    old = kube.address("web-0")
    assert server.addresses(WEB_0) == [old]

    with NameWatch(server, WEB_0) as watch:
        watch.see()
        kube.cluster.delete_pod("web-0")
        deleted = time.monotonic()
        follows(server, "web-0.nginx", "NXDOMAIN")
        assert server.addresses(NGINX) == kube.addresses("web-1", "web-2")
        kube.cluster.scale("web", 4)  # another pod comes in between, and takes nothing away
        follows(server, "web-3.nginx", [kube.address("web-3")])
        labels = {"app": "nginx", "statefulset.kubernetes.io/pod-name": "web-0"}
        kube.cluster.create_pod("web-0", labels=labels, hostname="web-0", subdomain="nginx", ready=False)
        new = kube.address("web-0")
        watch.see()
        assert watch.of(WEB_0) == [[old], "NXDOMAIN"], "it is not ready yet"
        kube.cluster.set_ready("web-0")
        returned = time.monotonic()
        follows(server, "web-0.nginx", [new])
        watch.see()
    assert watch.of(WEB_0) == [[old], "NXDOMAIN", [new]]
    assert [old] not in watch.asked_after(WEB_0, deleted + PROPAGATION)
    assert "NXDOMAIN" not in watch.asked_after(WEB_0, returned + PROPAGATION)
    assert server.addresses(NGINX) == kube.addresses("web-0", "web-1", "web-2", "web-3")
    assert pointer(server, old) == "NXDOMAIN", "it is nobody's now"
    assert pointer(server, new) == [WEB_0]


def test_a_pod_that_moves_is_never_without_an_address(kube, server):
    """The same pod gets another address, again and again: every answer is one of its addresses, in their order."""
    kube.nginx(replicas=1)
    had = [[kube.address("web-0")]]
    follows(server, "web-0.nginx", had[-1])
    slowest = 0.0
    with NameWatch(server, WEB_0) as watch:
        for _ in range(20):
            kube.cluster.move_pod("web-0")
            written = time.monotonic()
            had.append([kube.address("web-0")])
            follows(server, "web-0.nginx", had[-1])
            slowest = max(slowest, time.monotonic() - written)
        watch.see()
    order = [had.index(answer) for answer in watch.of(WEB_0)]
    assert order == sorted(order)
    assert slowest < PROPAGATION


def test_down_and_up(kube, server):
    kube.nginx(replicas=3)
    follows(server, "web-2.nginx", [kube.address("web-2")])
    kube.cluster.scale("web", 1)
    follows(server, "web-1.nginx", "NXDOMAIN")
    assert server.addresses(WEB_2) == "NXDOMAIN", "the highest ordinal goes first"
    assert server.addresses(NGINX) == kube.addresses("web-0")
    kube.cluster.scale("web", 0)
    follows(server, "nginx", "NXDOMAIN")
    kube.cluster.scale("web", 3)
    follows(server, "nginx", kube.addresses("web-0", "web-1", "web-2"))


def test_a_rolling_update(kube, server):
    """From the highest ordinal down, each pod by itself: never more than one of three is away."""
    kube.nginx()
    follows(server, "nginx", kube.addresses("web-0", "web-1", "web-2"))
    order = []
    with NameWatch(server, NGINX, WEB_0, WEB_1, WEB_2) as watch:
        watch.see(1)
        for pod, step in kube.cluster.rolling_update("web"):
            if step == "terminating":
                order.append(pod)
            expected = [kube.address(pod)] if step == "ready" else "NXDOMAIN"
            follows(server, f"{pod}.nginx", expected)
        watch.see()
    assert order == ["web-2", "web-1", "web-0"]
    for name in (WEB_0, WEB_1, WEB_2):
        assert len(watch.of(name)) == 3 and watch.of(name)[1] == "NXDOMAIN", f"away once: {watch.of(name)}"
    assert all(len(answer) >= 2 for answer in watch.of(NGINX)), watch.of(NGINX)
    assert server.addresses(NGINX) == kube.addresses("web-0", "web-1", "web-2")


def test_readiness(kube, server):
    kube.nginx(replicas=2)
    kube.cluster.create_service("peers", selector={"app": "nginx"}, headless=True, publish_not_ready=True)
    follows(server, "peers", kube.addresses("web-0", "web-1"))
    kube.cluster.set_ready("web-0", ready=False)
    follows(server, "web-0.nginx", "NXDOMAIN")
    assert server.addresses(NGINX) == kube.addresses("web-1")
    assert server.addresses(full("peers")) == kube.addresses("web-0", "web-1"), "publishNotReadyAddresses"
    kube.cluster.set_ready("web-0")
    follows(server, "web-0.nginx", kube.addresses("web-0"))
    kube.cluster.update_service("nginx", publishNotReadyAddresses=True)
    kube.cluster.set_ready("web-0", ready=False)
    kube.cluster.scale("web", 3, ready=False)
    follows(server, "web-2.nginx", kube.addresses("web-2"))
    assert server.addresses(WEB_0) == kube.addresses("web-0")


def test_services_of_every_type(kube, server):
    kube.nginx(replicas=2, ports=(("http", 80, 8080), ("dns", 53, 5353, "UDP")))
    api = kube.cluster.create_service("api", ports=(("https", 443, 8443),))["spec"]["clusterIP"]
    kube.cluster.create_external_name("docs", "docs.example.com")
    follows(server, "docs", ["docs.example.com."], "CNAME")
    follows(server, "api", [api])
    follows(server, "_https._tcp.api", [f"0 100 443 {full('api')}"], "SRV")
    expected = [f"0 50 8080 {WEB_0}", f"0 50 8080 {WEB_1}"]
    follows(server, "_http._tcp.nginx", expected, "SRV")
    follows(server, "_dns._udp.nginx", [text.replace("8080", "5353") for text in expected], "SRV")
    extra = server.ask(full("_http._tcp.nginx"), "SRV").additional
    assert sorted(record.to_text() for rrset in extra for record in rrset) == kube.addresses("web-0", "web-1")
    assert pointer(server, api) == [full("api")]
    assert pointer(server, kube.address("web-1")) == [WEB_1]
    # A Service changes its type: the name's answers change with it.
    kube.cluster.delete_service("docs")
    address = kube.cluster.create_service("docs")["spec"]["clusterIP"]
    follows(server, "docs", [address])
    assert server.addresses(full("docs"), "CNAME") == []


def test_two_families(kube, server):
    kube.cluster.create_service("nginx", headless=True, dual_stack=True)
    kube.cluster.create_stateful_set("web", "nginx", replicas=2, dual_stack=True)
    kube.cluster.create_service("six", selector={"app": "nginx"}, headless=True, families=("IPv6",))
    both = kube.cluster.create_service("both", dual_stack=True)["spec"]["clusterIPs"]
    v4, v6 = kube.cluster.pod_addresses("web-1")
    follows(server, "both", [both[1]], "AAAA")
    assert server.addresses(full("both")) == [both[0]]
    follows(server, "web-1.nginx", [v6], "AAAA")
    assert server.addresses(WEB_1) == [v4]
    assert len(server.addresses(NGINX)) == len(server.addresses(NGINX, "AAAA")) == 2
    follows(server, "six", sorted([kube.cluster.pod_addresses("web-0")[1], v6]), "AAAA")
    assert server.addresses(full("six")) == []
    assert pointer(server, v4) == [WEB_1]
    assert WEB_1 in pointer(server, v6), "and six's own name for it"


def test_namespaces_come_and_go(kube, server):
    assert server.addresses(f"shop.{ZONE}") == "NXDOMAIN"
    kube.cluster.create_namespace("shop")
    follows(server, f"shop.{ZONE}", [])
    kube.cluster.create_service("db", "shop", headless=True)
    kube.cluster.create_stateful_set("db", "db", "shop")
    follows(server, "db-2.db.shop.svc", [kube.address("db-2", "shop")])
    kube.cluster.delete_namespace("shop")
    follows(server, f"shop.{ZONE}", "NXDOMAIN")
    assert server.addresses(full("db-0.db.shop.svc")) == server.addresses(full("db.shop.svc")) == "NXDOMAIN"


def test_two_services_and_one_set_of_pods(kube, server):
    """A name is a Service's own: the other one's going takes nothing of it."""
    kube.nginx(replicas=2)
    kube.cluster.create_service("all", selector={"app": "nginx"}, headless=True)
    follows(server, "all", kube.addresses("web-0", "web-1"))
    kube.cluster.delete_service("all")
    follows(server, "all", "NXDOMAIN")
    assert server.addresses(NGINX) == kube.addresses("web-0", "web-1")
    assert server.addresses(WEB_0) == kube.addresses("web-0")


def test_a_finished_pod_leaves(kube, server):
    kube.nginx(replicas=2)
    follows(server, "web-1.nginx", kube.addresses("web-1"))
    kube.cluster.finish_pod("web-1", phase="Failed")
    follows(server, "web-1.nginx", "NXDOMAIN")
    assert server.addresses(NGINX) == kube.addresses("web-0")


# --- properties of the kubernetes block, as flags of a podname-controller where it follows for podnamed


def test_pods_verified(kube):
    server = kube.embedded("pods verified")
    kube.cluster.create_pod("lone")
    address = kube.address("lone")
    name = f"{address.replace('.', '-')}.default.pod.cluster.local."
    follows(server, name, [address])
    kube.cluster.delete_pod("lone")
    follows(server, name, "NXDOMAIN")


def test_pods_are_not_read_unless_somebody_asks_for_them(kube):
    kube.nginx(replicas=1)
    server = kube.embedded()
    server.wait_for(WEB_0, kube.addresses("web-0"))
    assert {request.resource for request in kube.api.requests} == {"namespaces", "services", "endpointslices"}


@pytest.mark.parametrize("mode", ["embedded", "sidecar"])
def test_shortnames(kube, mode):
    """Whoever asks is a pod of the cluster: here the one that has the address that a test asks from."""
    port = free_port()
    kube.nginx(replicas=1)
    kube.cluster.create_namespace("shop")
    kube.cluster.create_pod("client", "shop", addresses=["127.0.0.1"])
    source = f"kubeconfig {kube.kubeconfig()}"
    if mode == "sidecar":
        _, controller = kube.sidecar("-pods", name="fed")
        source = f"feed {controller.address}"
    server = kube.lab.serve(f""".:{port} {{
    bind 127.0.0.1
    kubernetes cluster.local {{
        {source}
        shortnames
    }}
}}
""", port)
    server.wait_for_log("is serving")
    server.wait_for("web-0.nginx.default.", kube.addresses("web-0"))
    kube.cluster.create_service("db", "shop")
    follows(server, "db.", [kube.api.peek("services", "shop", "db")["spec"]["clusterIP"]])
    # The asker's namespace is not nginx's.
    assert server.addresses("nginx.") != kube.addresses("web-0")


def test_labels_are_left_to_the_api_server(kube):
    """It sends what they select, and a Service that is given such a label comes into sight."""
    kube.cluster.create_service("seen", labels={"tier": "web"})
    kube.cluster.create_service("unseen", labels={"tier": "db"})
    server = kube.embedded("labels tier in (web, cache)")
    server.wait_for(full("seen"), [kube.api.peek("services", "default", "seen")["spec"]["clusterIP"]])
    assert server.addresses(full("unseen")) == "NXDOMAIN"
    assert selectors(kube, "services") == {"tier in (web,cache)"} and selectors(kube, "namespaces") == {""}
    obj = kube.api.get("services", "default", "unseen")
    obj["metadata"]["labels"] = {"tier": "cache"}
    kube.api.update(obj)
    follows(server, "unseen", [obj["spec"]["clusterIP"]])
    obj = kube.api.get("services", "default", "seen")
    obj["metadata"]["labels"] = {}
    kube.api.update(obj)
    follows(server, "seen", "NXDOMAIN")


def test_namespace_labels_are_left_to_the_api_server(kube):
    kube.cluster.create_namespace("shop", {"dns": "yes"})
    address = kube.cluster.create_service("db", "shop")["spec"]["clusterIP"]
    kube.cluster.create_service("api")
    server = kube.embedded("namespace_labels dns=yes")
    server.wait_for(full("db.shop.svc"), [address])
    assert server.addresses(full("api")) == "NXDOMAIN"
    assert selectors(kube, "namespaces") == {"dns=yes"} and selectors(kube, "services") == {""}
    obj = kube.api.get("namespaces", "", "default")
    obj["metadata"]["labels"]["dns"] = "yes"
    kube.api.update(obj)
    follows(server, "api", [kube.api.peek("services", "default", "api")["spec"]["clusterIP"]])


def selectors(kube, resource):
    wanted = [request for request in kube.api.requests if request.resource == resource]
    assert wanted
    return {request.parameters.get("labelSelector", "").replace(", ", ",") for request in wanted}


def service_import(name, **spec):
    return {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceImport",
        "metadata": {"name": name, "namespace": "default"}, "spec": {"ports": [], **spec},
    }


def test_multicluster(kube):
    server = kube.embedded("multicluster clusterset.local", zones="cluster.local clusterset.local")
    kube.api.create(service_import("api", type="ClusterSetIP", ips=["10.97.0.5"]))
    follows(server, "api.default.svc.clusterset.local.", ["10.97.0.5"])
    assert server.addresses(full("api")) == "NXDOMAIN"
    kube.api.create(service_import("db", type="Headless"))
    kube.api.create({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": "db-east", "namespace": "default",
            "labels": {
                "multicluster.kubernetes.io/service-name": "db", "multicluster.kubernetes.io/source-cluster": "east",
            },
        },
        "endpoints": [{"addresses": ["10.20.0.1"], "hostname": "db-0", "conditions": {"ready": True}}],
        "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}],
    })
    follows(server, "db-0.east.db.default.svc.clusterset.local.", ["10.20.0.1"])
    kube.api.delete("endpointslices", "default", "db-east")
    follows(server, "db.default.svc.clusterset.local.", "NXDOMAIN")
    kube.api.delete("serviceimports", "default", "api")
    follows(server, "api.default.svc.clusterset.local.", "NXDOMAIN")


def test_explain_names_the_object_that_an_answer_comes_from(kube, server):
    kube.nginx(replicas=1)
    follows(server, "web-0.nginx", kube.addresses("web-0"))
    (slice_obj,) = kube.api.objects("endpointslices")
    origin = server.ctl_json("explain", "web-0.nginx")["origin"]
    assert origin["place"] == f"EndpointSlice default/{slice_obj['metadata']['name']}"
    assert f"EndpointSlice default/{slice_obj['metadata']['name']}" in server.ctl("explain", "web-0.nginx")[1]
    assert server.ctl_json("explain", "nginx")["origin"]["place"] == "Service default/nginx"


def test_the_controller_dies_and_returns(kube):
    """What is known answers on; what changes meanwhile is there when a new one has read it."""
    kube.nginx(replicas=2)
    server, controller = kube.sidecar()
    server.wait_for(WEB_0, kube.addresses("web-0"))
    with NameWatch(server, WEB_0) as watch:
        controller.kill()
        watch.see()
        kube.cluster.move_pod("web-1")
        flags = ("-kubernetes", "-kubeconfig", kube.kubeconfig("again.kubeconfig"))
        kube.lab.controller("again", controller.address, flags)
        server.wait_for(WEB_1, kube.addresses("web-1"))
        watch.see()
    assert watch.of(WEB_0) == [kube.addresses("web-0")]


def test_endpoint_and_tls_properties(lab):
    """Without a kubeconfig: the URL, and a certificate that says who we are."""
    kube = KubeLab(lab, tokens={TOKEN: "somebody"}, has_client_certificates=True)
    try:
        certificate, key = kube.api.client_certificate("system:podnamed")
        kube.nginx(replicas=1)
        server = kube.embedded(f"tls {certificate} {key} {kube.api.ca_path}", source=f"endpoint {kube.api.url}")
        server.wait_for(WEB_0, kube.addresses("web-0"))
        kube.cluster.move_pod("web-0")
        follows(server, "web-0.nginx", kube.addresses("web-0"))
        assert {request.user for request in kube.api.requests} == {"system:podnamed"}
        wait_until(lambda: kube.api.open_watches() == 3, "a watch of each kind")
    finally:
        kube.close()
