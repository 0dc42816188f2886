"""k8s_external: services as they are reached from outside of the cluster, told by an API server and by manifests."""

import dns.flags
import dns.query
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.zone
import pytest

from conftest import free_port
from harness.kube_lab import PROPAGATION, KubeLab
from harness.programs import texts
from harness.waiting import wait_until

ZONE = "example.org."


@pytest.fixture
def kube(lab):
    laboratory = KubeLab(lab)
    yield laboratory
    laboratory.close()


CLOUD = """$TTL 60
@   SOA  ns hostmaster 1 2 3 4 5
@   NS   ns
ns  A    198.51.100.1
lb  A    198.51.100.7
lb  AAAA 2001:db8:ffff::7
"""


def serve(lab, source, *properties, more=""):
    """podnamed that shows the cluster of `source` in example.org, too; it has the zone cloud.example besides."""
    (lab.directory / "cloud.example").write_text(CLOUD)
    port, lines = free_port(), "\n  ".join(properties)
    server = lab.serve(f""".:{port} {{
 bind 127.0.0.1
 kubernetes cluster.local in-addr.arpa ip6.arpa {{
  {source}
  fallthrough in-addr.arpa ip6.arpa
 }}
 k8s_external example.org 192.0.2.0/24 2001:db8::/32 {{
  fallthrough in-addr.arpa ip6.arpa
  {lines}
 }}
 file {lab.directory}/cloud.example cloud.example
 {more}
}}
""", port)
    server.wait_for_log("is serving with")
    return server


def follow(server, name, expected, rdtype="A"):
    """As soon as we promise: the change has just been written."""
    server.wait_for(name + ZONE, expected, rdtype, timeout=PROPAGATION)


def answers(server, name, rdtype="A"):
    return sorted(texts(server.ask(name, rdtype).answer))


def test_a_load_balancer_comes_moves_and_goes(kube):
    server = serve(kube.lab, f"kubeconfig {kube.kubeconfig()}")
    kube.cluster.create_service("shop")
    inside = "shop.default.svc.cluster.local."
    wait_until(lambda: isinstance(server.addresses(inside), list), "the service inside")
    cluster_ip = server.addresses(inside)
    follow(server, "shop.default.", "NXDOMAIN")
    kube.cluster.update_service("shop", type="LoadBalancer")
    kube.cluster.set_ingress("shop", {"ip": "192.0.2.20"}, {"ip": "2001:db8::20"})
    follow(server, "shop.default.", ["192.0.2.20"])
    assert server.addresses("shop.default.example.org.", "AAAA") == ["2001:db8::20"]
    for address in ("192.0.2.20", "2001:db8::20"):
        pointer = dns.reversename.from_address(address).to_text()
        assert server.addresses(pointer, "PTR") == ["shop.default.example.org."]
    reply = server.ask("_http._tcp.shop.default.example.org.", "SRV")
    assert texts(reply.answer) == [
        "_http._tcp.shop.default.example.org. 5 IN SRV 0 50 80 shop.default.example.org."
    ]
    assert sorted(texts(reply.additional)) == [
        "shop.default.example.org. 5 IN A 192.0.2.20", "shop.default.example.org. 5 IN AAAA 2001:db8::20",
    ]
    assert reply.flags & dns.flags.AA

    kube.cluster.update_service("shop", externalIPs=["192.0.2.5"])
    follow(server, "shop.default.", ["192.0.2.20", "192.0.2.5"])
    kube.cluster.set_ingress("shop", {"ip": "192.0.2.21"})
    follow(server, "shop.default.", ["192.0.2.21", "192.0.2.5"])
    assert server.addresses("20.2.0.192.in-addr.arpa.", "PTR") == "SERVFAIL", "it falls through, and nobody is next"
    kube.cluster.update_service("shop", externalIPs=None)
    kube.cluster.set_ingress("shop")
    follow(server, "shop.default.", "NXDOMAIN")
    assert server.addresses(inside) == cluster_ip != [], "inside it is there as before"


def test_a_hostname_is_followed(kube):
    server = serve(kube.lab, f"kubeconfig {kube.kubeconfig()}")
    kube.cluster.create_service("mail", ports=(("smtp", 25, 2525),))
    kube.cluster.set_ingress("mail", {"hostname": "lb.cloud.example"})
    follow(server, "mail.default.", ["198.51.100.7"])
    assert texts(server.ask("mail.default.example.org.", "AAAA").answer) == [
        "mail.default.example.org. 5 IN CNAME lb.cloud.example.", "lb.cloud.example. 60 IN AAAA 2001:db8:ffff::7",
    ]
    assert answers(server, "mail.default.example.org.", "CNAME") == [
        "mail.default.example.org. 5 IN CNAME lb.cloud.example."
    ]
    assert answers(server, "_smtp._tcp.mail.default.example.org.", "SRV") == [
        "_smtp._tcp.mail.default.example.org. 5 IN SRV 0 100 25 lb.cloud.example."
    ]
    kube.cluster.set_ingress("mail", {"hostname": "lost.cloud.example"})
    server.wait_for("mail.default.example.org.", ["lost.cloud.example."], "CNAME", timeout=PROPAGATION)
    reply = server.ask("mail.default.example.org.")
    assert (reply.rcode(), texts(reply.answer)) == (0, ["mail.default.example.org. 5 IN CNAME lost.cloud.example."])


