"""An API server that has lost the cluster takes no name with it: what is held, who sees it and who lets it go."""

import dns.rcode
import pytest

from harness.api_server import ApiServer
from harness.kube_cluster import KubeCluster
from harness.waiting import wait_until

WEB_0 = "web-0.nginx.default.svc.cluster.local"
PODS = 120


@pytest.fixture
def restored(lab, tmp_path):
    """podnamed on a cluster of which the API server has lost the most, and is found out."""
    with ApiServer(bookmark_interval=0.2) as server:
        cluster = KubeCluster(server)
        cluster.create_namespace("kept")
        cluster.create_service("kept", headless=True)
        empty = server.revision
        cluster.create_service("nginx", headless=True, selector={"app": "nginx"})
        cluster.create_stateful_set("web", "nginx", replicas=PODS, labels={"app": "nginx"})
        kubeconfig = tmp_path / "kubeconfig"
        server.write_kubeconfig(kubeconfig)
        podnamed = lab.podnamed(f"kubeconfig {kubeconfig}")
        podnamed.wait_for(WEB_0, sorted(cluster.pod_addresses("web-0")))
        server.restore(empty)
        cluster.resync()
        server.cut_connections()
        podnamed.wait_for_log("HOLDING the removal of")
        yield podnamed


def test_what_an_api_server_has_lost_answers_until_a_second_list(restored):
    podnamed = restored
    assert podnamed.addresses(WEB_0) != "NXDOMAIN"
    held = podnamed.ctl_json("status")["clusters"][0]["held"]
    assert int(held["records"]) >= PODS and len(held["examples"]) == 3
    code, text = podnamed.ctl("status")
    assert code == 0 and "HELD" in text and "until a second list says the same" in text
    podnamed.wait_for(WEB_0, "NXDOMAIN", timeout=30)
    assert "a second list has said the same" in podnamed.log()
    assert "held" not in podnamed.ctl_json("status")["clusters"][0]


def test_a_person_may_release_it(restored):
    podnamed = restored
    code, text = podnamed.ctl("release")
    assert code == 0 and "released: the removal of" in text
    podnamed.wait_for(WEB_0, "NXDOMAIN", timeout=5)
    wait_until(lambda: podnamed.ctl("release") == (0, "nothing was held\n"), "nothing held")
    assert podnamed.ask(WEB_0).rcode() == dns.rcode.NXDOMAIN
