"""A private certificate authority, another one that signed nothing, and a server certificate of the first, by openssl."""

import ssl
import subprocess

CONFIG = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
"""
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def certificates(folder):
    """Paths of PEM files: ca, other, key, certificate. For localhost and 127.0.0.1."""
    folder.mkdir()
    config = folder / "openssl.cnf"
    config.write_text(CONFIG)
    files = {name: str(folder / f"{name}.pem") for name in ("ca", "other", "key", "certificate", "request")}

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl("req", "-x509", *NEW_KEY, "-config", str(config), "-extensions", "ca", "-days", "2",
                "-subj", f"/CN=Test authority {name}", "-keyout", str(folder / f"{name}.key"), "-out", files[name])
    openssl("req", *NEW_KEY, "-config", str(config), "-subj", "/CN=localhost", "-keyout", files["key"], "-out", files["request"])
    openssl("x509", "-req", "-in", files["request"], "-CA", files["ca"], "-CAkey", str(folder / "ca.key"), "-CAcreateserial",
            "-days", "2", "-extfile", str(config), "-extensions", "server", "-out", files["certificate"])
    return files


def server_context(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["certificate"], files["key"])
    return context
