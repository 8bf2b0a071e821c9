//! The completions, tested in the shells themselves.

use std::process::Command;

use support::program::{CHATROOM, Folder, Run};

/// The output of a shell for a script, with the binary on the path.
fn said(folder: &Folder, shell: &[&str], script: &str) -> String {
    let mut command = Command::new(shell[0]);
    folder.settle(&mut command);
    let bin = std::path::Path::new(&*CHATROOM)
        .parent()
        .expect("its folder");
    let path = format!("{}:/usr/bin:/bin", bin.display());
    command
        .args(&shell[1..])
        .arg(script)
        .env("PATH", path)
        .env("HOME", folder.path());
    Run::of(&mut command).code(0).stderr("").said()
}

fn carried(folder: &Folder, shell: &str, name: &str) {
    let run = folder.run(&["completions", shell]).code(0).stderr("");
    folder.file(name, run.output.stdout);
}

#[test]
fn bash_completes_modes_flags_values_and_files() {
    let folder = Folder::new();
    carried(&folder, "bash", "chatroom.bash");
    folder.file("evening.txt", "");
    // As bash calls it: the command, the word, the one before it.
    let complete = |words: &str, word: &str, before: &str| {
        said(
            &folder,
            &["bash", "--norc", "-c"],
            &format!(
                ". ./chatroom.bash; compopt() {{ [ $1 != +o ] || echo $@; }}; COMP_WORDS=({words} '{word}'); \
                 COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _chatroom chatroom '{word}' {before}; \
                 printf '%s\\n' \"${{COMPREPLY[@]}}\""
            ),
        )
    };
    assert_eq!(complete("chatroom", "rep", "chatroom"), "replay\n");
    assert_eq!(complete("chatroom server", "--ro", "server"), "--room\n");
    assert_eq!(
        complete("chatroom server --console", "q", "--console"),
        "quiet\n"
    );
    assert_eq!(
        complete("chatroom server --log", "eve", "--log"),
        "evening.txt\n"
    );
    assert_eq!(complete("chatroom server --room", "eve", "--room"), "eve\n");
    // Any other word there is an address, so bash must not offer files.
    let gui = complete("chatroom gui", "eve", "gui");
    assert_eq!(gui.lines().next(), Some("+o default +o bashdefault"));
    assert_eq!(complete("chatroom man", "ser", "man"), "server\nservice\n");
}

#[test]
fn bash_completion_finds_it_where_the_help_puts_it() {
    let folder = Folder::new();
    let place = folder
        .path()
        .join(".local/share/bash-completion/completions");
    std::fs::create_dir_all(&place).expect("a folder");
    let script = folder.run(&["completions", "bash"]).code(0).output.stdout;
    std::fs::write(place.join("chatroom"), script).expect("written");
    let known = said(
        &folder,
        &["bash", "--norc", "-c"],
        ". /usr/share/bash-completion/bash_completion; _completion_loader chatroom; complete -p chatroom",
    );
    assert!(known.contains("-F _chatroom"), "{known}");
}

#[test]
fn fish_completes_modes_flags_values_and_files() {
    let folder = Folder::new();
    carried(&folder, "fish", "chatroom.fish");
    folder.file("evening.txt", "");
    let complete = |line: &str| {
        let script = format!("source chatroom.fish; complete -C'{line}'");
        let said = said(&folder, &["fish", "--no-config", "-c"], &script);
        let word = |line: &str| line.split('\t').next().unwrap_or_default().to_string();
        said.lines().map(word).collect::<Vec<_>>()
    };
    assert_eq!(complete("chatroom rep"), ["replay"]);
    assert_eq!(complete("chatroom server --ro"), ["--room"]);
    assert_eq!(complete("chatroom server --console q"), ["quiet"]);
    assert_eq!(complete("chatroom server --log eve"), ["evening.txt"]);
    assert_eq!(complete("chatroom server --room eve"), [""; 0]);
    assert_eq!(complete("chatroom completions z"), ["zsh"]);
    assert_eq!(complete("chatroom gui eve"), [""; 0]);
    assert_eq!(complete("chatroom gui --key-file eve"), ["evening.txt"]);
    assert_eq!(complete("chatroom replay eve"), ["evening.txt"]);
}

#[test]
fn zsh_completes_modes_flags_values_and_files() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("functions")).expect("a folder");
    carried(&folder, "zsh", "functions/_chatroom");
    folder.file("evening.txt", "");
    said(&folder, &["zsh", "-f", "-n"], "functions/_chatroom");
    // zsh gets its own terminal, in which the key is pressed.
    let complete = |line: &str| {
        said(
            &folder,
            &["zsh", "-f", "-c"],
            &format!(
                "zmodload zsh/zpty; zpty z zsh -f -i; \
                 zpty -w z 'PS1=; fpath+=($PWD/functions); autoload -U compinit; compinit -D -u; \
                 show() {{ print -r -- \"<<$BUFFER>>\"; BUFFER=; }}; zle -N show; bindkey \"^X\" show; \
                 print rea''dy'; \
                 said=; while zpty -r z part; do said+=$part; [[ $said == *ready* ]] && break; done; \
                 zpty -w -n z '{line}'$'\\t\\x18'; \
                 said=; while zpty -r z part; do said+=$part; [[ $said == *'>>'* ]] && break; done; \
                 said=${{said%'>>'*}}; print -r -- ${{said##*'<<'}}; zpty -d z"
            ),
        )
    };
    assert_eq!(complete("chatroom rep"), "chatroom replay \n");
    assert_eq!(
        complete("chatroom server --roo"),
        "chatroom server --room=\n"
    );
    assert_eq!(
        complete("chatroom server --console q"),
        "chatroom server --console quiet \n"
    );
    assert_eq!(
        complete("chatroom server --log eve"),
        "chatroom server --log evening.txt \n"
    );
    assert_eq!(
        complete("chatroom server --room eve"),
        "chatroom server --room eve\n"
    );
    assert_eq!(complete("chatroom gui eve"), "chatroom gui eve\n");
}

#[test]
fn another_shell_is_answered_with_the_list() {
    let refused = Folder::new()
        .run(&["completions", "tcsh"])
        .code(2)
        .stdout("");
    let said = String::from_utf8_lossy(&refused.output.stderr).into_owned();
    assert!(said.contains("bash, zsh, fish"), "{said}");
}
