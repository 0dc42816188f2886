"""What every name of a cluster should answer, told from its Services and Pods alone, by another way than any
controller's: for a test that compares."""

from . import kube_shapes as shapes


def model(server, zone="cluster.local", all_headless=False, all_published=False):
    """{(name, type): set of rdata} with type A, AAAA or CNAME; what answers nothing is not there. What if all Services
    were headless, or had publishNotReadyAddresses?"""
    answers = {}

    def add(name, address):
        rdtype = "AAAA" if ":" in address else "A"
        answers.setdefault((f"{name}.svc.{zone}.", rdtype), set()).add(address)

    pods = server.objects("pods")
    for service in server.objects("services"):
        spec, metadata = service["spec"], service["metadata"]
        name = f"{metadata['name']}.{metadata['namespace']}"
        if spec["type"] == "ExternalName":
            answers[f"{name}.svc.{zone}.", "CNAME"] = {spec["externalName"].rstrip(".") + "."}
            continue
        is_headless = spec["clusterIP"] == "None" or all_headless
        for address in () if is_headless else spec["clusterIPs"]:
            add(name, address)
        for pod in pods:
            if not _is_listed(pod, service, all_published):
                continue
            for at in pod["status"].get("podIPs", ()):
                if ("IPv6" if ":" in at["ip"] else "IPv4") not in spec["ipFamilies"]:
                    continue
                if is_headless:
                    add(name, at["ip"])
                if pod["spec"].get("hostname") and pod["spec"].get("subdomain") == metadata["name"]:
                    add(f"{pod['spec']['hostname']}.{name}", at["ip"])
    return answers


def _is_listed(pod, service, is_published):
    selector = service["spec"].get("selector")
    labels = pod["metadata"].get("labels", {})
    if not selector or pod["metadata"]["namespace"] != service["metadata"]["namespace"]:
        return False
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    if pod["status"]["phase"] in ("Succeeded", "Failed"):
        return False
    is_up = shapes.is_ready(pod) and "deletionTimestamp" not in pod["metadata"]
    return is_up or is_published or service["spec"].get("publishNotReadyAddresses", False)