def test_headless_services_have_their_endpoints(kube):
    server = serve(kube.lab, f"kubeconfig {kube.kubeconfig()}", "headless", "ttl 30")
    kube.nginx(dual_stack=True)
    follow(server, "nginx.default.", kube.addresses("web-0", "web-1", "web-2"))
    follow(server, "web-1.nginx.default.", [kube.address("web-1")])
    assert answers(server, "_http._tcp.nginx.default.example.org.", "SRV") == [
        f"_http._tcp.nginx.default.example.org. 30 IN SRV 0 33 8080 web-{i}.nginx.default.example.org." for i in range(3)
    ]
    kube.cluster.set_ready("web-1", ready=False)
    follow(server, "web-1.nginx.default.", "NXDOMAIN")
    follow(server, "nginx.default.", kube.addresses("web-0", "web-2"))


def test_the_zone_and_its_transfer(lab):
    lab.manifests.write("services.yaml", """apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {clusterIP: 10.96.0.20, externalIPs: [192.0.2.20, "2001:db8::20"], ports: [{name: https, port: 443}]}
---
{apiVersion: v1, kind: Service, metadata: {name: own}, spec: {clusterIP: 10.96.0.21}}
---
{apiVersion: v1, kind: Service, metadata: {name: mail}, spec: {clusterIP: 10.96.0.22}, status: {loadBalancer: {ingress: [{hostname: lb.cloud.example}]}}}
""")
    server = serve(lab, f"manifests {lab.cluster_directory}", "apex names", more="transfer example.org {\n to *\n }")
    server.wait_for("shop.default.example.org.", ["192.0.2.20"])
    (soa,) = texts(server.ask(ZONE, "SOA").answer)
    start, end = "example.org. 5 IN SOA ns1.names.example.org. hostmaster.names.example.org. ", " 7200 1800 86400 5"
    assert soa.startswith(start) and soa.endswith(end)
    reply = server.ask(ZONE, "NS")
    assert texts(reply.answer) == ["example.org. 5 IN NS ns1.names.example.org."]
    assert texts(reply.additional) == ["ns1.names.example.org. 5 IN A 127.0.0.1"]
    for name, rcode in {"default.": 0, "names.": 0, "own.default.": 3, "nowhere.": 3, "a.b.shop.default.": 3}.items():
        reply = server.ask(name + ZONE)
        assert (reply.rcode(), texts(reply.authority)) == (rcode, [soa]), name
    reply = server.ask("own.default.example.org.", use_edns=0)
    assert "no service own in namespace default is reached from outside" in str(reply.options[0])

    zone = dns.zone.from_xfr(dns.query.xfr("127.0.0.1", ZONE, port=server.port, relativize=False), relativize=False)
    given = [(name, rdata) for name, _, rdata in zone.iterate_rdatas() if rdata.rdtype != dns.rdatatype.SOA]
    assert sorted(f"{name} {rdata.to_text()}" for name, rdata in given) == sorted([
        f"{ZONE} ns1.names.example.org.",
        "ns1.names.example.org. 127.0.0.1",
        "shop.default.example.org. 192.0.2.20",
        "shop.default.example.org. 2001:db8::20",
        "shop.default.example.org. 0 50 443 shop.default.example.org.",
        "_https._tcp.shop.default.example.org. 0 50 443 shop.default.example.org.",
        "mail.default.example.org. lb.cloud.example.",
    ])
    code, listed = server.ctl("list", "services")
    assert code == 0 and "192.0.2.20,2001:db8::20" in listed and "lb.cloud.example." in listed


def test_explain_says_which_service_and_why_not(lab):
    lab.manifests.write("services.yaml", """apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {clusterIP: 10.96.0.20, externalIPs: [192.0.2.20], ports: [{name: https, port: 443}]}
---
{apiVersion: v1, kind: Service, metadata: {name: own}, spec: {clusterIP: 10.96.0.21}}
""")
    server = serve(lab, f"manifests {lab.cluster_directory}")
    server.wait_for("shop.default.example.org.", ["192.0.2.20"])
    for name in ("shop.default.example.org.", "shop.default.example.org"):
        code, text = server.ctl("explain", name)
        assert code == 0, text
        assert "It comes from service default/shop: cluster IP 10.96.0.20, from outside 192.0.2.20" in text, text
        assert "services.yaml:1:1" in text, "where it stands"
    code, text = server.ctl("explain", "own.default.example.org")
    assert code == 2, text
    assert "no service own in namespace default is reached from outside of the cluster" in text, text
    assert "The nearest thing that exists is service default/own: cluster IP 10.96.0.21" in text, text
    assert server.ctl_json("explain", "none.default.example.org")["text"] == "namespace default"
    code, text = server.ctl("explain", "none.nowhere.example.org")
    assert code == 2 and "nearest" not in text, text


def test_nothing_is_known_yet(lab):
    server = serve(lab, f"feed unix://{lab.directory}/nobody.sock")
    reply = server.ask("shop.default.example.org.")
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert server.ask(ZONE, "SOA").answer
