"""config/kubernetes: what an operator applies builds, is what the programs know, and gives no more rights than it says.

The kubectl is the one that is there: Debian 12's 1.20 and current ones read the same files."""

import os
import re
import shlex
import subprocess
import urllib.error
import urllib.request

import dns.reversename
import pytest
import yaml
from conftest import free_port
from harness.api_server import ApiServer
from harness.manifests import cluster_ip
from harness.programs import BINARIES, ROOT
from harness.waiting import wait_until

MANIFESTS = os.path.join(ROOT, "config", "kubernetes")
KUSTOMIZATIONS = sorted(
    os.path.relpath(directory, MANIFESTS) for directory, _, files in os.walk(MANIFESTS) if "kustomization.yaml" in files
)
VARIANTS = ("podnamed", "sidecar")
COMPLETE = (*VARIANTS, "example")  # what can be applied to a cluster and then serves
NODE_LOCAL = "node-local"  # as well; what it is stands in test_node_local.py

READ = {"list", "watch"}
RIGHTS = {("", "services"), ("", "namespaces"), ("discovery.k8s.io", "endpointslices")}
MORE_RIGHTS = {
    "rights/pods": {("", "pods")},
    "rights/serviceimports": {("multicluster.x-k8s.io", "serviceimports")},
}
CLUSTER_SCOPED = ("ClusterRole", "ClusterRoleBinding")
COREDNS_LABELS = {"k8s-app": "kube-dns"}  # all that kubeadm's CoreDNS pods have
IMAGE_USER = 65532
PROGRAM_OF_IMAGE = "/podnamed"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
STOP_GRACE = 5  # seconds that podnamed gives to what has arrived
NAME, ADDRESS = "kubernetes.default.svc.cluster.local", "10.96.0.1"
OUTSIDE = ("www.example.com", "192.0.2.1")


