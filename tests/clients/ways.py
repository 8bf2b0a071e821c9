"""The ways from a client to the room: direct, and through real proxies with compression. Each proxy runs as a
child process, with its own configuration and port."""

import shutil
import socket
import subprocess
from pathlib import Path

KINDS = "text/plain text/event-stream application/x-ndjson application/json"

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    gzip on; gzip_min_length 0; gzip_proxied any;
    gzip_types {kinds};
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{room};
            {more}
        }}
    }}
}}
"""
# The configuration of docs/operating.md. Without it nginx uses HTTP/1.0, and only the room's X-Accel-Buffering
# keeps it from buffering.
DOCUMENTED = """
            proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header Connection "";
            proxy_buffering off; proxy_read_timeout 1d;
"""
# Without http-no-delay HAProxy holds each event back for 200 ms in case another follows.
HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen room
    bind 127.0.0.1:{port}
    option http-no-delay
    compression algo gzip
    compression type {kinds}
    server room 127.0.0.1:{room}
"""
CADDY = """
{{
	admin off
	auto_https off
	storage file_system {folder}
}}
http://127.0.0.1:{port} {{
	bind 127.0.0.1
	encode gzip zstd {{
		minimum_length 1
		match {{
			header Content-Type text/*
			header Content-Type application/*json*
		}}
	}}
	reverse_proxy 127.0.0.1:{room}
}}
"""
APACHE = """
ServerRoot /usr/lib/apache2
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
Mutex file:{folder} default
ErrorLog /dev/stderr
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule proxy_module modules/mod_proxy.so
LoadModule proxy_http_module modules/mod_proxy_http.so
LoadModule filter_module modules/mod_filter.so
LoadModule deflate_module modules/mod_deflate.so
{user}
AddOutputFilterByType DEFLATE {kinds}
ProxyPass / http://127.0.0.1:{room}/ flushpackets=on
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def start(way, room, folder):
    """Starts a way to the room at this port; returns its own port, and its process if there is one."""
    if way == "direct":
        return room, None
    folder = Path(folder, way)
    folder.mkdir()
    port = free_port()
    file = folder / "conf"
    as_root = "User www-data\nGroup www-data" if Path("/proc/self").stat().st_uid == 0 else ""
    text, command = {
        "nginx": (NGINX, ["nginx", "-p", folder, "-c", file]),
        "nginx-1.0": (NGINX, ["nginx", "-p", folder, "-c", file]),
        "haproxy": (HAPROXY, ["haproxy", "-q", "-db", "-f", file]),
        "caddy": (CADDY, ["caddy", "run", "--adapter", "caddyfile", "--config", file]),
        "apache": (APACHE, ["apache2", "-D", "FOREGROUND", "-f", file]),
    }[way]
    file.write_text(
        text.format(
            folder=folder,
            port=port,
            room=room,
            kinds=KINDS,
            user=as_root,
            more=DOCUMENTED if way == "nginx" else "",
        )
    )
    program = shutil.which(command[0], path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        raise SystemExit(f"{command[0]} is missing. Run: scripts/setup.sh clients")
    said = open(folder / "said", "wb")
    process = subprocess.Popen([program, *command[1:]], stdout=said, stderr=said)
    return port, process


WAYS = ["direct", "nginx", "nginx-1.0", "haproxy", "caddy", "apache"]
