//! Each server's command line and configuration: the default, but without limits against floods, logs of requests,
//! and look-ups that find nothing on one machine.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use super::Kind;
use crate::Res;

/// The arguments that make the server listen at `address` and keep its files in `folder`.
pub fn arguments(
    kind: Kind,
    address: SocketAddr,
    folder: &Path,
    console: &str,
) -> Res<Vec<String>> {
    let file = |name: &str, text: String| -> Res<String> {
        let path = folder.join(name);
        fs::write(&path, text)?;
        Ok(path.to_string_lossy().into_owned())
    };
    let port = address.port();
    let line = match kind {
        // A sender that is quiet for a while stays present, since leaving and returning would be events.
        Kind::Chatroom => format!(
            "server --listen {address} --log log.txt --history no --console {console} --max-rate 0 \
             --no-address-limits --grace 1h --sync always"
        ),
        Kind::Nats => format!("--addr 127.0.0.1 --port {port}"),
        Kind::Ngircd => format!("--nodaemon --config {}", file("ngircd.conf", ngircd(port))?),
        Kind::Nchan => {
            let prefix = folder.to_string_lossy().into_owned();
            let config = file("nginx.conf", nchan(address, &prefix))?;
            format!("-p {prefix} -c {config}")
        }
        Kind::Bare => format!("bare-loop {address}"),
    };
    Ok(line.split_whitespace().map(str::to_string).collect())
}

fn ngircd(port: u16) -> String {
    format!(
        "[Global]\nName = irc.bench.test\nInfo = bench\nListen = 127.0.0.1\nPorts = {port}\n\
         MotdPhrase = hi\n\
         [Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxPenaltyTime = 0\nMaxJoins = 0\n\
         PingTimeout = 3600\nPongTimeout = 3600\n\
         [Options]\nDNS = no\nIdent = no\nPAM = no\n"
    )
}

fn nchan(address: SocketAddr, prefix: &str) -> String {
    format!(
        "load_module /usr/lib/nginx/modules/ngx_nchan_module.so;\n\
         daemon off;\nuser root;\nworker_processes auto;\nworker_rlimit_nofile 20000;\n\
         pid {prefix}/nginx.pid;\nerror_log {prefix}/error.log;\n\
         events {{ worker_connections 20000; }}\n\
         http {{\n\
           access_log off;\n\
           client_body_temp_path {prefix}/body; proxy_temp_path {prefix}/proxy;\n\
           fastcgi_temp_path {prefix}/fastcgi; uwsgi_temp_path {prefix}/uwsgi;\n\
           scgi_temp_path {prefix}/scgi;\n\
           keepalive_requests 1000000000; keepalive_timeout 3600;\n\
           nchan_max_reserved_memory 512M;\n\
           server {{\n\
             listen {address} backlog=4096;\n\
             location = /say {{\n\
               nchan_publisher; nchan_channel_id room;\n\
               nchan_message_buffer_length 10000; nchan_message_timeout 1m;\n\
             }}\n\
             location = /listen {{\n\
               nchan_subscriber eventsource; nchan_channel_id room;\n\
               nchan_subscriber_first_message newest;\n\
             }}\n\
           }}\n\
         }}\n"
    )
}
