"""What a pod finds of its service account."""

import os
import shutil

DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"


class ServiceAccount:
    """The directory as the kubelet keeps it: links to a hidden directory that is replaced as a whole."""

    def __init__(self, path):
        self.path, self._count = str(path), 0
        os.makedirs(self.path)

    def write(self, token, ca_path):
        self._count += 1
        data = f"..{self._count}"
        os.mkdir(self._at(data))
        shutil.copy(ca_path, self._at(data, "ca.crt"))
        for name, text in (("token", token), ("namespace", "kube-system")):
            with open(self._at(data, name), "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(self._at(data, name), 0o644)
        os.symlink(data, self._at("..data_tmp"))
        os.rename(self._at("..data_tmp"), self._at("..data"))
        for name in ("token", "namespace", "ca.crt"):
            if not os.path.islink(self._at(name)):
                os.symlink(f"..data/{name}", self._at(name))

    def _at(self, *words):
        return os.path.join(self.path, *words)
