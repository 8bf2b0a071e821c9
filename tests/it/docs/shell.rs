//! A separate machine for the lines that a document asks its reader to type: a bash in new namespaces.
//!
//! The machine has a loopback and no other network, so that port 1337 is free, the text runs unchanged, and nothing
//! gets out; its own processes, which all end with it; and a writable `/etc`. `chatroom` is the binary under test.
//! The user who runs the tests is root there.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use support::network::namespaces;
use support::program::{CHATROOM, Folder};

/// The longest time that one command may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The script that sets the machine up. `$PLACE` is a folder of ours.
const PROLOGUE: &str = r#"
set -e
ip link set lo up
own() {
    mkdir -p "$PLACE$1"
    mount -t tmpfs tmpfs "$PLACE$1"
    # Owners that there are not here cannot be kept, and what nobody else may read is left out.
    cp -a "$1/." "$PLACE$1" 2>/dev/null || [ -s "$PLACE$1/passwd" ]
    mount --bind "$PLACE$1" "$1"
}
own /etc
# Who is mapped alone can be nobody else.
! grep -q ' 1$' /proc/self/uid_map || [ ! -e /etc/nginx/nginx.conf ] || sed -i 's/^user .*/user root;/' /etc/nginx/nginx.conf
for folder in /run /var/log /usr/local/bin /var/lib/nginx /var/lib/caddy; do
    [ ! -d $folder ] || mount -t tmpfs -o mode=755 tmpfs $folder
done
mkdir -p /var/log/nginx
[ ! -d /var/lib/nginx ] || mkdir /var/lib/nginx/body
echo '127.0.0.1 localhost chat.example.org chat2.example.org' >/etc/hosts
set +e -o pipefail -m
"#;

/// curl, for which a refusal is a failure, unless its options say otherwise or it continues a download.
const CURL: &str = r#"#!/bin/bash
for word; do
    [[ $word != --fail* && $word != -C && ! $word =~ ^-[a-zA-Z]*f$ ]] || exec /usr/bin/curl "$@"
done
exec /usr/bin/curl --fail-with-body "$@"
"#;

/// Starts and stops the proxies in place of systemd.
const SYSTEMCTL: &str = r#"#!/bin/bash
case "$*" in
    "reload nginx" | "restart nginx") nginx ;;
    "stop nginx") nginx -s stop; while [ -e /run/nginx.pid ]; do sleep .01; done ;;
    "restart caddy")
        export HOME=/var/lib/caddy XDG_DATA_HOME=/var/lib/caddy/.local/share
        caddy run --config /etc/caddy/Caddyfile >/var/log/caddy.log 2>&1 </dev/null &
        for try in {1..1000}; do
            ! grep -q 'certificate obtained successfully' /var/log/caddy.log || exit 0
            sleep .02
        done
        cat /var/log/caddy.log
        exit 1 ;;
    *) echo "systemctl $*: there is none here" >&2; exit 1 ;;
esac
"#;

/// One bash, which keeps its variables from command to command.
pub struct Shell {
    bash: Child,
    typed: Option<ChildStdin>,
    commands: usize,
    /// Its first working folder.
    pub folder: Folder,
}

/// A job that runs until it is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    number: usize,
    /// The text of the command.
    pub text: String,
}

