"""Objects as a cluster's controllers write them: whole, with all that DNS does not need."""

from .api_store import now
from .api_wire import Shared

STRATEGY = Shared({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
TOLERATIONS = [
    Shared({"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    for key in ("not-ready", "unreachable")
]


def namespace(name, labels=None):
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, **(labels or {})}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def service_port(name, port, target=None, protocol="TCP"):
    written = {"protocol": protocol, "port": port, "targetPort": port if target is None else target}
    return {"name": name, **written} if name else written


def service(name, namespace, addresses, families, selector, ports, publish_not_ready=False, labels=None):
    """A ClusterIP Service with its addresses; a headless one where they are ["None"]."""
    spec = {
        "clusterIP": addresses[0],
        "clusterIPs": list(addresses),
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ipFamilies": list(families),
        "ipFamilyPolicy": "SingleStack" if len(families) == 1 else "RequireDualStack",
        "internalTrafficPolicy": "Cluster",
    }
    if ports:
        spec["ports"] = ports
    if selector:
        spec["selector"] = selector
    if publish_not_ready:
        spec["publishNotReadyAddresses"] = True
    metadata = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = labels
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}},
    }


def external_name(name, namespace, target):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "ExternalName", "externalName": target, "sessionAffinity": "None"},
        "status": {"loadBalancer": {}},
    }


def containers(ports, image="registry.k8s.io/nginx:1.27"):
    """A pod's containers with `ports` as (name, number)."""
    return [
        Shared({
            "name": "main",
            "image": image,
            "args": ["--config", "/etc/app/config.yaml"],
            "ports": [{"name": name, "containerPort": number, "protocol": "TCP"} for name, number in ports],
            "env": [{"name": "MODE", "value": "production"}],
            "resources": {"limits": {"memory": "128Mi"}, "requests": {"cpu": "100m", "memory": "64Mi"}},
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        })
    ]


def pod_spec(its_containers, node="", hostname="", subdomain=""):
    spec = {
        "containers": its_containers,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": TOLERATIONS,
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    for field, value in (("nodeName", node), ("hostname", hostname), ("subdomain", subdomain)):
        if value:
            spec[field] = value
    return spec


def pod(name, namespace, labels, spec, owner=None, status=None):
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    if owner:
        metadata["generateName"] = f"{owner['name']}-"
        metadata["ownerReferences"] = [owner]
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec,
        "status": status or {"phase": "Pending", "qosClass": "Burstable"},
    }


def condition(condition_type, is_true, since):
    status = "True" if is_true else "False"
    return {"type": condition_type, "status": status, "lastProbeTime": None, "lastTransitionTime": since}


def running(addresses, host_address, is_ready, since=None, conditions=None, container_statuses=None):
    """The status of a pod that has its addresses."""
    since = since or now()
    return {
        "phase": "Running",
        "conditions": conditions or [
            condition("PodScheduled", True, since), condition("Initialized", True, since),
            condition("ContainersReady", is_ready, since), condition("Ready", is_ready, since),
        ],
        "hostIP": host_address,
        "hostIPs": [{"ip": host_address}],
        "podIP": addresses[0],
        "podIPs": [{"ip": address} for address in addresses],
        "startTime": since,
        "containerStatuses": container_statuses or [
            {
                "name": "main", "state": {"running": {"startedAt": since}}, "lastState": {}, "ready": is_ready,
                "restartCount": 0, "image": "registry.k8s.io/nginx:1.27", "imageID": "sha256:0", "started": True,
                "containerID": "containerd://0",
            }
        ],
        "qosClass": "Burstable",
    }


def is_ready(obj):
    return any(found["type"] == "Ready" and found["status"] == "True" for found in obj["status"].get("conditions", ()))


def owner_reference(obj):
    return Shared({
        "apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True,
    })


def stateful_set(name, namespace, service_name, labels, replicas, ports):
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(containers(ports))},
            "serviceName": service_name,
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": STRATEGY,
            "revisionHistoryLimit": 10,
        },
        "status": {"replicas": replicas, "availableReplicas": replicas},
    }


def ordinal_labels(labels, set_name, ordinal, revision):
    return {
        **labels,
        "apps.kubernetes.io/pod-index": str(ordinal),
        "controller-revision-hash": revision,
        "statefulset.kubernetes.io/pod-name": f"{set_name}-{ordinal}",
    }


# --- EndpointSlices


def endpoint(obj, service_obj, addresses, zone):
    """What the endpointslice controller says of a pod."""
    metadata, spec = obj["metadata"], obj["spec"]
    is_serving, is_terminating = is_ready(obj), "deletionTimestamp" in metadata
    publishes = service_obj["spec"].get("publishNotReadyAddresses", False)
    written = {
        "addresses": list(addresses),
        "conditions": {
            "ready": publishes or (is_serving and not is_terminating),
            "serving": is_serving,
            "terminating": is_terminating,
        },
        "targetRef": {
            "kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"],
        },
    }
    if spec.get("hostname") and spec.get("subdomain") == service_obj["metadata"]["name"]:
        written["hostname"] = spec["hostname"]
    if spec.get("nodeName"):
        written.update(nodeName=spec["nodeName"], zone=zone)
    return Shared(written)


def endpoint_slice(name, service_obj, family, endpoints, ports):
    metadata = service_obj["metadata"]
    labels = {
        **(metadata.get("labels") or {}),
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": metadata["name"],
    }
    if service_obj["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": now()},
            "ownerReferences": [owner_reference(service_obj)],
        },
        "addressType": family,
        # Empty lists are null once they have been through etcd.
        "endpoints": endpoints or None,
        "ports": ports or None,
    }
