"""Certificates for tests, made by the openssl command: an authority, servers' and clients'."""

import os
import subprocess


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True, text=True)


class Authority:
    """Signs certificates and keeps everything in one directory."""

    def __init__(self, directory, name="authority"):
        self._directory, self._name, self._count = str(directory), name, 0
        self.certificate, self._key = self._path("ca.pem"), self._path("ca.key")
        openssl(*self._new(self._key, self.certificate, f"/CN={name}"), "-addext", "keyUsage=critical,keyCertSign")

    def _path(self, suffix):
        return os.path.join(self._directory, f"{self._name}-{suffix}")

    @staticmethod
    def _new(key, certificate, subject):
        return (
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", subject, "-keyout", key, "-out", certificate,
        )

    def issue(self, subject, *extensions):
        """The paths of a new certificate and its key."""
        self._count += 1
        certificate, key = self._path(f"{self._count}.pem"), self._path(f"{self._count}.key")
        added = [word for extension in extensions for word in ("-addext", extension)]
        openssl(
            *self._new(key, certificate, subject), "-CA", self.certificate, "-CAkey", self._key,
            "-addext", "basicConstraints=critical,CA:false", *added,
        )
        return certificate, key

    def issue_server(self, names):
        """For names such as IP:127.0.0.1 or DNS:localhost."""
        return self.issue("/CN=kube-apiserver", f"subjectAltName={','.join(names)}", "extendedKeyUsage=serverAuth")

    def issue_client(self, user):
        return self.issue(f"/CN={user}", "extendedKeyUsage=clientAuth")
