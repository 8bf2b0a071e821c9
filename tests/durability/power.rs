//! Power cuts under load: the disk loses everything that was not forced onto it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::image::{Disk, text};
use crate::ledger::chance::Chance;
use crate::ledger::check::{self, Kind};
use crate::ledger::load::{Load, Plan};
use support::program::Folder;
use support::strace;

const CUTS: usize = 50;
/// The longest life of a server.
const LIFE: Duration = Duration::from_millis(250);

fn plan() -> Plan {
    Plan {
        disk_fails: true,
        ..Plan::default()
    }
}

#[test]
fn nothing_acknowledged_or_seen_is_lost_in_fifty_power_cuts() {
    fifty_power_cuts(Disk::ext4(512));
}

#[test]
fn nothing_acknowledged_or_seen_is_lost_in_fifty_power_cuts_on_xfs() {
    fifty_power_cuts(Disk::xfs());
}

fn fifty_power_cuts(mut disk: Disk) {
    let folder = Arc::new(Folder::new());
    let mut chance = Chance::new(Chance::seed());
    let mut server = disk.serve(&folder, "127.0.0.1:0");
    let address = server.address.clone();
    let load = Load::start(&address, &plan());
    let mut longest = Duration::ZERO;
    for _ in 0..CUTS {
        // Most lives see some of the load, and some are cut off right at their start.
        if chance.happens(800) {
            load.wait_for(load.acknowledged() + 10);
        }
        // The moment of the cut is random; nothing is expected of it.
        thread::sleep(chance.time(LIFE));
        disk.cut_power(&mut server);
        disk.mount();
        let from = Instant::now();
        server = disk.serve(&folder, &address);
        longest = longest.max(from.elapsed());
    }
    load.wait_for(load.acknowledged() + 10);
    let book = load.finish(Duration::from_secs(20));
    assert!(server.stop().success());
    println!("{CUTS} power cuts: {}", book.summary());
    println!("listening again after a cut: longest {longest:.1?}");
    check::none(&std::fs::read(disk.log()).expect("the log"), &book);
    assert!(book.acknowledged() > 20 * CUTS, "{}", book.summary());
}

#[test]
fn the_check_finds_what_a_disk_that_does_not_sync_loses() {
    without_sync(|| Disk::ext4(64));
    without_sync(Disk::xfs);
}

fn without_sync(new: impl Fn() -> Disk) {
    let folder = Arc::new(Folder::new());
    let other = Folder::new();
    for attempt in 1..=5 {
        let mut disk = new();
        let log = disk.log();
        let lies = ["-e", "inject=fdatasync:retval=0"];
        let told = other.path().join("told");
        let args = ["--log", text(&log)];
        let mut server = strace::start(&folder, &told, "fdatasync", &lies, &args);
        let load = Load::start(&server.address, &plan());
        load.wait_for(200);
        disk.cut_power(&mut server);
        let book = load.end();
        disk.mount();
        let violations = check::check(&std::fs::read(disk.log()).unwrap_or_default(), &book);
        let count = |kind| violations.iter().filter(|v| v.kind == kind).count();
        let (lost, forged) = (count(Kind::Lost), count(Kind::Forged));
        println!("attempt {attempt}: {lost} acknowledged and {forged} seen are gone");
        if lost > 0 && forged > 0 {
            return;
        }
    }
    panic!("without fdatasync nothing was lost: this does not cut the power");
}

#[test]
fn a_removed_log_is_saved_for_a_power_cut_too() {
    let folder = Arc::new(Folder::new());
    for n in 0..6 {
        let mut disk = match n % 2 {
            0 => Disk::ext4(64),
            _ => Disk::xfs(),
        };
        let mut server = disk.serve(&folder, "127.0.0.1:0");
        let token = server.log_in("uthira");
        for n in 0..200 {
            assert_eq!(server.say(&token, &format!("number {n}")).status, 201);
        }
        let before = std::fs::read(disk.log()).expect("the log");
        std::fs::remove_file(disk.log()).expect("removed");
        // Nobody posts. The power is cut as soon as the server has named the copy.
        server.notices.wait_for("were saved as");
        disk.cut_power(&mut server);
        disk.mount();
        let saved = disk.path().join(format!("log.txt.saved-{}", before.len()));
        assert!(std::fs::read(&saved).expect("the copy") == before);
        std::fs::rename(saved, disk.log()).expect("put back");
        let mut server = disk.serve(&folder, "127.0.0.1:0");
        let last = server
            .get("/messages?limit=400")
            .text()
            .contains("number 199");
        assert!(last && server.stop().success());
    }
}
