"""How podnamed gets at the API server as a pod of the cluster, and what happens when what it shows there is renewed
under its feet: the kubelet changes a token every hour, and an operator certificates and authorities once in years."""

import os
import re
import shutil

import pytest

from harness.kube_lab import KubeLab, follows, full
from harness.name_watch import NameWatch
from harness.netns import can_make_namespaces
from harness.service_account import DIRECTORY, ServiceAccount
from harness.waiting import wait_until

WEB_0 = full("web-0.nginx")
# In a mount namespace of its own, so that nobody else sees the directory.
ENTER = f"""
set -e
mount -t tmpfs tmpfs "$(readlink -f /var/run)"
mkdir -p {DIRECTORY}
mount --bind "$SERVICE_ACCOUNT" {DIRECTORY}
exec "$@"
"""


@pytest.fixture
def kube(lab):
    laboratory = KubeLab(lab, tokens={"first": "system:serviceaccount:kube-system:podnamed"})
    laboratory.nginx(replicas=2)
    yield laboratory
    laboratory.close()


@pytest.fixture
def account(kube):
    made = ServiceAccount(kube.lab.directory / "serviceaccount")
    made.write("first", kube.api.ca_path)
    return made


@pytest.fixture
def server(kube, account):
    """podnamed in a pod, whose Corefile names no source at all."""
    if not can_make_namespaces() or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare to stand in for a pod's file system")
    environment = (
        f"KUBERNETES_SERVICE_HOST={kube.api.host}", f"KUBERNETES_SERVICE_PORT={kube.api.port}",
        f"SERVICE_ACCOUNT={account.path}",
    )
    prefix = ("env", *environment, "unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh")
    running = kube.embedded(source="ttl 5", prefix=prefix)
    running.wait_for(WEB_0, kube.addresses("web-0"))
    return running


def test_in_a_pod(kube, server):
    kube.cluster.move_pod("web-0")
    follows(server, "web-0.nginx", kube.addresses("web-0"))
    assert {request.user for request in kube.api.requests} == {"system:serviceaccount:kube-system:podnamed"}


def test_a_token_is_renewed_in_time(kube, server, account):
    """As every hour: the new one is there before the old one ends, and nobody notices."""
    with NameWatch(server, WEB_0) as watch:
        account.write("second", kube.api.ca_path)
        kube.api.tokens = {"second": "system:serviceaccount:kube-system:podnamed"}
        kube.api.cut_connections()
        kube.cluster.move_pod("web-1")
        server.wait_for(full("web-1.nginx"), kube.addresses("web-1"))
    assert watch.of(WEB_0) == [kube.addresses("web-0")]
    assert "(401 " not in server.log()  # a port may have these digits


def test_a_token_is_renewed_late(kube, server, account):
    """What is known is answered on, the log says what to do, and nothing is to be restarted once it is done."""
    with NameWatch(server, WEB_0) as watch:
        kube.api.tokens = {"second": "system:serviceaccount:kube-system:podnamed"}
        kube.api.cut_connections()
        server.wait_for_log(r"services: API server \S+ does not accept our credentials \(401 .*renew the token")
        kube.cluster.move_pod("web-1")
        watch.see()
        account.write("second", kube.api.ca_path)
        server.wait_for(full("web-1.nginx"), kube.addresses("web-1"))
    assert watch.of(WEB_0) == [kube.addresses("web-0")]
    wait_until(lambda: len(re.findall("following API server .* again", server.log())) == 3, "three kinds go on")


def test_a_certificate_is_renewed(kube, server):
    """By the same authority: the server's business alone."""
    kube.api.change_certificate()
    kube.api.cut_connections()
    kube.cluster.move_pod("web-0")
    server.wait_for(WEB_0, kube.addresses("web-0"))
    assert "not trusted" not in server.log()


def test_an_authority_is_replaced(kube, server, account):
    """The server's certificate is by a new authority before the kubelet has brought that to the pod."""
    before = kube.addresses("web-0")
    kube.api.change_certificate(is_new_authority=True)
    kube.api.cut_connections()
    server.wait_for_log(rf"services: API server \S+ its certificate is not trusted by {DIRECTORY}/ca.crt: ")
    kube.cluster.move_pod("web-0")
    assert server.addresses(WEB_0) == before, "what is known stays"
    account.write("first", kube.api.ca_path)
    server.wait_for(WEB_0, kube.addresses("web-0"))


def test_a_certificate_for_another_name(kube, server):
    kube.api.change_certificate(names=("DNS:elsewhere.example",))
    kube.api.cut_connections()
    server.wait_for_log(r"its certificate is not for 127\.0\.0\.1: reach it by a name that the certificate has")
    assert server.addresses(WEB_0) == kube.addresses("web-0")


def test_a_token_that_cannot_be_read(kube, server, account):
    """A directory that comes too late, or went: the file is named."""
    os.rename(account.path + "/..data", account.path + "/..gone")
    kube.api.cut_connections()
    server.wait_for_log(rf"services: {DIRECTORY}/ca.crt: cannot be read: No such file or directory")
    os.rename(account.path + "/..gone", account.path + "/..data")
    kube.cluster.move_pod("web-0")
    server.wait_for(WEB_0, kube.addresses("web-0"))
