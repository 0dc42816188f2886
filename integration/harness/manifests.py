"""Kubernetes objects as the text of manifests, as a person would write them."""

import os
import textwrap


def headless(name, namespace="default", selector=None, ports=(("http", 8080),), publish_not_ready=False):
    text = f"""
    apiVersion: v1
    kind: Service
    metadata: {{name: {name}, namespace: {namespace}}}
    spec:
      clusterIP: None
      selector: {{app: {selector or name}}}
      publishNotReadyAddresses: {str(publish_not_ready).lower()}
      ports:
    """
    lines = textwrap.dedent(text).strip().splitlines()
    lines += [f"  - {{name: {port}, port: {number}}}" for port, number in ports]
    return "\n".join(lines) + "\n"


def cluster_ip(name, address, namespace="default", port=80):
    return textwrap.dedent(f"""\
    apiVersion: v1
    kind: Service
    metadata: {{name: {name}, namespace: {namespace}}}
    spec:
      clusterIP: {address}
      clusterIPs: [{address}]
      ports:
      - {{name: http, port: {port}}}
    """)


def pod(name, address, service, namespace="default", app=None, ready=True, uid="", extra_addresses=()):
    """A pod as its StatefulSet makes it: hostname and subdomain are set."""
    addresses = ", ".join(f"{{ip: '{ip}'}}" for ip in (address, *extra_addresses))
    return textwrap.dedent(f"""\
    apiVersion: v1
    kind: Pod
    metadata:
      name: {name}
      namespace: {namespace}
      uid: "{uid or name + '-' + address}"
      labels: {{app: {app or service}}}
    spec:
      hostname: {name}
      subdomain: {service}
      containers:
      - name: main
        ports: [{{name: http, containerPort: 8080}}]
    status:
      phase: Running
      podIP: "{address}"
      podIPs: [{addresses}]
      conditions:
      - {{type: Ready, status: "{ready}"}}
    """)


def endpoint_slices(service, count, namespace="default", port=8080):
    """The slices of a headless Service with endpoints SERVICE-0 at 10.0.0.0, SERVICE-1 at 10.0.0.1 and so on, 250 to
    an octet, 1000 to a slice as Kubernetes allows."""
    for start in range(0, count, 1000):
        yield textwrap.dedent(f"""\
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {{name: {service}-{start}, namespace: {namespace}, labels: {{kubernetes.io/service-name: {service}}}}}
        addressType: IPv4
        ports: [{{name: http, port: {port}}}]
        endpoints:
        """) + "".join(
            f"- {{addresses: [10.0.{i // 250}.{i % 250}], hostname: {service}-{i}, "
            f"targetRef: {{kind: Pod, name: {service}-{i}}}}}\n"
            for i in range(start, min(start + 1000, count))
        )


class Directory:
    """A directory of manifests. Files appear whole, as an editor or kubectl would put them there."""

    def __init__(self, path):
        self.path = str(path)

    def write(self, name, *objects):
        target = os.path.join(self.path, name)
        temporary = os.path.join(self.path, f".{name}.tmp")
        with open(temporary, "w", encoding="utf-8") as file:
            file.write("---\n".join(objects))
        os.rename(temporary, target)

    def remove(self, name):
        os.unlink(os.path.join(self.path, name))
