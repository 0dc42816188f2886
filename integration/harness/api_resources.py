"""The resources that the API server for tests knows: their paths, kinds and messages, and what discovery says of them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Resource:
    plural: str
    kind: str
    group: str = ""
    version: str = "v1"
    is_namespaced: bool = True
    short_names: tuple = ()
    # Of harness/kube_objects.proto; none: JSON is all that there is, as for custom resources.
    message: str = ""
    is_custom: bool = False
    # What metadata.generation counts the changes of.
    desired: tuple = ()
    # Selectable beside metadata.name and metadata.namespace.
    fields: tuple = ()
    # What a bookmark's object has beside its metadata: the zero value of its Go type, in JSON.
    empty: dict = dataclasses.field(default_factory=dict, hash=False)

    @property
    def api_version(self):
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self):
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


RESOURCES = (
    Resource(
        "namespaces", "Namespace", is_namespaced=False, short_names=("ns",), message="Namespace",
        fields=("status.phase",), empty={"spec": {}, "status": {}},
    ),
    Resource(
        "services", "Service", short_names=("svc",), message="Service", fields=("spec.clusterIP", "spec.type"),
        empty={"spec": {}, "status": {"loadBalancer": {}}},
    ),
    Resource(
        "pods", "Pod", short_names=("po",), message="Pod",
        fields=(
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
            "status.podIP", "status.nominatedNodeName",
        ),
        empty={"spec": {"containers": None}, "status": {}},
    ),
    Resource(
        "endpointslices", "EndpointSlice", "discovery.k8s.io", message="EndpointSlice",
        desired=("addressType", "endpoints", "ports"), empty={"addressType": "", "endpoints": None, "ports": None},
    ),
    Resource(
        "statefulsets", "StatefulSet", "apps", short_names=("sts",), message="StatefulSet", desired=("spec",),
        empty={"spec": {"selector": None, "template": {"metadata": {}, "spec": {"containers": None}}}, "status": {}},
    ),
    Resource(
        "serviceimports", "ServiceImport", "multicluster.x-k8s.io", "v1alpha1", short_names=("svcim",), is_custom=True,
        desired=("spec",),
    ),
    # What podnamed's own deployment is made of, so that kubectl finds its way.
    Resource("configmaps", "ConfigMap", short_names=("cm",)),
    Resource("serviceaccounts", "ServiceAccount", short_names=("sa",)),
    Resource("deployments", "Deployment", "apps", short_names=("deploy",), desired=("spec",)),
    Resource("daemonsets", "DaemonSet", "apps", short_names=("ds",), desired=("spec",)),
    Resource("clusterroles", "ClusterRole", "rbac.authorization.k8s.io", is_namespaced=False),
    Resource("clusterrolebindings", "ClusterRoleBinding", "rbac.authorization.k8s.io", is_namespaced=False),
    Resource("roles", "Role", "rbac.authorization.k8s.io"),
    Resource("rolebindings", "RoleBinding", "rbac.authorization.k8s.io"),
    Resource("poddisruptionbudgets", "PodDisruptionBudget", "policy", short_names=("pdb",), desired=("spec",)),
)

BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}
BY_PATH = {(resource.path, resource.plural): resource for resource in RESOURCES}


def resource_named(name):
    """By plural or kind, as test code says it."""
    for resource in RESOURCES:
        if name in (resource.plural, resource.kind):
            return resource
    raise KeyError(f"no resource {name}")


def resource_of(obj):
    try:
        return BY_KIND[obj["apiVersion"], obj["kind"]]
    except KeyError as error:
        raise KeyError(f"no resource for {obj.get('apiVersion')} {obj.get('kind')}") from error


def key_of(resource, namespace, name):
    """Under which an object is kept: its path within its collection."""
    return f"{namespace}/{name}" if resource.is_namespaced else name


@dataclasses.dataclass
class Target:
    """What a path means: a resource, in a namespace or in all, and perhaps one object."""

    resource: Resource
    namespace: str = ""
    name: str = ""


def parse_path(path):
    """The Target of a path; None where there is no such resource."""
    words = path.strip("/").split("/")
    depth = 2 if words[0] == "api" else 3
    base, rest = "/" + "/".join(words[:depth]), words[depth:]
    if len(rest) >= 3 and rest[0] == "namespaces":
        resource = BY_PATH.get((base, rest[2]))
        if resource is None or not resource.is_namespaced or len(rest) > 4:
            return None
        return Target(resource, rest[1], rest[3] if len(rest) == 4 else "")
    resource = BY_PATH.get((base, rest[0])) if rest else None
    if resource is None or len(rest) > 2 or (len(rest) == 2 and resource.is_namespaced):
        return None
    return Target(resource, "", rest[1] if len(rest) == 2 else "")


VERSION = {
    "major": "1", "minor": "30", "gitVersion": "v1.30.0", "gitCommit": "", "gitTreeState": "clean", "buildDate": "",
    "goVersion": "", "compiler": "gc", "platform": "linux/amd64",
}


def discovery(path, address):
    """The document at a path of discovery; None where there is none."""
    path = path.rstrip("/")
    if path == "/version":
        return VERSION
    if path == "/api":
        server = {"clientCIDR": "0.0.0.0/0", "serverAddress": address}
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [server]}
    groups = {}
    for resource in RESOURCES:
        if resource.group:
            versions = groups.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*group) for group in groups.items()]}
    if path.startswith("/apis/") and path[len("/apis/"):] in groups:
        group = path[len("/apis/"):]
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, groups[group])}
    found = [resource for resource in RESOURCES if resource.path == path]
    if not found:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": found[0].api_version,
        "resources": [
            {
                "name": resource.plural,
                "singularName": resource.kind.lower(),
                "namespaced": resource.is_namespaced,
                "kind": resource.kind,
                "verbs": ["get", "list", "watch"],
                "shortNames": list(resource.short_names),
            }
            for resource in found
        ],
    }


def _group(group, versions):
    named = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": named, "preferredVersion": named[0]}
