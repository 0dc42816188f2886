"""autopath: the search list of a pod is walked in one query. Pods here have addresses of the loopback network."""


import dns.message
import dns.query
import dns.rcode
import pytest

from conftest import free_port
from harness.manifests import headless, pod
from harness.metrics import scrape
from harness.programs import texts
from harness.upstreams import answer, refusal


@pytest.fixture
def upstream(liar):
    one = liar()
    known = {"www.example.com.": "192.0.2.1"}

    def reply(query):
        address = known.get(query.question[0].name.to_text().lower())
        return [answer(query, address) if address else refusal(query, dns.rcode.NXDOMAIN)]

    one.reply = reply
    return one


def serve(lab, upstream, page):
    port = free_port()
    text = f""".:{port} {{
 bind 127.0.0.1
 prometheus 127.0.0.1:{page}
 autopath @kubernetes
 kubernetes cluster.local {{
  manifests {lab.cluster_directory}
 }}
 forward . 127.0.0.1:{upstream.port}
}}
"""
    return lab.serve(text, port)


def ask(server, name, source):
    query = dns.message.make_query(name, "A")
    return dns.query.udp(query, "127.0.0.1", timeout=3, port=server.port, source=source)


def test_a_pods_search_list_in_one_query(lab, upstream):
    lab.manifests.write("cart.yaml", headless("cart"), pod("cart-0", "127.0.0.2", "cart"))
    lab.manifests.write("db.yaml", headless("db", "other"), pod("db-0", "127.0.0.3", "db", "other"))
    page = free_port()
    server = serve(lab, upstream, page)
    server.wait_for("cart.default.svc.cluster.local.", ["127.0.0.2"])

    name = "WWW.example.com.default.svc.cluster.local."
    assert texts(ask(server, name, "127.0.0.2").answer)[:1] == [f"{name} 300 IN CNAME WWW.example.com."]
    assert texts(ask(server, "db.other.default.svc.cluster.local.", "127.0.0.2").answer) == [
        "db.other.default.svc.cluster.local. 5 IN CNAME db.other.svc.cluster.local.",
        "db.other.svc.cluster.local. 5 IN A 127.0.0.3",
    ]
    assert ask(server, name, "127.0.0.3").rcode() == dns.rcode.NXDOMAIN, "a pod of another namespace"
    assert ask(server, name, "127.0.0.9").rcode() == dns.rcode.NXDOMAIN, "nobody knows it"
    none = ask(server, "none.default.svc.cluster.local.", "127.0.0.2")
    assert none.rcode() == dns.rcode.NXDOMAIN
    assert none.authority[0].name.to_text() == "cluster.local."
    counted = scrape(page)
    where = f"dns://127.0.0.1:{server.port}"
    assert counted.value("coredns_autopath_success_total", server=where) == 2

    # The address goes to a pod of the other namespace.
    lab.manifests.remove("cart.yaml")
    lab.manifests.write("db.yaml", headless("db", "other"), pod("db-1", "127.0.0.2", "db", "other"))
    server.wait_for("db.other.svc.cluster.local.", ["127.0.0.2"])
    assert ask(server, name, "127.0.0.2").rcode() == dns.rcode.NXDOMAIN
    assert texts(ask(server, "www.example.com.other.svc.cluster.local.", "127.0.0.2").answer)