impl Shell {
    /// A new machine; `display` is the screen that windows open on.
    pub fn start(display: Option<&str>) -> Shell {
        let folder = Folder::new();
        let inside = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(&path).expect("a folder");
            path
        };
        let (here, bin, place) = (inside("here"), inside("bin"), inside("place"));
        std::os::unix::fs::symlink(CHATROOM, bin.join("chatroom")).expect("a link");
        // The reader of a document is root here already.
        script(&bin.join("sudo"), "#!/bin/sh\nexec \"$@\"\n");
        script(&bin.join("systemctl"), SYSTEMCTL);
        script(&bin.join("curl"), CURL);
        // No progress bar is in the compared output.
        let home = inside("home");
        std::fs::write(home.join(".curlrc"), "no-progress-meter\nshow-error\n").expect("written");
        // The tests may run with signals ignored (nohup, a shell's &), which a shell passes on to its children.
        let mut command = Command::new("env");
        let new = ["--net", "--pid", "--fork", "--kill-child=KILL", "--mount"];
        let new = namespaces::unshare(&new);
        command.arg("--default-signal").arg(new.get_program());
        command.args(new.get_args());
        command.args(["--mount-proc", "bash", "--norc", "-s"]);
        command.env_clear().current_dir(&here);
        let path = format!(
            "{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            bin.display()
        );
        command.env("PATH", path).env("HOME", &home);
        command.env("TZ", "UTC").env("LANG", "C.UTF-8");
        command.env("TERM", "dumb").env("PLACE", &place);
        // A member stays present until the end of a page, however slow the test is.
        command.env("CHATROOM_GRACE", "60s");
        if let Some(name) = display {
            command.env("DISPLAY", name);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let errors = std::fs::File::create(folder.path().join("bash.err")).expect("a file");
        let mut bash = command.stderr(errors).spawn().expect("unshare runs");
        let typed = bash.stdin.take();
        let mut shell = Shell {
            bash,
            typed,
            commands: 0,
            folder,
        };
        shell.type_in(PROLOGUE);
        let (code, _) = shell.run("true");
        assert_eq!(code, 0, "{}", shell.trouble());
        shell
    }

    /// The folder in which commands run.
    pub fn here(&self) -> PathBuf {
        self.folder.path().join("here")
    }

    fn trouble(&self) -> String {
        let path = self.folder.path().join("bash.err");
        let said = std::fs::read_to_string(path).unwrap_or_default();
        format!("what the shell complained of:\n{said}")
    }

    fn type_in(&mut self, text: &str) {
        let typed = self.typed.as_mut().expect("bash is there");
        let done = typed
            .write_all(text.as_bytes())
            .and_then(|()| typed.flush());
        done.unwrap_or_else(|error| panic!("{error}: {}", self.trouble()));
    }

    fn put(&mut self, text: &str) -> (usize, PathBuf) {
        self.commands += 1;
        let file = self.folder.path().join(format!("{}", self.commands));
        std::fs::write(&file, text).expect("written");
        (self.commands, file)
    }

    /// Runs a command in the bash itself; returns its exit code and output.
    pub fn run(&mut self, text: &str) -> (i32, String) {
        let (_, file) = self.put(text);
        let name = file.display();
        self.type_in(&format!(
            ". {name} >{name}.out 2>&1 </dev/null; echo $? >{name}.rc; mv {name}.rc {name}.code\n"
        ));
        let until = Instant::now() + PATIENCE;
        loop {
            if let Ok(code) = std::fs::read_to_string(file.with_extension("code")) {
                return (code.trim().parse().unwrap_or(-1), printed(&file));
            }
            let ended = self.bash.try_wait().expect("its state");
            if ended.is_some() || Instant::now() > until {
                return (
                    -1,
                    format!(
                        "{}\nit did not come to its end; {}",
                        printed(&file),
                        self.trouble()
                    ),
                );
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// Starts a job that runs until it is stopped.
    pub fn begin(&mut self, text: &str) -> Job {
        let (number, file) = self.put(text);
        let name = file.display();
        self.type_in(&format!(
            "( . {name} ) >{name}.out 2>&1 </dev/null & job_{number}=$!\n"
        ));
        Job {
            number,
            text: text.trim().to_string(),
        }
    }

    /// The output of a job so far.
    pub fn so_far(&self, job: &Job) -> String {
        printed(&self.folder.path().join(job.number.to_string()))
    }

    /// Tells whether a job is still running.
    pub fn goes_on(&mut self, job: &Job) -> bool {
        self.run(&format!("kill -0 -- -$job_{}", job.number)).0 == 0
    }

    /// Stops it as Ctrl-C or a supervisor would, and waits for its end.
    pub fn stop(&mut self, job: &Job, signal: &str) {
        let group = format!("$job_{}", job.number);
        let (_, _) = self.run(&format!(
            "kill -{signal} -- -{group}; wait {group}; while kill -0 -- -{group}; do sleep .01; done"
        ));
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // When unshare ends, everything in its namespaces ends.
        let _ = self.bash.kill();
        let _ = self.bash.wait();
    }
}

fn printed(file: &Path) -> String {
    let bytes = std::fs::read(file.with_extension("out")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes an executable script.
pub fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("written");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("it may be run");
}
