//! `chatroom gui`: the room in a window.
//!
//! The main thread owns the widgets and the model and never waits for the network; the link's
//! thread owns the socket and never touches a widget. They exchange values ([`talk`]).
//!
//! In reading order: [`talk`], [`model`], [`link`], then [`window`] and [`transcript`], which are
//! the only ones that know FLTK.

pub mod address;
pub mod badge;
pub mod commands;
pub mod complete;
pub mod display;
pub mod files;
pub mod history;
pub mod kept;
pub mod layout;
pub mod limits;
pub mod lines;
pub mod link;
pub mod model;
pub mod notify;
pub mod recall;
pub mod settings;
pub mod talk;
pub mod transcript;
pub mod view;
pub mod window;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::cli::GuiArgs;
use crate::event::Key;
use crate::failure::{Failure, reason};
use address::Address;
use link::Link;
use model::{Effect, Event, Model};
use settings::Settings;
use talk::Command;
use window::{Action, Fields, Window};

/// How long saying goodbye may keep the process, with the window gone already.
const GOODBYE: Duration = Duration::from_secs(1);

/// Opens the window and runs until it is closed.
///
/// # Errors
/// There is no display, or the system refuses what a window needs.
pub fn run(args: GuiArgs) -> Result<ExitCode, Failure> {
    display::check(std::env::var("DISPLAY").ok().as_deref())?;
    let path = settings::path();
    let (settings, trouble) = path.as_deref().map(settings::load).unwrap_or_default();
    let address = args.address.or_else(|| settings.recent.first().cloned());
    let fields = Fields {
        address: address.unwrap_or_else(|| Address::default().to_string()),
        name: args.name.clone().unwrap_or_default(),
        key: std::env::var("CHATROOM_KEY").unwrap_or_default(),
    };
    let model = Rc::new(RefCell::new(Model::new()));
    let told_to_end = on_signals()?;
    let mut window = Window::open(Rc::clone(&model), &fields);
    let link = Link::start(window::wake)
        .map_err(|e| Failure::new(format!("The network cannot be used: {}.", reason(&e))))?;
    let mut events = Vec::new();
    if args.name.is_some() {
        events.push(Event::LogIn {
            address: fields.address,
            name: fields.name,
            key: fields.key,
            persist: true,
        });
    }
    events.extend(trouble.map(Event::Note));
    'open: loop {
        while let Some(action) = window.next_action() {
            match action {
                Action::Quit => break 'open,
                action => events.push(event_of(action)),
            }
        }
        events.extend(link.take().into_iter().map(Event::Heard));
        let mut effects = Vec::new();
        for event in events.drain(..) {
            effects.extend(model.borrow_mut().update(event));
        }
        // Shown first: a field may have to be there before it can get the cursor.
        window.show();
        for effect in effects {
            match effect {
                Effect::LogIn(login) => link.send(Command::LogIn(login)),
                Effect::Say { key, text } => link.send(Command::Say { key, text }),
                Effect::ClearInput => window.clear_input(),
                Effect::Focus(field) => window.focus(field),
                Effect::Remember(address) => {
                    let change = |settings: &mut Settings| settings.remember(&address.to_string());
                    let saved = path.as_deref().map(|path| settings::update(path, change));
                    if let Some(Err(sentence)) = saved {
                        events.push(Event::Note(sentence));
                    }
                }
            }
        }
        if told_to_end.load(Ordering::SeqCst) || !window.wait() {
            break;
        }
    }
    window.hide();
    link.close(GOODBYE);
    Ok(ExitCode::SUCCESS)
}

fn event_of(action: Action) -> Event {
    match action {
        Action::LogIn { address, name, key } => Event::LogIn {
            address,
            name,
            key,
            persist: false,
        },
        Action::Say(text) => Event::Say {
            text,
            key: random_key(),
        },
        Action::Front(front) => Event::Front(front),
        Action::Dismiss | Action::Quit => Event::Dismiss,
    }
}

/// 16 random hex digits: no two messages of the world have the same.
fn random_key() -> Key {
    let mut bytes = [0; 8];
    if getrandom::fill(&mut bytes).is_err() {
        // No chance to be had: the clock and the process tell two messages apart as well.
        let now = crate::event::Stamp::now().micros() as u64;
        bytes = (now << 16 ^ u64::from(std::process::id())).to_be_bytes();
    }
    let digits = format!("{:016x}", u64::from_be_bytes(bytes));
    // infallible: hex digits are visible ASCII and 16 of them are no more than 64.
    Key::new(&digits).expect("hex digits are a key")
}

/// Has the loop end when the process is told to, so that the room sees us leave.
fn on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let told = Arc::new(AtomicBool::new(false));
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])
        .map_err(|e| Failure::new(format!("Signals cannot be heard: {}.", reason(&e))))?;
    let heard = Arc::clone(&told);
    let listen = move || {
        for _ in signals.forever() {
            heard.store(true, Ordering::SeqCst);
            window::wake();
        }
    };
    thread::Builder::new()
        .name("signals".to_string())
        .spawn(listen)
        .map_err(|e| Failure::new(format!("The system gives no thread: {}.", reason(&e))))?;
    Ok(told)
}