def kubectl(*words, home):
    """A kubectl that knows of no cluster but the one it is told."""
    environment = {**os.environ, "HOME": str(home), "KUBECONFIG": os.path.join(str(home), "none")}
    done = subprocess.run(
        ["kubectl", *words], capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The objects of each kustomization."""
    home = tmp_path_factory.mktemp("home")
    texts = {name: kubectl("kustomize", os.path.join(MANIFESTS, name), home=home) for name in KUSTOMIZATIONS}
    return {name: [found for found in yaml.safe_load_all(text) if found] for name, text in texts.items()}


def of_kind(objects, kind):
    return [found for found in objects if found["kind"] == kind]


def the(objects, kind):
    (found,) = of_kind(objects, kind)
    return found


def pod_of(objects):
    return the(objects, "Deployment")["spec"]["template"]


def containers_of(objects):
    return {container["name"]: container for container in pod_of(objects)["spec"]["containers"]}


def corefile_of(objects):
    return the(objects, "ConfigMap")["data"]["Corefile"]


def program_of(container):
    return os.path.join(BINARIES, os.path.basename(container.get("command", [PROGRAM_OF_IMAGE])[0]))


def output_of(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=20).stdout


def selects(selector, labels):
    return selector.items() <= labels.items()


# --- as files


def test_these_are_all_of_them():
    assert KUSTOMIZATIONS == sorted(("base", *COMPLETE, NODE_LOCAL, *MORE_RIGHTS))


@pytest.mark.parametrize("name", KUSTOMIZATIONS)
def test_every_object_stands_once_and_in_its_place(built, name):
    objects = built[name]
    assert objects
    keys = [(found["apiVersion"], found["kind"], found["metadata"]["name"]) for found in objects]
    assert len(keys) == len(set(keys))
    for found in objects:
        expected = None if found["kind"] in CLUSTER_SCOPED else "kube-system"
        assert found["metadata"].get("namespace") == expected, found


@pytest.mark.parametrize("name", KUSTOMIZATIONS)
def test_kubectl_would_apply_it(name, tmp_path):
    # Without validation: it would need the schema of every kind from the API server.
    with ApiServer(is_tls=False) as server:
        said = kubectl(
            "--server", server.url, "apply", "--dry-run=client", "--validate=false", "-k", os.path.join(MANIFESTS, name),
            home=tmp_path,
        )
    lines = said.splitlines()
    assert lines and all(line.endswith("created (dry run)") for line in lines), said


# --- rights


def rights_of(objects):
    rules = [rule for role in of_kind(objects, "ClusterRole") for rule in role["rules"]]
    for rule in rules:
        assert set(rule) == {"apiGroups", "resources", "verbs"} and set(rule["verbs"]) == READ
    pairs = [(group, resource) for rule in rules for group in rule["apiGroups"] for resource in rule["resources"]]
    assert len(pairs) == len(set(pairs))
    return set(pairs)


@pytest.mark.parametrize("name", KUSTOMIZATIONS)
def test_rights_are_these_and_no_other(built, name):
    assert rights_of(built[name]) == (set() if name == NODE_LOCAL else MORE_RIGHTS.get(name, RIGHTS))
    kinds = {found["kind"] for found in built[name]}
    assert not kinds & {"Role", "RoleBinding", "Secret"}


@pytest.mark.parametrize("name", [name for name in KUSTOMIZATIONS if name != NODE_LOCAL])
def test_rights_are_given_to_podnamed_alone(built, name):
    (role,), (binding,) = of_kind(built[name], "ClusterRole"), of_kind(built[name], "ClusterRoleBinding")
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role["metadata"]["name"]
    }
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "podnamed", "namespace": "kube-system"}]


def test_further_rights_stand_beside_those_of_the_base(built):
    names = [role["metadata"]["name"] for name in ("base", *MORE_RIGHTS) for role in of_kind(built[name], "ClusterRole")]
    assert len(names) == len(set(names))


def token_mounts(objects):
    """The containers in which a token is, as the kubelet will see to it."""
    pod = pod_of(objects)["spec"]
    if pod["automountServiceAccountToken"]:
        return set(containers_of(objects))
    tokens = {
        volume["name"]
        for volume in pod["volumes"]
        if any("serviceAccountToken" in source for source in volume.get("projected", {}).get("sources", ()))
    }
    return {
        name
        for name, container in containers_of(objects).items()
        if any(mount["name"] in tokens for mount in container["volumeMounts"])
    }


def test_only_who_asks_the_api_server_has_a_token(built):
    assert token_mounts(built["base"]) == set()
    assert token_mounts(built["podnamed"]) == {"podnamed"}
    assert token_mounts(built["sidecar"]) == {"controller"}
    for name in ("base", *COMPLETE):
        assert the(built[name], "ServiceAccount")["automountServiceAccountToken"] is False
        assert pod_of(built[name])["spec"]["serviceAccountName"] == "podnamed"


def test_the_sidecars_token_is_what_a_kubelet_mounts_by_itself(built):
    pod = pod_of(built["sidecar"])["spec"]
    (mount,) = [m for m in containers_of(built["sidecar"])["controller"]["volumeMounts"] if m["mountPath"] == TOKEN_PATH]
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == mount["name"]]
    token, authority, namespace = volume["projected"]["sources"]
    assert token["serviceAccountToken"]["path"] == "token"
    assert authority["configMap"] == {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    assert namespace["downwardAPI"]["items"][0]["path"] == "namespace"
    assert not pod.get("shareProcessNamespace"), "it would show the token below /proc"


@pytest.mark.parametrize("name", COMPLETE)
def test_containers_have_one_capability_at_most_and_nothing_to_write_on(built, name):
    pod = pod_of(built[name])["spec"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": IMAGE_USER, "runAsGroup": IMAGE_USER, "seccompProfile": {"type": "RuntimeDefault"}
    }
    for container in containers_of(built[name]).values():
        capabilities = {"drop": ["ALL"]}
        if program_of(container).endswith("/podnamed"):
            capabilities["add"] = ["NET_BIND_SERVICE"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": capabilities
        }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert all(set(volume) & {"configMap", "emptyDir", "projected"} for volume in pod["volumes"])


def test_the_user_is_the_images():
    with open(os.path.join(ROOT, "Dockerfile"), encoding="utf-8") as file:
        dockerfile = file.read()
    assert f"USER {IMAGE_USER}:{IMAGE_USER}" in dockerfile
    assert f'ENTRYPOINT ["{PROGRAM_OF_IMAGE}"]' in dockerfile


# --- parts that must agree


@pytest.mark.parametrize("name", COMPLETE)
def test_selectors_find_podnameds_pods(built, name):
    objects = built[name]
    labels = pod_of(objects)["metadata"]["labels"]
    deployment = the(objects, "Deployment")["spec"]["selector"]["matchLabels"]
    budget = the(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
    service = the(objects, "Service")["spec"]["selector"]
    for selector in (deployment, budget, service):
        assert selects(selector, labels)
    for constraint in pod_of(objects)["spec"]["topologySpreadConstraints"]:
        assert selects(constraint["labelSelector"]["matchLabels"], labels)
    # CoreDNS's pods stand behind the same Service while both run, and are in no other way podnamed's.
    assert selects(service, COREDNS_LABELS)
    assert not selects(deployment, COREDNS_LABELS) and not selects(budget, COREDNS_LABELS)


@pytest.mark.parametrize("name", COMPLETE)
def test_kubeadm_finds_one_deployment_of_coredns(built, name):
    assert not selects(COREDNS_LABELS, the(built[name], "Deployment")["metadata"]["labels"])


@pytest.mark.parametrize("name", COMPLETE)
def test_the_service_is_the_one_that_everybody_knows(built, name):
    service = the(built[name], "Service")
    assert service["metadata"]["name"] == "kube-dns"
    assert service["metadata"]["labels"] == {
        "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"
    }
    ports = {(port["name"], port["protocol"], port["port"]) for port in service["spec"]["ports"]}
    assert ports == {("dns", "UDP", 53), ("dns-tcp", "TCP", 53), ("metrics", "TCP", 9153)}
    offered = {(port["protocol"], port["containerPort"]) for port in containers_of(built[name])["podnamed"]["ports"]}
    assert {(port["protocol"], port["targetPort"]) for port in service["spec"]["ports"]} <= offered
    assert service["metadata"]["annotations"]["prometheus.io/port"] == "9153"


def test_an_overlay_has_its_own_address_and_registry(built):
    assert the(built["podnamed"], "Service")["spec"]["clusterIP"] == "10.96.0.10"
    assert the(built["example"], "Service")["spec"]["clusterIP"] == "10.43.0.10"
    assert all(c["image"].startswith("registry.example/podnamed:") for c in containers_of(built["example"]).values())


@pytest.mark.parametrize("name", COMPLETE)
def test_probes_ask_the_ports_that_the_corefile_opens(built, name):
    container = containers_of(built[name])["podnamed"]
    ports = {port["name"]: (port["protocol"], port["containerPort"]) for port in container["ports"]}
    assert len(ports) == len(container["ports"])
    corefile = corefile_of(built[name])
    opened = {"dns": ("UDP", 53), "dns-tcp": ("TCP", 53)}
    assert re.search(r"^\.:53 \{$", corefile, re.MULTILINE)
    for word, default in (("health", 8080), ("ready", 8181)):
        assert re.search(rf"^    {word}( \{{)?$", corefile, re.MULTILINE), "no address: CoreDNS's default port"
        opened[word] = ("TCP", default)
    opened["metrics"] = ("TCP", int(re.search(r"^    prometheus :(\d+)$", corefile, re.MULTILINE)[1]))
    assert ports == opened
    asked = {probe: container[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert asked == {
        "startupProbe": {"path": "/health", "port": "health"},
        "livenessProbe": {"path": "/health", "port": "health"},
        "readinessProbe": {"path": "/ready", "port": "ready"},
    }


@pytest.mark.parametrize("name", COMPLETE)
def test_a_stop_has_the_time_it_takes(built, name):
    lameduck = int(re.search(r"lameduck (\d+)s", corefile_of(built[name]))[1])
    assert pod_of(built[name])["spec"]["terminationGracePeriodSeconds"] > lameduck + STOP_GRACE


@pytest.mark.parametrize("name", COMPLETE)
def test_mounts_have_volumes_and_volumes_have_their_objects(built, name):
    objects = built[name]
    volumes = {volume["name"]: volume for volume in pod_of(objects)["spec"]["volumes"]}
    for container in containers_of(objects).values():
        assert {mount["name"] for mount in container["volumeMounts"]} <= set(volumes)
    mounts = {mount["name"]: mount["mountPath"] for mount in containers_of(objects)["podnamed"]["volumeMounts"]}
    assert volumes["config"]["configMap"]["name"] == the(objects, "ConfigMap")["metadata"]["name"]
    assert containers_of(objects)["podnamed"]["args"] == ["-conf", f"{mounts['config']}/Corefile"]
    assert volumes["config"]["configMap"]["items"] == [{"key": "Corefile", "path": "Corefile"}]
    # podnamectl looks here, and so does podnamed, without being told.
    assert mounts["sockets"] == "/run/podnamed"


def test_the_sidecar_listens_where_podnamed_dials(built):
    objects = built["sidecar"]
    feed = re.search(r"^ +feed (\S+)$", corefile_of(objects), re.MULTILINE)[1]
    controller = containers_of(objects)["controller"]
    assert controller["args"] == ["-kubernetes", "-listen", feed]
    sockets = {mount["name"]: mount["mountPath"] for mount in controller["volumeMounts"]}["sockets"]
    assert feed.startswith(f"unix://{sockets}/")
    images = {container["image"] for container in containers_of(objects).values()}
    assert len(images) == 1


def test_the_corefiles_differ_in_the_source_alone(built):
    def said(name):
        return [line for line in corefile_of(built[name]).splitlines() if not line.lstrip().startswith("#")]

    assert [line for line in said("sidecar") if not line.lstrip().startswith("feed ")] == said("podnamed")


# --- what the programs say of it


@pytest.mark.parametrize("name", COMPLETE)
def test_the_programs_know_these_flags(built, name):
    for container in containers_of(built[name]).values():
        known = set(re.findall(r"^ +--(\S+)", output_of(program_of(container), "-help"), re.MULTILINE))
        used = {word.removeprefix("-") for word in container["args"] if word.startswith("-")}
        assert used <= known, f"{container['name']} knows no {used - known}"


def test_the_images_tag_is_the_programs_version(built):
    for name in COMPLETE:
        for container in containers_of(built[name]).values():
            program = program_of(container)
            version = output_of(program, "-version").strip().removeprefix(os.path.basename(program) + "-")
            assert container["image"].endswith(f"podnamed:{version}")


class Ports:
    """Free ports in the place of those that a container has to itself."""

    def __init__(self):
        self.dns, self.health, self.ready, self.metrics, self.upstream = (free_port() for _ in range(5))

    def put_into(self, corefile):
        for pattern, ours in (
            (r"^\.:53 \{$", f".:{self.dns} {{\n    bind 127.0.0.1"),
            (r"^    health \{$", f"    health 127.0.0.1:{self.health} {{"),
            (r"^    ready$", f"    ready 127.0.0.1:{self.ready}"),
            (r"^    prometheus :9153$", f"    prometheus 127.0.0.1:{self.metrics}"),
            (r"lameduck 5s", "lameduck 100ms"),
            (r"/etc/resolv\.conf", f"127.0.0.1:{self.upstream}"),
        ):
            corefile, count = re.subn(pattern, ours, corefile, flags=re.MULTILINE)
            assert count == 1, f"{pattern} stands {count} times in\n{corefile}"
        return corefile


def http_get(port, path):
    """The status and the body; None while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return None


@pytest.mark.parametrize("name", VARIANTS)
def test_podnamed_serves_by_the_corefile(built, lab, name):
    """All of it but where the state comes from, and whom it asks for the rest: a controller of manifests takes the place of
    the API server's, and another podnamed that of the node's name server."""
    ports = Ports()
    corefile = ports.put_into(corefile_of(built[name]))
    without_source = re.sub(r"^ +feed .*\n", "", corefile, flags=re.MULTILINE)
    head = re.search(r"^ +kubernetes .*\{\n", without_source, re.MULTILINE)
    corefile = without_source[: head.end()] + f"        {lab.feed_source()}\n" + without_source[head.end() :]
    upstream = f".:{ports.upstream} {{\n    bind 127.0.0.1\n    hosts /dev/null {{\n        {OUTSIDE[1]} {OUTSIDE[0]}\n    }}\n}}\n"
    lab.serve(upstream, ports.upstream, name="upstream").wait_for_log("is serving")
    server = lab.serve(corefile, ports.dns)
    server.wait_for_log("is serving")
    wait_until(lambda: http_get(ports.health, "/health") == (200, "OK"), "/health")
    assert http_get(ports.ready, "/ready")[0] == 503, "it knows nothing of the cluster yet"
    lab.manifests.write("kubernetes.yaml", cluster_ip("kubernetes", ADDRESS))
    lab.controller()
    wait_until(lambda: http_get(ports.ready, "/ready") == (200, "OK"), "/ready")
    assert server.addresses(NAME) == [ADDRESS]
    assert server.ask(NAME).answer[0].ttl == 30
    assert server.addresses("10-1-2-3.default.pod.cluster.local") == ["10.1.2.3"]
    assert server.addresses(OUTSIDE[0]) == [OUTSIDE[1]]
    assert server.addresses(dns.reversename.from_address(OUTSIDE[1]), "PTR") == [f"{OUTSIDE[0]}."]
    assert "coredns_build_info" in http_get(ports.metrics, "/metrics")[1]
    assert server.stop() == 0


def test_without_a_source_the_cluster_is_the_source(built, lab):
    """Out of a cluster, as here, podnamed says what is missing: it is the cluster, not a word of the Corefile."""
    server = lab.serve(Ports().put_into(corefile_of(built["podnamed"])), 0)
    server.wait_for_log("KUBERNETES_SERVICE_HOST")


# --- the pages


@pytest.mark.parametrize("page", ("config/kubernetes/README.md", "docs/replacing-coredns.md"))
def test_a_pages_commands_name_what_there_is(built, page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        commands = [shlex.split(line) for line in file if line.startswith("kubectl ")]
    assert len(commands) >= 8
    for words in commands:
        if "-k" in words:
            assert os.path.relpath(words[words.index("-k") + 1], "config/kubernetes") in (*COMPLETE, NODE_LOCAL)
        else:
            assert words[1:3] == ["-n", "kube-system"]
        if "--" in words:
            program, verb = words[words.index("--") + 1 :][:2]
            assert verb in output_of(os.path.join(BINARIES, program.removeprefix("/")), "-help")
        for word in words:
            if word.startswith("deployment/"):
                assert word.removeprefix("deployment/") in ("coredns", the(built["base"], "Deployment")["metadata"]["name"])
